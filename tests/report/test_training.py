"""The section on how far 225 is says what the learning curves say."""

import pytest

from gan_repro.report.training import collapsed_seeds, furthest, longest_curves, training, training_details
from gan_repro.trials.records import CurvePoint
from tests.factories.records import material, table_rows, trial


def curve(record, values):
    """The record with this validation likelihood by epoch, interrupted after the last."""
    points = tuple(
        CurvePoint(epoch=epoch, losses={}, learning_rate=1 / epoch, valid_mean=values.get(epoch), sigma=0.2)
        for epoch in range(1, max(values) + 1)
    )
    update = {"learning_curve": points, "status": "interrupted", "reason": "stopped", "candidates": {}}
    return record.model_copy(update=update)


def paper_trial(seed, values):
    return curve(trial("gan", seed, 0.0, preset="paper"), values)


def test_each_doubling_stands_in_a_row_and_each_seed_in_a_column():
    one = paper_trial(1, {25: 100.0, 50: 130.0, 100: 150.0})
    two = paper_trial(2, {25: 110.0, 50: 150.0})
    table = table_rows(training(material([one, two])))
    assert table["Epochs"] == ["Seed 1", "Seed 2", "Learning rate"]
    assert table["50"] == ["130.0", "150.0", "0.02"]
    assert table["100"] == ["150.0", "", "0.01"]
    assert table["latest"] == ["150.0 after 100", "150.0 after 50", "0.01 after 100"]


def test_the_highest_look_so_far_is_named():
    assert furthest(material([paper_trial(1, {25: 100.0, 50: 90.0}), paper_trial(2, {25: 99.0})])) == (
        1, 25, 100.0,
    )  # fmt: skip
    assert furthest(material()) is None


def test_of_one_seed_the_longest_trial_counts():
    short = trial("gan", 1, 156.0)  # of preset standard
    long = paper_trial(1, {25: 90.0, 200: 180.0})
    assert longest_curves(material([short, long]))[1] == {25: 90.0, 200: 180.0}
    assert max(longest_curves(material([short]))[1]) == 100


def test_going_on_without_early_stopping_carries_a_seed_further():
    stopped = paper_trial(2, {25: 100.0, 50: 140.0})
    on = curve(trial("gan-no-early-stopping", 2, 0.0, preset="paper"), {25: 100.0, 50: 140.0, 100: 160.0})
    evidence = material([stopped, on])
    assert longest_curves(evidence) == {2: {25: 100.0, 50: 140.0, 100: 160.0}}
    assert table_rows(training(evidence))["100"] == ["160.0", "0.01"]


def test_the_stopping_rules_choice_stands_beside_the_last():
    done = trial("gan-early-stopping", 2, 207.0, preset="paper")
    best, last = done.candidates["best"], done.candidates["last"]
    later = last.scores["authors"].model_copy(
        update={"log_likelihood": last.scores["authors"].log_likelihood.model_copy(update={"value": 208.0})}
    )
    candidates = {
        "best": best.model_copy(update={"epoch": 685}),
        "last": last.model_copy(update={"epoch": 785, "scores": {**last.scores, "authors": later}}),
    }
    row = table_rows(training_details(material([done.model_copy(update={"candidates": candidates})])))["2"]
    refined = best.scores["refined"]
    assert row[:6] == [
        "785", "685", f"{refined.valid_mean:.1f}", str(refined.log_likelihood), "207.0 ± 1.5", "208.0 ± 1.5",
    ]  # fmt: skip


def test_what_lies_between_curve_and_table_is_of_one_generator():
    """Other images and the coarse grid, each apart, of the very generator that was scored."""
    done = trial("gan-early-stopping", 1, 207.0, preset="paper")
    scored = done.candidates["best"]
    refined = scored.scores["refined"]
    likelihood = refined.log_likelihood.model_copy(update={"value": 213.3})
    refined = refined.model_copy(update={"valid_mean": 216.1, "log_likelihood": likelihood})
    scored = scored.model_copy(update={"scores": {**scored.scores, "refined": refined}})
    looks = curve(done, {25: 100.0, 50: 120.0}).learning_curve
    ended = done.model_copy(update={"candidates": {"best": scored, "last": scored}, "learning_curve": looks})
    assert "seed 1: 2.8 by test images" in training(material([ended]))
    assert "and 6.3 by the authors' ten sigmas" in training(material([ended]))
    assert "loses" not in training(material([paper_trial(1, {25: 100.0, 50: 120.0})]))


def test_a_look_is_held_against_its_neighbours():
    """Against the mean of the others within 50 epochs; looks beyond its end do not count."""
    done = trial("gan-early-stopping", 2, 207.0, preset="paper")
    best = done.candidates["best"].model_copy(update={"epoch": 50})
    last = best.model_copy(update={"epoch": 75})
    looks = {25: 100.0, 50: 109.0, 75: 100.0}
    stopped = curve(done, looks).model_copy(
        update={"status": "done", "reason": None, "candidates": {"best": best, "last": last}}
    )
    # Of the second half: +9 at 50, and at 75, whose neighbours are at 100 and 109, -4.5.
    expected = [f"{((9**2 + 4.5**2) / 2) ** 0.5:.1f}", "+9.0"]
    assert table_rows(training_details(material([stopped])))["2"][-2:] == expected
    on = curve(trial("gan-no-early-stopping", 2, 0.0, preset="paper"), looks | {200: 500.0, 205: 600.0})
    assert table_rows(training_details(material([stopped, on])))["2"][-2:] == expected


@pytest.mark.parametrize(("later", "words"), [(103.0, "103.0 after 104 of 105 epochs, +3.0"), (98.0, "-2.0")])
def test_how_far_the_same_seed_came_without_early_stopping(later, words):
    stopped = trial("gan-early-stopping", 2, 207.0, preset="paper")
    stopped = curve(stopped, {25: 90.0, 90: 100.0, 100: 99.0}).model_copy(
        update={"status": "done", "reason": None, "candidates": stopped.candidates}
    )
    on = trial("gan-no-early-stopping", 2, 0.0, preset="paper")
    on = curve(on, {25: 90.0, 90: 100.0, 100: 99.0, 104: later, 105: 97.0})
    text = training_details(material([stopped, on]))
    assert f"{words} nats from the 100.0 at which the rule ended it" in text
    assert "Without early stopping" not in training_details(material([stopped]))


def test_no_table_of_endings_where_no_training_has_ended():
    assert training_details(material([paper_trial(1, {25: 100.0, 50: 120.0})])) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {25: 100.0, 50: 226.0, 60: 224.0, 70: 227.0},
            "after 50 epochs; the mean of 10 evaluations in a row has",
        ),
        (
            # Of ten looks in a row: 224.9 to epoch 50, 225.3 to epoch 55.
            {5: 220.0, 10: 226.0, **dict.fromkeys(range(15, 55, 5), 225.375), 55: 224.0},
            "after 10 epochs; the mean of 10 evaluations in a row was after 55.",
        ),
    ],
)
def test_when_the_paper_number_was_met_is_said(values, words):
    assert words in training(material([paper_trial(1, values)]))
    assert "first time" not in training(material([paper_trial(1, {25: 100.0, 50: 224.0})]))


def test_collapsed_seeds_of_a_row_are_told():
    low = curve(trial("gan-alternating", 2, 0.0), dict.fromkeys(range(1, 13), -400.0))
    records = [trial("gaussian", 1, -150.0), low, trial("gan-alternating", 1, 160.0)]
    assert collapsed_seeds(material(records), "gan-alternating") == {2}


@pytest.mark.parametrize("records", [[], [paper_trial(1, {5: 10.0})], [trial("dbn", 1, 240.0)]])
def test_without_a_curve_there_is_no_section(records):
    assert training(material(records)) == ""
