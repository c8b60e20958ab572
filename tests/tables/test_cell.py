"""A cell keeps its seeds apart, and no mean runs over collapsed and other nets together."""

import pytest

from gan_repro.experiments.record import Finding
from gan_repro.tables.cell import cell_text
from gan_repro.tables.collapse import has_collapsed
from gan_repro.tables.collect import cell_from, recorded_table
from gan_repro.tables.sampling import Sampling
from gan_repro.tables.words import notes
from gan_repro.trials.records import CurvePoint
from gan_repro.verdicts.collapse import Floor, floors
from tests.factories.records import experiment, trial, trials

FLOOR = Floor(test=-150.0, valid=-148.0)


def curve(record, *values, status="done"):
    points = tuple(
        CurvePoint(epoch=epoch, losses={}, learning_rate=0.1, valid_mean=value)
        for epoch, value in enumerate(values, start=1)
    )
    changes = {"learning_curve": points, "status": status}
    if status != "done":
        changes |= {"reason": "stopped", "candidates": {}}
    return record.model_copy(update=changes)


def test_several_seeds_have_an_error_over_seeds():
    cell = cell_from(trials("gan", [158.0, 160.0, 165.0], error=2.0))
    assert cell.score.value == pytest.approx(161)
    # Sample variance (9 + 1 + 16) / 2 = 13, over 3 seeds.
    assert cell.score.standard_error == pytest.approx((13 / 3) ** 0.5)
    assert (cell.score.over, cell.score.n) == ("training seeds", 3)
    assert cell.error_of_one == 2.0, "more seeds do not shrink it"
    assert cell.refined.value == pytest.approx(166)


def test_one_seed_keeps_its_own_error():
    score = cell_from([trial("gan", 1, 160.0, error=2.0)]).score
    assert (score.standard_error, score.over, score.n) == (2.0, "test examples", 10_000)


def test_failed_seeds_are_left_out_of_the_mean_and_named():
    failed = trial("gan", 2, 0.0).model_copy(
        update={"status": "diverged", "reason": "NaN in epoch 3", "candidates": {}}
    )
    cell = cell_from([trial("gan", 1, 160.0), failed])
    assert cell.score.value == 160
    assert [seed.seed for seed in cell.failed] == [2]
    assert cell.problem == "seed 2 diverged: NaN in epoch 3"


def test_collapsed_seeds_are_counted_and_enter_no_mean():
    low, *others = trials("gan", [-300.0, 163.0, 165.0])
    cell = cell_from([low, *others], floor=FLOOR)
    assert cell.score.value == 164
    assert [(seed.seed, seed.collapsed_is) for seed in cell.collapsed] == [(1, "derived")]
    assert len(cell.done) == 3


def test_an_unfinished_collapse_is_counted_too():
    begun = curve(trial("gan", 2, 0.0), *[-400.0] * 12, status="interrupted")
    cell = cell_from([trial("gan", 1, 163.0), begun], floor=FLOOR)
    assert [seed.seed for seed in cell.collapsed] == [2]
    assert cell.score.value == 163


@pytest.mark.parametrize(
    ("value", "floor", "told"), [(-151.0, FLOOR, True), (-149.0, FLOOR, False), (-151.0, None, None)]
)
def test_without_a_recorded_spread_the_score_tells(value, floor, told):
    assert has_collapsed(trial("gan", 1, value), floor)[0] is told


def test_a_recorded_spread_goes_before_the_score():
    made = trial("gan", 1, -151.0)
    candidates = {
        name: candidate.model_copy(update={"spread": 0.9}) for name, candidate in made.candidates.items()
    }
    assert has_collapsed(made.model_copy(update={"candidates": candidates}), FLOOR) == (False, "recorded")


@pytest.mark.parametrize(
    ("row", "epochs", "last", "told"),
    [
        ("gan", 10, -149.0, True),
        ("gan", 10, -147.0, False),
        ("gan", 9, -149.0, None),
        ("dbn", 10, -149.0, None),
    ],
)
def test_an_unfinished_net_is_told_by_its_latest_look(row, epochs, last, told):
    begun = curve(trial(row, 1, 0.0), *[0.0] * (epochs - 1), last, status="interrupted")
    assert has_collapsed(begun, FLOOR)[0] is told


def test_the_floor_is_the_lowest_gaussian_per_pixel():
    found = floors([*trials("gaussian", [-150.0, -152.0]), trial("kmeans", 1, 300.0)])
    assert found["mnist"].test == -152


def test_a_training_on_its_way_says_how_far_it_has_come():
    begun = curve(trial("gan", 1, 0.0), 90.4, 85.0, status="interrupted")
    cell = cell_from([begun])
    assert (cell.progress.epoch, cell.progress.valid_mean) == (2, 90.4)
    assert cell.problem == "seed 1 interrupted after epoch 2, validation so far 90"
    further = curve(trial("gan", 2, 0.0), *[80.0] * 30, status="interrupted")
    assert cell_from([begun, further]).progress.epoch == 30


def test_a_trial_that_was_moved_to_another_device_names_both():
    moved = trial("gan", 2, 160.0)
    card = moved.provenance.origins[-1].model_copy(update={"environment": {"device": "some card"}})
    moved = moved.model_copy(update={"provenance": moved.provenance.model_copy(update={"earlier": (card,)})})
    assert cell_from([trial("gan", 1, 160.0), moved]).devices == ("cpu", "some card")


def test_older_words_are_shown_in_todays():
    smaller = trial("gan", 1, 160.0).provenance.smaller
    assert any("stops rising" in cut for cut in smaller), "the record says so and stays as it is"
    cell = cell_from([trial("gan", 1, 160.0)])
    assert not any("stops rising" in cut for cut in cell.smaller)
    assert any("mnist.yaml names no end" in cut for cut in cell.smaller)


def test_seeds_that_are_yet_to_come_are_counted():
    assert cell_from(trials("dbn", [240.0, 250.0]), preset="paper").planned == 5


def test_means_over_trials_run_over_each_cost():
    cost = cell_from(trials("dbn", [240.0, 250.0])).sampling
    assert isinstance(cost, Sampling)
    assert cost.autocorrelation_time == 100
    assert cost.at_least


def test_a_recipe_whose_short_trainings_collapse_has_a_mark():
    share = Finding(value=0.5, interval=(0.1, 0.9), unit="share", over="training seeds", n=2, what="made up")
    record = experiment("collapse-rates").model_copy(
        update={
            "settings": {"epochs": 10, "dataset": "mnist"},
            "findings": {"gan": share, "gan-searched": share},
            # One of the released recipe collapsed; of the other, none: a spread of exactly half is none.
            "series": {"gan": [[1, 0.9], [2, 0.49]], "gan-searched": [[1, 0.5], [2, 0.9]]},
        }
    )
    records = [*trials("gan", [160.0, 162.0]), *trials("gan-searched", [170.0, 172.0])]
    table = recorded_table(records, "mnist", {"collapse-rates": record})
    published, best = (column.cells["gan"] for column in table.columns[:2])
    assert cell_text(published).endswith("§")
    assert "§" not in cell_text(best)
    (note,) = [note for note in notes(table) if note.startswith("§")]
    assert "Adversarial nets 1 of 2 (95 % interval 10% to 90%)" in note
    assert "rate searched 0 of 2" in note

    other = record.model_copy(update={"settings": {"epochs": 10, "dataset": "cifar10"}})
    told = recorded_table(records, "mnist", {"collapse-rates": other})
    assert not [note for note in notes(told) if note.startswith("§")]
    assert "§" not in cell_text(told.columns[0].cells["gan"])
