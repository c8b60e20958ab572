"""Measures of quality and bounds of likelihood, of the rows that are recorded."""

import json
import shutil

import numpy as np
import pytest
from pydantic import ValidationError

from gan_repro import data, experiments, trials
from gan_repro.experiments import sample_quality, true_likelihood
from gan_repro.experiments.base import Context, ExperimentResult
from gan_repro.experiments.kept import KeptPart
from gan_repro.experiments.quality_record import (
    AS_PUBLISHED,
    BEST_BY_SEARCH,
    REAL,
    SETS,
    Collection,
    QualityPoint,
    kid_name,
    series_name,
)
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import NoModelError
from gan_repro.measures import measure_samples
from gan_repro.measures.kid import split_kid
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.spec import EvaluationSpec
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import derive_seed
from gan_repro.verdicts import published
from tests.factories.experiments import as_record

QUALITY = sample_quality.Settings(
    dataset="digits",
    rows=("train-set", "gan", "dbn", "gsn"),
    measures=("kid", "coverage"),
    burn_in=2,
    splits=5,
)
LIKELIHOOD = true_likelihood.Settings(
    dataset="digits", n_valid=3, n_test=4, n_simulated=2, smallest_sigma=0.1, distributions=6, chains=3,
    leapfrogs=2, pilot_distributions=4, dbn_chains=4, dbn_distributions=10, dbn_draws=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Trials of a baseline, a GAN from two seeds, a GSN and a DBN, with checkpoints."""
    folder = tmp_path_factory.mktemp("results")
    gan = {
        "epochs": 2,
        "generator_hidden": [{"units": 16}],
        "discriminator_hidden": [8],
        "noise_dimension": 10,
    }
    plan = [
        ("train-set", 1, {}),
        ("gan", 1, gan),
        ("gan", 2, gan),
        ("gsn", 1, {"epochs": 1, "layers": [16, 16], "chains": 10, "burn_in": 2}),
        ("dbn", 1, {"epochs": 2, "layers": [12, 8], "chains": 10, "burn_in": 2}),
        ("dbn", 2, {"epochs": 2, "layers": [12, 8], "chains": 10, "burn_in": 2}),
    ]
    for model, seed, settings in plan:
        spec = trials.make_spec(
            model,
            trials.source("digits"),
            seed=seed,
            settings=settings,
            evaluation=EvaluationSpec(n_samples=100, track_every=1),
        )
        record = trials.run(spec, RunOptions(results=folder, device="cpu", progress_position=None))
        assert record.status == "done"
    return folder


@pytest.fixture
def told(results, monkeypatch):
    """What the experiments say."""
    lines = []
    monkeypatch.setattr(Context, "log", lambda self, line: lines.append(line))
    return lines


def test_every_set_that_can_be_made_again_is_measured(results, told):
    found = sample_quality.run(QUALITY, Context(results))
    assert found.findings["other_bits"].value == 0
    assert len(found.trial_ids) == 6
    kid = [QualityPoint(*point) for point in found.series[series_name("kid", "pixels")]]
    measured = [(*SETS[int(point.set)][:2], point.seed) for point in kid[1:]]
    assert measured == [
        ("baseline", "train-set", 1),
        ("as published", "gan", 1),
        ("as published", "gan", 2),
        ("as published", "dbn", 1),
        ("as published", "dbn", 2),
        ("as published", "gsn", 1),
        ("best by search", "dbn", 1),
        ("best by search", "dbn", 2),
        ("best by search", "gsn", 1),
    ]
    for (way, row, seed), point in zip(measured, kid[1:], strict=True):
        finding = found.findings[kid_name(way, row, int(seed))]
        assert (finding.value, finding.standard_error) == (point.value, point.error)
    assert (kid[0].set, kid[0].value) == (-1, found.findings["kid/real"].value)
    assert found.findings["kid/baseline/train-set/seed1"].value < found.findings[kid_name(*measured[1])].value


def test_one_chain_as_published_stands_beside_the_scored_samples(results, told):
    found = sample_quality.run(QUALITY, Context(results)).findings
    assert found["kid/as published/dbn/seed1"] != found["kid/best by search/dbn/seed1"]
    record = next(r for r in RecordStore(results) if (r.spec.model, r.spec.seed) == ("dbn", 1))
    digits = data.load("digits")
    scored = sample_quality.samples_again(record, digits, Context(results))
    assert sha256_of_array(scored) == record.candidates["best"].samples_sha256
    expected = measure_samples(scored, digits, "kid").value("kid", "pixels")
    assert found["kid/best by search/dbn/seed1"].value == expected.value


def test_the_verdict_reads_what_is_recorded():
    assert (AS_PUBLISHED, BEST_BY_SEARCH) == published.WAYS
    named = {kid_name(*wanted[:2], 1) for wanted in SETS if wanted.way != "baseline"}
    assert named == {
        kid_name(way, row, 1) for way in published.WAYS for row in ("gan", *published.WITH_CHAINS)
    }
    assert dict(published.SEARCHED) == {
        wanted.row: wanted.trials_of for wanted in SETS if wanted.row != wanted.trials_of
    }


def test_the_margin_is_a_quantile_of_real_against_real(results, told):
    found = sample_quality.run(QUALITY, Context(results)).findings["margin"]
    random = np.random.default_rng(derive_seed(0, "sample-quality", "splits"))
    values = split_kid(data.load("digits").valid, 5, random)
    assert found.value == pytest.approx(np.quantile(values, 0.975))


def test_what_others_multiplied_is_kept_apart(results, monkeypatch):
    """The key of torch's own products is that of parts from before products stood in it."""
    settings, asked = QUALITY.model_copy(update={"rows": ("train-set",)}), []
    made = sample_quality.run(settings, Context(results))
    monkeypatch.setattr(
        Context, "kept", lambda self, name, part, key, *_: asked.append(json.loads(key)) or kept(self)
    )

    def kept(context):
        (path,) = (results / "checkpoints" / "sample-quality").glob("train-set-*.json")
        part = KeptPart.model_validate_json(path.read_text()).part
        return sample_quality.MeasuredSet.model_validate(part)

    for products in ("torch", "onednn"):
        assert sample_quality.run(settings, Context(results, products=products)) == made
    assert asked[1] == [*asked[0], "onednn"]
    assert len(asked[0]) == 6


def test_a_measurement_is_kept_and_a_damaged_one_made_again(results, told):
    first = sample_quality.run(QUALITY, Context(results))
    told.clear()
    assert sample_quality.run(QUALITY, Context(results)) == first
    assert told == []
    kept = sorted((results / "checkpoints" / "sample-quality").iterdir())
    kept[0].write_text("{")
    kept[1].write_text(json.dumps({"key": "another"}))
    assert sample_quality.run(QUALITY, Context(results)) == first
    assert len([line for line in told if "cannot be read" in line]) == 2


def test_trained_models_without_a_checkpoint_are_named(results, tmp_path, told):
    (tmp_path / "trials").mkdir()
    for path in (results / "trials").glob("*-digits-*.json"):
        (tmp_path / "trials" / path.name).write_bytes(path.read_bytes())
    outcome = sample_quality.run(QUALITY, Context(tmp_path))
    assert len(outcome.trial_ids) == 1
    # Of each trained model once, in however many ways it would have been sampled.
    assert len([line for line in told if line.startswith("left out: the trained model of")]) == 5
    with pytest.raises(NoModelError, match="the trained model of gan"):
        sample_quality.run(QUALITY.model_copy(update={"rows": ("gan",)}), Context(tmp_path))
    with pytest.raises(NoModelError, match="no finished trial of cae"):
        sample_quality.run(QUALITY.model_copy(update={"rows": ("cae",)}), Context(tmp_path))


def test_kid_cannot_be_left_out():
    with pytest.raises(ValidationError, match="KID is the measure of the rule"):
        sample_quality.Settings(measures=("coverage",))


def test_generators_and_belief_nets_get_bounds(results, told):
    outcome = true_likelihood.run(LIKELIHOOD, Context(results))
    found = outcome.findings
    assert {
        "lower_gan_1",
        "own_lower_gan_1",
        "own_upper_gan_1",
        "gap_gan_1",
        "train_minus_test_gan_1",
        "parzen_gan_1",
        "sigma_gan_1",
    } <= found.keys()
    assert {"log_z_dbn_1", "lower_dbn_1"} <= found.keys()
    assert not any(name.endswith("_2") for name in found)
    assert np.array(outcome.series["gan_1"]).shape == (4, 2)
    assert found["lower_gan_1"].value == pytest.approx(
        np.mean([row[0] for row in outcome.series["gan_1"]]), abs=1e-3
    )
    own = np.array(outcome.series["own gan_1"])
    assert found["gap_gan_1"].value == pytest.approx((own[:, 1] - own[:, 0]).mean(), abs=2e-3)
    assert found["sigma_gan_1"].value >= 0.1
    assert len(outcome.trial_ids) == 2
    # Its runs are on disk, and are not run again.
    told.clear()
    assert true_likelihood.run(LIKELIHOOD, Context(results)) == outcome


def test_without_a_trained_model_it_says_how_to_make_one(tmp_path):
    with pytest.raises(NoModelError, match=r"gan-repro table"):
        true_likelihood.run(LIKELIHOOD, Context(tmp_path))


def copied(results, to, *kept):
    """Another folder with the trials, and with the checkpoints of these models alone."""
    for part in ("trials", "checkpoints"):
        (to / part).mkdir()
        for path in (results / part).glob("*-digits-*.*"):
            if part == "trials" or path.name.startswith(kept):
                (to / part / path.name).write_bytes(path.read_bytes())
    return to


def measured(results, **changes):
    """The record that the command leaves."""
    return experiments.run("sample-quality", QUALITY.model_copy(update=changes), results=results)


def test_rows_are_added_to_the_record_as_checkpoints_arrive(results, tmp_path, told):
    whole = sample_quality.run(QUALITY, Context(results))
    one = copied(results, tmp_path, "gan")
    first = experiments.run(
        "sample-quality", QUALITY.model_copy(update={"rows": ("train-set", "gan")}), results=one
    )
    assert len(first.trial_ids) == 3
    for path in (one / "checkpoints").iterdir():  # that of the GAN is gone again, and its measures with it
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (results / "checkpoints").glob("dbn-*"):
        (one / "checkpoints" / path.name).write_bytes(path.read_bytes())
    path = one / "experiments" / "sample-quality.json"
    path.write_text(path.read_text().replace(first.provenance.started, "2026-01-01T00:00:00+00:00"))
    told.clear()
    second = measured(one, rows=("dbn",))
    assert "sample-quality: 3 of 7 sets were recorded already" in told
    assert not any("train-set" in line or "gan" in line for line in told)
    assert second.settings["rows"] == ["train-set", "gan", "dbn"]
    assert second.provenance.started == "2026-01-01T00:00:00+00:00", "what began first is when it began"
    without = [name for name in whole.findings if "/gsn/" not in name and name != "other_bits"]
    assert {name: second.findings[name] for name in without} == {n: whole.findings[n] for n in without}
    gsn = [number for number, wanted in enumerate(SETS) if wanted.row == "gsn"]
    assert second.series == {
        name: [point for point in points if point[0] not in gsn] for name, points in whole.series.items()
    }


def test_a_record_with_other_settings_or_trials_is_not_added_to(results, tmp_path, told):
    one = copied(results, tmp_path, "gan")
    kid = QUALITY.model_copy(update={"rows": ("train-set",)})
    experiments.run("sample-quality", kid, results=one)
    other = experiments.run(
        "sample-quality", kid.model_copy(update={"rows": ("gan",), "seed": 1}), results=one
    )
    assert "sample-quality: sample-quality.json was measured with other settings; it is replaced" in told
    assert [id.partition("-")[0] for id in other.trial_ids] == ["gan", "gan"]
    (path,) = (one / "trials").glob("gan-digits-seed2-*")
    path.unlink()
    (again,) = experiments.run("sample-quality", kid.model_copy(update={"seed": 1}), results=one).trial_ids[
        1:
    ]
    assert again.startswith("gan-digits-seed1"), "of a trial that is not recorded any more nothing stays"
    (one / "experiments" / "sample-quality.json").write_text("{")
    measured(one, rows=("train-set",))
    assert any("is not an experiment's record" in line and "it is replaced" in line for line in told)


def test_samples_with_other_bits_are_counted_over_several_runs(results, tmp_path, told, monkeypatch):
    one = copied(results, tmp_path, "gan")
    monkeypatch.setattr(sample_quality, "sha256_of_array", lambda array: "0" * 64)
    first = measured(one, rows=("gan",))
    assert first.findings["other_bits"].value == 2
    monkeypatch.undo()
    assert measured(one, rows=("train-set", "gan")).findings["other_bits"].value == 2


def test_a_set_of_another_trial_is_not_taken_over():
    kid = Finding(value=0.1, unit="KID", what="KID")
    findings = {kid_name(AS_PUBLISHED, "gan", 1): kid, REAL: kid}
    points = {series_name("kid", "pixels"): [[-1, -1, 0.0, -1], [3, 1, 0.1, -1]]}
    earlier = as_record("sample-quality", ExperimentResult(findings, points, ("of 100 epochs",)))
    found = Collection("pixels", earlier)
    assert SETS[3][:2] == (AS_PUBLISHED, "gan")
    assert not found.take_over(3, "of 2,000 epochs", 1)
    assert not found.take_over(3, "of 100 epochs", 2)
    assert found.take_over(3, "of 100 epochs", 1)
    assert (found.findings, found.series) == (findings, points)
