"""Presets cut, and say what they cut; what they do not cut stays as the references have it."""

import io
import sys
from itertools import count

import pytest

from gan_repro import models
from gan_repro.trials import rows
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.execution.plan import describe_plan
from gan_repro.trials.presets import PRESETS, SEEDS, Planned, get_preset, make_plan
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec
from gan_repro.trials.store import RecordStore

IMAGES = {name: DataSpec(name=name, sha256="0" * 64) for name in ("mnist", "fer2013", "cifar10")}


@pytest.mark.parametrize("dataset", IMAGES)
@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_runs_every_row_and_says_what_it_cuts(preset, dataset):
    for row in rows.names(dataset):
        if row in ("gan-early-stopping", "gan-no-early-stopping") and preset.name != "paper":
            continue  # the others stop by no rule
        cut = preset.cut(row, dataset)
        spec = preset.spec(row, IMAGES[dataset], 1)
        reference = rows.get_row(row).reference_settings(dataset)
        whole = models.model_class(spec.model).Config(**reference).model_dump(mode="json")
        changed = {key for key, value in spec.config.items() if whole.get(key) != value}
        assert changed <= set(cut.settings)
        config = models.model_class(spec.model).Config(**spec.config)
        assert not hasattr(config, "epochs") or config.last_part_begins() < config.epochs
        if changed or "n_samples" in cut.evaluation:
            assert cut.smaller, f"{preset.name} changes {row} without saying so"
        assert preset.row_of(spec) == row


def test_the_rows_of_the_papers_table_are_run_by_default():
    asked = {name: get_preset("quick").rows(name) for name in IMAGES}
    assert asked["mnist"] == ["dbn", "cae", "gsn", "gan", "train-set", "kmeans", "gaussian"]
    assert asked["fer2013"] == asked["mnist"]
    assert asked["cifar10"] == ["gan", "gan-convolutional", "train-set", "kmeans", "gaussian"]


def test_nets_for_faces_and_colour_are_the_references():
    dbn = get_preset("paper").spec("dbn", IMAGES["fer2013"], 1).config
    assert (dbn["layers"], dbn["visible"], dbn["epochs"]) == ([512, 1024], "gaussian", 40)
    gan = get_preset("paper").spec("gan", IMAGES["fer2013"], 1).config
    assert [layer["units"] for layer in gan["generator_hidden"] + gan["front"]] == [8000, 8000, 8000, 100]
    assert (gan["front_epoch"], gan["epochs"], gan["max_column_norm"]) == (50, 72, 1.9365)
    colour = get_preset("paper").spec("gan", IMAGES["cifar10"], 1).config
    assert (colour["discriminator_hidden"], colour["learning_rate"]) == ([1600, 1600], 0.025)
    one_layer = get_preset("paper").spec("dbn-1", IMAGES["mnist"], 1).config
    assert (one_layer["layers"], one_layer["epochs"]) == ([1024], 20)


def test_a_trial_is_called_by_its_row_its_images_and_its_seed():
    on = get_preset("paper").spec("gan-no-early-stopping", IMAGES["mnist"], 2)
    assert on.title("gan-no-early-stopping") == "gan-no-early-stopping mnist seed 2"
    assert on.title() == "gan mnist seed 2"
    fold = DataSpec(name="orl", sha256="0" * 64, fold=3)
    assert get_preset("quick").spec("dbn", fold, 1).title() == "dbn orl fold 3 seed 1"


def test_a_row_without_a_place_in_a_table_is_refused():
    with pytest.raises(ValueError, match="row dbn has no place in the table of cifar10"):
        get_preset("quick").cut("dbn", "cifar10")
    with pytest.raises(ValueError, match="did you mean gan"):
        get_preset("quick").cut("gam", "mnist")


def test_on_faces_sigma_is_chosen_on_all_of_a_folds_images():
    assert get_preset("paper").spec("gan", IMAGES["fer2013"], 1).evaluation.protocol == "authors-folds"
    assert get_preset("paper").spec("gan", IMAGES["mnist"], 1).evaluation.protocol == "authors"


def test_the_paper_preset_cuts_nothing_that_a_reference_says():
    cuts = get_preset("paper").cuts
    shorter = {name for name, cut in cuts.items() if cut.smaller or cut.settings}
    assert shorter == {"gan/colour"}
    assert set(cuts["gan/colour"].settings) == {"epochs"}
    assert cuts["gan/colour"].smaller == ("20 epochs; the reference has no termination",)


def test_the_adversarial_net_trains_for_a_fixed_length(digits_spec):
    spec = get_preset("paper").spec("gan", digits_spec, 1)
    assert spec.evaluation.patience is None
    assert spec.evaluation.scored == "last"
    assert spec.config["epochs"] == 2000


def test_seeds_are_fixed_and_taken_from_the_left():
    assert len(set(SEEDS)) == len(SEEDS) >= 5
    assert get_preset("paper").seeds == SEEDS[:5]
    assert get_preset("standard").seeds == SEEDS[:3]


def test_a_row_that_a_preset_lacks_is_refused_with_a_hint():
    with pytest.raises(ValueError, match=r"gan-no-early-stopping on mnist; presets that do: paper$"):
        make_plan(get_preset("quick"), [IMAGES["mnist"]], ["gan-no-early-stopping"])


def test_without_early_stopping_the_same_training_goes_on():
    paper = get_preset("paper")
    rows = ("gan-early-stopping", "gan-no-early-stopping", "gan")
    stopped, on, fixed = (paper.spec(row, IMAGES["mnist"], 1) for row in rows)
    assert fixed.config == on.config
    assert (fixed.evaluation.scored, fixed.evaluation.looks, fixed.evaluation.patience) == ("last", 10, None)
    assert on.config == stopped.config
    assert on.evaluation == stopped.evaluation.model_copy(update={"patience": None})


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(ValueError, match="smoke, quick, standard, paper"):
        get_preset("huge")


def test_a_plan_is_every_combination_and_shows_what_is_done(digits_spec, tmp_path):
    preset = get_preset("smoke")
    plan = make_plan(preset, [digits_spec], ["gaussian", "train-set"], n_seeds=2)
    assert [(p.spec.model, p.spec.seed) for p in plan] == [
        ("gaussian", 1), ("train-set", 1), ("gaussian", 2), ("train-set", 2),
    ]  # fmt: skip
    run(plan[1].spec, RunOptions(results=tmp_path, preset="smoke"))
    text = describe_plan(plan, RecordStore(tmp_path), workers=2, fresh=False)
    states = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in text.splitlines()[2:6]}
    assert states[plan[1].spec.id] == "done"
    assert states[plan[0].spec.id] == "to be run"
    fresh = describe_plan(plan, RecordStore(tmp_path), workers=2, fresh=True)
    assert " done " not in fresh
    assert "minutes on 2 workers" in fresh
    assert "minutes on" not in describe_plan(plan, RecordStore(tmp_path), workers=None, fresh=True)


def test_a_row_that_is_named_twice_is_planned_once(digits_spec):
    plan = make_plan(get_preset("smoke"), [digits_spec], ["gan", "gaussian", "gan"], 1)
    assert [planned.row for planned in plan] == ["gan", "gaussian"]


def test_the_order_of_a_plan_does_not_change_its_trials(digits_spec):
    preset = get_preset("smoke")
    forward = make_plan(preset, [digits_spec], ["gaussian", "gan"], 3)
    backward = make_plan(preset, [digits_spec], ["gan", "gaussian"], 3)
    assert {p.spec.id for p in forward} == {p.spec.id for p in backward}


def test_a_plan_says_how_far_a_begun_trial_is(tiny_spec, tmp_path):
    plan = [Planned(tiny_spec(), "smoke", (), 40, "gan")]
    asked = count(1)
    # Ten updates an epoch: stopped in the third of four.
    quiet = RunOptions(results=tmp_path, progress_position=None, stop_requested=lambda: next(asked) > 24)
    assert run(plan[0].spec, quiet).status == "interrupted"

    def plain(fresh=False):
        return " ".join(describe_plan(plan, RecordStore(tmp_path), workers=1, fresh=fresh).split())

    assert "| goes on after epoch 2 | 20 |" in plain()
    assert "| to be run | 40 |" in plain(fresh=True)
    checkpoint_path(tmp_path, plan[0].spec).write_bytes(b"half")
    assert "| to be run | 40 |" in plain()


def test_the_progress_bar_names_the_row(digits_spec, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    (planned,) = make_plan(get_preset("smoke"), [digits_spec], ["gan-searched"], 1)
    run(planned.spec, RunOptions(results=tmp_path, preset="smoke", row=planned.row))
    assert "gan-searched digits seed 1" in terminal.getvalue()


class Terminal(io.StringIO):
    """Where stderr is none, no bar is shown."""

    def isatty(self):
        return True
