"""Published weights give the recorded samples, and what was exchanged or edited is found."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from gan_repro import trials
from gan_repro.audit import actions
from gan_repro.audit.__main__ import main
from gan_repro.audit.replay import DENSITY_TOLERANCE
from gan_repro.audit.rescore import TOLERANCE, rescore
from gan_repro.audit.weights import export_weights
from gan_repro.experiments.base import Context
from gan_repro.experiments.results import load_results
from gan_repro.experiments.trained import NoModelError, load
from gan_repro.experiments.weights import (
    WeightsError,
    published_weights,
    read_sidecar,
    sidecar_path,
    weights_path,
)
from gan_repro.trials.spec import EvaluationSpec
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import sha256_of_array
from tests.factories.records import trial

SETTINGS = {
    "gan": {
        "epochs": 3,
        "generator_hidden": [{"units": 16}],
        "discriminator_hidden": [8],
        "noise_dimension": 10,
    },
    "gsn": {"epochs": 1, "layers": [16, 16], "chains": 10, "burn_in": 2},
    "dbn": {"epochs": 2, "layers": [16, 16], "chains": 10, "burn_in": 2},
    "cae": {"epochs": 2, "layers": [16, 16], "chains": 10, "burn_in": 2},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished tiny trial of each model, with its checkpoint; the GAN's last generator is scored."""
    folder = tmp_path_factory.mktemp("runs")
    source = trials.source("digits")
    for model, settings in SETTINGS.items():
        evaluation = EvaluationSpec(n_samples=100, track_every=1, scored="last" if model == "gan" else "best")
        spec = trials.make_spec(model, source, seed=1, settings=settings, evaluation=evaluation)
        options = trials.RunOptions(results=folder, device="cpu", progress_position=None)
        assert trials.run(spec, options).status == "done"
    return folder


def record_of(runs, model):
    return next(r for r in load_results(runs).trials if r.spec.model == model)


@pytest.fixture
def published(runs, tmp_path):
    """A results folder with the GAN's record and weights."""
    record = record_of(runs, "gan")
    RecordStore(tmp_path).write(record)
    export_weights(record, Context(runs), tmp_path)
    return record, tmp_path


@pytest.mark.parametrize("model", SETTINGS)
def test_weights_give_the_recorded_samples_to_the_bit(runs, tmp_path, model):
    record = record_of(runs, model)
    sidecar = export_weights(record, Context(runs), tmp_path)
    assert (sidecar.trial, sidecar.epoch) == (record.spec.id, record.scored.epoch)
    assert sidecar.sample_spread == pytest.approx(record.scored.spread)
    found = rescore(record, tmp_path)
    assert (found.same_bits, found.difference, found.problems) == (True, 0.0, ())
    tensors = load_file(weights_path(tmp_path, record.spec.id)).values()
    assert {str(tensor.dtype) for tensor in tensors if tensor.dtype.is_floating_point} == {"torch.float32"}


def test_edited_weights_are_found_by_hash_and_by_samples(published):
    record, results = published
    path = weights_path(results, record.spec.id)
    tensors = load_file(path)
    tensors["g_out/bias"] += 1.0
    save_file(tensors, path)
    with pytest.raises(WeightsError, match="is not the file that"):
        rescore(record, results)
    sidecar = json.loads(sidecar_path(results, record.spec.id).read_text())
    from gan_repro.util.files import sha256_of_file

    sidecar["weights_sha256"] = sha256_of_file(path)
    sidecar_path(results, record.spec.id).write_text(json.dumps(sidecar))
    problems = "; ".join(p.what for p in rescore(record, results).problems)
    assert "other samples than were scored, on the same machine" in problems


def test_the_same_samples_must_have_the_recorded_score(published):
    record, results = published

    def recorded_as(**changes):
        scores = {name: score.model_copy(update=changes) for name, score in record.scored.scores.items()}
        candidates = {
            name: candidate.model_copy(update={"scores": scores})
            for name, candidate in record.candidates.items()
        }
        return rescore(record.model_copy(update={"candidates": candidates}), results)

    def moved(nats):
        estimate = record.score.log_likelihood
        return recorded_as(
            log_likelihood=estimate.model_copy(update={"value": estimate.value + nats})
        ).problems

    assert moved(0.9 * DENSITY_TOLERANCE) == ()
    (problem,) = moved(1.1 * DENSITY_TOLERANCE)
    assert problem.what == "the same samples score -0.0011 nats off the record"
    assert recorded_as(sigma=record.score.sigma + 0.01).problems != ()


def test_on_another_machine_the_score_is_compared(published, monkeypatch):
    record, results = published
    environment = {**record.provenance.environment, "torch": "9.9.9"}
    elsewhere = record.model_copy(
        update={"provenance": record.provenance.model_copy(update={"environment": environment})}
    )
    path = weights_path(results, record.spec.id)
    found = rescore(elsewhere, results)
    assert found.same_bits
    assert found.tolerance == TOLERANCE["independent"]
    # Rounding on another machine: other bits, nearly the same score.
    tensors = load_file(path)
    tensors["g_out/bias"] += 1e-6
    resave(tensors, results, record)
    near = rescore(elsewhere, results)
    assert (near.same_bits, near.problems) == (False, ())
    assert "other bits on another machine" in str(near)
    tensors["g_out/bias"] += 1.0
    resave(tensors, results, record)
    (problem,) = rescore(elsewhere, results).problems
    assert "0.5 are allowed on another machine" in problem.what


def resave(tensors, results, record):
    from gan_repro.util.files import sha256_of_file

    path = weights_path(results, record.spec.id)
    save_file(tensors, path)
    sidecar = read_sidecar(results, record.spec.id).model_copy(
        update={"weights_sha256": sha256_of_file(path)}
    )
    sidecar_path(results, record.spec.id).write_text(json.dumps(sidecar.model_dump()))


def test_what_is_missing_or_of_another_trial_is_said(published, tmp_path):
    record, results = published
    other = record.model_copy(update={"spec": record.spec.model_copy(update={"seed": 2})})
    with pytest.raises(WeightsError, match="cannot be read: No such file"):
        rescore(other, results)
    sidecar_path(results, other.spec.id).write_text(sidecar_path(results, record.spec.id).read_text())
    with pytest.raises(WeightsError, match="describes the weights of"):
        rescore(other, results)
    sidecar_path(results, record.spec.id).write_text("{}")
    with pytest.raises(WeightsError, match="does not describe weights"):
        rescore(record, results)


def test_only_what_gives_the_recorded_samples_is_exported(runs, tmp_path):
    record = record_of(runs, "gan")
    candidates = {
        name: candidate.model_copy(update={"samples_sha256": "0" * 64})
        for name, candidate in record.candidates.items()
    }
    with pytest.raises(WeightsError, match="gives other samples here than were scored"):
        export_weights(record.model_copy(update={"candidates": candidates}), Context(runs), tmp_path)
    assert published_weights(tmp_path) == []
    with pytest.raises(NoModelError):
        export_weights(record, Context(tmp_path), tmp_path)


def test_a_baseline_has_no_weights_to_export(tmp_path):
    with pytest.raises(WeightsError, match="trains no parameters; replay it instead"):
        export_weights(trial("kmeans", 1, 335.0), Context(tmp_path), tmp_path)


@pytest.mark.parametrize("other", [["--replay", "2"], ["--seal"], ["--controls"]])
def test_what_would_be_left_undone_is_refused(runs, other, capsys):
    assert main(["--results", str(runs), "--rescore", "gan-digits-seed1-000000000000", *other]) == 2
    told = capsys.readouterr().err
    assert {"--rescore", other[0]} <= set(told.split())
    assert "one at a time" in told


def test_the_command_exports_and_rescores(runs, tmp_path, capsys):
    id = record_of(runs, "gan").spec.id
    assert main(["--results", str(runs), "--export", id, "--to", str(tmp_path)]) == 0
    assert "epoch 3" in capsys.readouterr().out
    RecordStore(tmp_path).write(record_of(runs, "gan"))
    assert main(["--results", str(tmp_path), "--rescore", id]) == 0
    assert f"{id}: the same samples, and +0 nats" in capsys.readouterr().out
    assert main(["--results", str(tmp_path), "--rescore", "gan-mnist-seed9-000000000000"]) == 2
    assert f"trials with published weights: {id}" in capsys.readouterr().err
    sidecar = read_sidecar(tmp_path, id)
    assert sidecar.weights_bytes == weights_path(tmp_path, id).stat().st_size
    assert 0 < sidecar.sample_spread < 2
    assert np.isfinite(sidecar.sample_spread)


@pytest.mark.parametrize("model", list(SETTINGS))
def test_experiments_take_published_weights_for_a_checkpoint(runs, tmp_path, model):
    record = record_of(runs, model)
    RecordStore(tmp_path).write(record)
    export_weights(record, Context(runs), tmp_path)
    trained = load(record, Context(tmp_path))
    assert sha256_of_array(trained.samples()) == record.scored.samples_sha256
    assert np.array_equal(load(record, Context(runs)).samples(), trained.samples())
    with pytest.raises(NoModelError, match="is not in"):
        load(record, Context(tmp_path), last=True)
    weights_path(tmp_path, record.spec.id).write_bytes(b"damaged")
    with pytest.raises(NoModelError, match="is not the file"):
        load(record, Context(tmp_path))


def test_a_waiting_trial_is_found_with_its_weights(tmp_path, monkeypatch):
    waiting = tmp_path / "waiting"
    id = RecordStore(waiting).write(trial("gan", 3, 150.0)).stem
    asked = []

    def rescored(record, folder, **options):
        asked.append((record.spec.id, folder))
        return SimpleNamespace(problems=[])

    monkeypatch.setattr(actions, "rescore", rescored)
    assert actions.rescore_one(id, tmp_path, None, "cpu") == 0
    assert asked == [(id, waiting)]


def test_a_trial_of_a_card_says_so_where_there_is_none(tmp_path, monkeypatch):
    one = trial("gan", 3, 150.0)
    environment = one.provenance.environment | {"device": "NVIDIA H200", "cuda": "13.0"}
    there = one.model_copy(
        update={"provenance": one.provenance.model_copy(update={"environment": environment})}
    )
    id = RecordStore(tmp_path).write(there).stem
    devices = []

    def rescored(record, folder, **options):
        devices.append(options["device"])
        return SimpleNamespace(problems=[])

    monkeypatch.setattr(actions, "rescore", rescored)
    monkeypatch.setattr(actions, "cards", lambda: 0)
    with pytest.raises(ValueError, match=r"scored on a card, and none is here; --device cpu compares"):
        actions.rescore_one(id, tmp_path, None, None)
    assert actions.rescore_one(id, tmp_path, None, "cpu") == 0
    assert devices == ["cpu"]
