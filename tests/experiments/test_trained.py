"""Experiments take the trained nets of the row that they ask for, and say how to train what is missing."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from gan_repro import experiments
from gan_repro.audit.integrity import check_records
from gan_repro.audit.weights import export_weights
from gan_repro.experiments import (
    chain_habits,
    chains,
    independence,
    interpolation,
    memorisation,
    sample_count,
    sample_quality,
    sensitivity,
    surface,
    trained,
    true_likelihood,
    weights,
)
from gan_repro.experiments.base import Context
from gan_repro.experiments.recorded import recorded
from gan_repro.experiments.trained import NoModelError, load, load_all
from gan_repro.trials.images import load_images
from gan_repro.trials.store import RecordStore
from gan_repro.util import folders
from gan_repro.util.folders import SEAL
from tests.factories.records import trial

RELEASED, SEARCHED = trial("gan", 1, 156.0), trial("gan-searched", 1, 166.0)


def test_a_variant_does_not_stand_in_for_the_row_of_its_model():
    assert recorded([SEARCHED, RELEASED], "gan", "mnist") == [RELEASED]
    assert recorded([SEARCHED, RELEASED], "gan-searched", "mnist") == [SEARCHED]


def test_a_trial_of_two_presets_stands_under_the_completest():
    standard, paper = trial("dbn", 1, 240.0), trial("dbn", 4, 250.0, preset="paper")
    assert recorded([paper, standard], "dbn", "mnist") == [standard, paper]


def test_the_completest_preset_that_can_be_judged_is_taken():
    cut = [trial("gan", seed, 156.0 + seed) for seed in (1, 2, 3)]
    full = [trial("gan", seed, 220.0 + seed, preset="paper") for seed in (1, 2, 3)]
    assert recorded(cut + full, "gan", "mnist") == full
    assert recorded(cut + full[:2], "gan", "mnist") == cut
    assert recorded(cut[:1] + full[:2], "gan", "mnist") == full[:2]
    assert recorded(cut[:1] + full[:1], "gan", "mnist") == full[:1]


def test_a_trial_of_no_preset_stands_in_the_row_of_its_model():
    provenance = SEARCHED.provenance.model_copy(update={"preset": None})
    own = SEARCHED.model_copy(update={"provenance": provenance})
    assert recorded([own], "gan", "mnist") == [own]


@pytest.mark.parametrize(("record", "row"), [(RELEASED, "gan"), (SEARCHED, "gan-searched")])
def test_a_missing_net_names_the_command_for_its_row(record, row, tmp_path):
    with pytest.raises(NoModelError, match=f"--rows {row} --seed 1 --fresh --runs {tmp_path}"):
        load(record, Context(tmp_path))


def test_the_remedy_leads_to_a_folder_that_may_be_written(tmp_path):
    (tmp_path / SEAL).write_text("")
    with pytest.raises(NoModelError, match="--runs runs, then look there with --runs runs"):
        load(RELEASED, Context(tmp_path))


def test_a_row_recorded_nowhere_names_every_folder_sought(tmp_path):
    own, published = tmp_path / "own", tmp_path / "published"
    with pytest.raises(NoModelError, match=f"is recorded in {own} or {published}; make it with"):
        load_all(Context(own, published=published), "gan", "mnist")


@pytest.fixture(scope="module")
def clone(small_results, tmp_path_factory):
    """A published record with the adversarial net's trial and weights, without any checkpoint."""
    folder = tmp_path_factory.mktemp("published")
    (record,) = recorded(list(RecordStore(small_results)), "gan", "digits")
    RecordStore(folder).write(record)
    export_weights(record, Context(small_results), folder)
    return folder


TINY = {
    "memorisation": memorisation.Settings(dataset="digits", n=30),
    "interpolation": interpolation.Settings(dataset="digits", pairs=3, parts=4, n_neighbour_pairs=2),
    "independence": independence.Settings(dataset="digits", n=100),
    "sample-count": sample_count.Settings(dataset="digits", counts=(10, 100), n_valid=5, n_test=5),
    "sample-quality": sample_quality.Settings(dataset="digits", rows=("gan",), measures=("kid",), splits=2),
    "true-likelihood": true_likelihood.Settings(
        rows=("gan",), dataset="digits", n_valid=2, n_test=2, n_simulated=2, distributions=3, chains=2,
        leapfrogs=1, pilot_distributions=2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TINY)
def test_published_weights_do_where_no_net_is_trained(name, clone, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "published_folder", lambda: clone)
    own = tmp_path / "runs"
    record = experiments.run(name, TINY[name], results=own)
    assert [id.rpartition("-")[0] for id in record.trial_ids] == ["gan-digits-seed1"]
    assert (own / "experiments" / f"{name}.json").exists()
    assert not check_records(own, published=False).problems
    assert sorted(path.name for path in clone.iterdir()) == ["trials", "weights"], "it is left as it was"


def test_the_weights_that_are_loaded_are_those_that_were_checked(clone, monkeypatch):
    """The file is sound, but what was read of it, before it was replaced, is not."""
    (record,) = RecordStore(clone)
    images = load_images("digits", None, None)[0]
    assert weights.load_weights(record, clone, images)
    read = weights.read_regular

    def another(path, limit):
        content = bytearray(read(path, limit))
        if path.suffix == ".safetensors":
            content[-1] ^= 1
        return bytes(content)

    monkeypatch.setattr(weights, "read_regular", another)
    with pytest.raises(weights.WeightsError, match="is not the file that"):
        weights.load_weights(record, clone, images)


def test_weights_of_a_row_without_training_are_refused(clone, tmp_path):
    (record,) = RecordStore(clone)
    other = record.model_copy(update={"spec": record.spec.model_copy(update={"model": "train-set"})})
    new = weights.weights_path(tmp_path, other.spec.id)
    new.parent.mkdir()
    new.write_bytes(weights.weights_path(clone, record.spec.id).read_bytes())
    said = weights.sidecar_path(clone, record.spec.id).read_text()
    new.with_suffix(".json").write_text(said.replace(record.spec.id, other.spec.id))
    with pytest.raises(weights.WeightsError, match="trains no parameters"):
        weights.load_weights(other, tmp_path, load_images("digits", None, None)[0])


def test_published_weights_have_a_surface(clone, tmp_path):
    context = Context(tmp_path, published=clone)
    assert surface.of_recorded((1,), 2, context, dataset="digits")["jacobian_rank_digits"].value > 0


def test_ones_own_nets_come_before_published_ones(context, clone):
    both = replace(context, published=clone)
    assert both.folders == (context.results, clone)
    assert len(load_all(both, "gsn", "digits")) == 1
    (own,), (theirs,) = (
        load_all(context, "gan", "digits") for context in (both, replace(both, results=clone / "none"))
    )
    assert (own.model.epoch, theirs.model.epoch) == (2, 0), "a checkpoint is trained, weights are put in"
    assert np.array_equal(own.samples(), theirs.samples())


def test_to_train_on_takes_more_than_weights(clone, tmp_path):
    with pytest.raises(NoModelError) as caught:
        load_all(Context(tmp_path, published=clone), "gan", "digits", last=True)
    said = str(caught.value)
    assert "holds what samples are drawn from, and no more; to train on takes a checkpoint" in said
    assert "gan-repro table --preset" in said
    assert "\n" not in said


MANY_ROWS = {
    "chains": chains.Settings(
        models=("gsn", "dbn"), dataset="digits", chains=(1,), burn_in=(1,), n_samples=20, long_chains=5,
        published_burn_in=1,
    ),
    "chain-habits": chain_habits.Settings(models=("gsn", "dbn"), dataset="digits", n_test=50, long_chains=10),
    "sensitivity": sensitivity.Settings(models=("gsn", "dbn"), dataset="digits", draws=2, n_test=50),
}  # fmt: skip


@pytest.mark.parametrize("name", MANY_ROWS)
def test_a_row_without_a_net_does_not_end_the_others(name, context, capsys):
    settings, module = MANY_ROWS[name], experiments.module(name)
    result = module.run(settings, context)
    assert [id.partition("-")[0] for id in result.trial_ids] == ["gsn"]
    assert any("/gsn" in finding for finding in result.findings)
    assert "left out: no finished trial of dbn on digits" in capsys.readouterr().err
    with pytest.raises(NoModelError, match="no finished trial of dbn"):
        module.run(settings.model_copy(update={"models": ("dbn", "cae")}), context)
    with pytest.raises(ValidationError, match="models"):
        module.Settings(models=())


def test_only_as_many_nets_are_loaded_as_are_asked_for(context, monkeypatch):
    (record,) = recorded(list(RecordStore(context.results)), "gan", "digits")
    loaded = []
    monkeypatch.setattr(trained, "recorded_first", lambda *_: [record] * 3)
    monkeypatch.setattr(trained, "load", lambda *given, **_: loaded.append(given) or given)
    assert len(load_all(context, "gan", "digits", most=1)) == len(loaded) == 1
    assert len(load_all(context, "gan", "digits")) == 3


def test_a_net_that_collapsed_is_named_and_left_out(context, monkeypatch, capsys):
    (collapsed,) = recorded(list(RecordStore(context.results)), "gan", "digits")
    assert collapsed.collapsed, "so small a net does not come out of it"
    apart = {name: one.model_copy(update={"spread": 0.9}) for name, one in collapsed.candidates.items()}
    sound = collapsed.model_copy(update={"candidates": apart})
    monkeypatch.setattr(trained, "recorded_first", lambda *_: [collapsed, sound])
    assert [net.record for net in load_all(context, "gan", "digits")] == [sound]
    assert f"left out: {collapsed.spec.id} has collapsed" in capsys.readouterr().err
    monkeypatch.setattr(trained, "recorded_first", lambda *_: [collapsed])
    assert len(load_all(context, "gan", "digits")) == 1


def test_seeds_that_were_not_asked_for_are_left_out(context):
    assert len(load_all(context, "gan", "digits", seeds=(1, 2))) == 1
    with pytest.raises(NoModelError, match="no finished trial"):
        load_all(context, "gan", "digits", seeds=(2,))
