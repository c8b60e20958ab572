"""The section on how far 225 is says what the learning curves say."""

import math

import pytest

from gan_repro.report.training import epochs_until, longest_curves, outlook, training
from gan_repro.trials.records import CurvePoint
from gan_repro.verdicts.evidence import Evidence
from tests.factories.records import table_rows, trial


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


def test_equal_gains_a_doubling_are_carried_on():
    values = {epoch: 100 + 20 * math.log2(epoch / 25) for epoch in (25, 50, 100, 200)}
    text = training(Evidence([paper_trial(1, values)]))
    assert table_rows(text)["200"] == ["160.0", "+20.0", "0.005"]
    # 65 nats more, at 20 a doubling.
    assert f"after about {200 * 2 ** (65 / 20):,.0f} epochs" in text
    assert "brought less" not in text
    assert epochs_until(225, 200, 225.0, 20.0) == 200


def test_falling_gains_are_called_falling():
    values = {25: 100.0, 50: 138.0, 100: 165.0, 200: 186.0, 195: 187.0}
    text = training(Evidence([paper_trial(1, values)]))
    assert "so far (refined sigma) is 187.0, of seed 1 after 195 epochs" in text
    assert "each doubling so far brought less than the one before" in text
    assert f"about {200 * 2 ** (39 / 21):,.0f} epochs" in text


def test_gains_are_means_over_the_seeds_that_came_so_far():
    one = paper_trial(1, {25: 100.0, 50: 130.0, 100: 150.0})
    two = paper_trial(2, {25: 110.0, 50: 150.0})
    table = table_rows(training(Evidence([one, two])))
    assert table["Epochs"] == ["Seed 1", "Seed 2", "Gain since half as many", "Learning rate"]
    assert table["50"] == ["130.0", "150.0", "+35.0", "0.02"]
    assert table["100"] == ["150.0", "", "+20.0", "0.01"]
    assert table["latest"] == ["150.0 after 100", "150.0 after 50", "", "0.01 after 100"]


def test_of_one_seed_the_longest_trial_counts():
    short = trial("gan", 1, 156.0)  # of preset standard
    long = paper_trial(1, {25: 90.0, 200: 180.0})
    assert longest_curves(Evidence([short, long]))[1] == {25: 90.0, 200: 180.0}
    assert max(longest_curves(Evidence([short]))[1]) == 100


def test_a_training_that_goes_on_without_early_stopping_carries_its_seed_further():
    stopped = paper_trial(2, {25: 100.0, 50: 140.0})
    on = curve(trial("gan-no-early-stopping", 2, 0.0, preset="paper"), {25: 100.0, 50: 140.0, 100: 160.0})
    evidence = Evidence([stopped, on])
    assert longest_curves(evidence) == {2: {25: 100.0, 50: 140.0, 100: 160.0}}
    assert table_rows(training(evidence))["100"] == ["160.0", "+20.0", "0.01"]


def test_what_the_stopping_rule_chose_stands_beside_the_last_generator():
    done = trial("gan-early-stopping", 2, 207.0, preset="paper")
    best, last = done.candidates["best"], done.candidates["last"]
    later = last.scores["authors"].model_copy(
        update={"log_likelihood": last.scores["authors"].log_likelihood.model_copy(update={"value": 208.0})}
    )
    candidates = {
        "best": best.model_copy(update={"epoch": 685}),
        "last": last.model_copy(update={"epoch": 785, "scores": {**last.scores, "authors": later}}),
    }
    row = table_rows(training(Evidence([done.model_copy(update={"candidates": candidates})])))["2"]
    refined = best.scores["refined"]
    assert row[:6] == [
        "785", "685", f"{refined.valid_mean:.1f}", str(refined.log_likelihood), "207.0 ± 1.5", "208.0 ± 1.5",
    ]  # fmt: skip


def test_what_lies_between_the_curve_and_the_table_is_said_once_a_training_has_ended():
    def ended(seed, score, valid_mean):
        done = trial("gan-early-stopping", seed, score, preset="paper")
        best = done.candidates["best"]
        refined = best.scores["refined"].model_copy(update={"valid_mean": valid_mean})
        best = best.model_copy(update={"scores": {**best.scores, "refined": refined}})
        looks = curve(done, {25: 100.0, 50: 120.0}).learning_curve
        return done.model_copy(update={"candidates": {"best": best, "last": best}, "learning_curve": looks})

    one, two = ended(1, 207.0, 216.5), ended(2, 205.0, 208.0)
    assert outlook(Evidence([one])).endswith("grid) the generator that was scored lost 9.5 nats.")
    assert outlook(Evidence([one, two])).endswith("the generators that were scored lost 6.2 nats.")
    assert "grid)" not in outlook(Evidence([paper_trial(1, {25: 100.0, 50: 120.0})]))


def test_how_much_a_look_scatters_and_how_far_the_best_stood_above_its_neighbours():
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
    assert table_rows(training(Evidence([stopped])))["2"][-2:] == expected
    on = curve(trial("gan-no-early-stopping", 2, 0.0, preset="paper"), looks | {200: 500.0, 205: 600.0})
    assert table_rows(training(Evidence([stopped, on])))["2"][-2:] == expected


@pytest.mark.parametrize(("later", "words"), [(103.0, "103.0 after 104 of 105 epochs, +3.0"), (98.0, "-2.0")])
def test_how_far_the_same_seed_came_without_early_stopping(later, words):
    stopped = trial("gan-early-stopping", 2, 207.0, preset="paper")
    stopped = curve(stopped, {25: 90.0, 90: 100.0, 100: 99.0}).model_copy(
        update={"status": "done", "reason": None, "candidates": stopped.candidates}
    )
    on = trial("gan-no-early-stopping", 2, 0.0, preset="paper")
    on = curve(on, {25: 90.0, 90: 100.0, 100: 99.0, 104: later, 105: 97.0})
    text = training(Evidence([stopped, on]))
    assert f"{words} nats from the 100.0 at which the rule ended it" in text
    assert "Without early stopping" not in training(Evidence([stopped]))


def test_no_table_of_endings_where_no_training_has_ended():
    assert "Stopped after" not in training(Evidence([paper_trial(1, {25: 100.0, 50: 120.0})]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({25: 100.0, 50: 90.0}, "brought nothing from which 225 could be foretold"),
        ({25: 100.0}, "brought nothing from which 225 could be foretold"),
        (
            {25: 100.0, 50: 226.0, 60: 224.0, 70: 227.0},
            "is 227.0, of seed 1 after 70 epochs; it was at or above 225 for the first time after 50, and the"
            " mean of 10 looks in a row has not been yet.",
        ),
        (
            # Of ten looks in a row: 224.9 to epoch 50, 225.3 to epoch 55.
            {5: 220.0, 10: 226.0, **dict.fromkeys(range(15, 55, 5), 225.375), 55: 224.0},
            "is 226.0, of seed 1 after 10 epochs; it was at or above 225 for the first time after 10, and the"
            " mean of 10 looks in a row after 55.",
        ),
    ],
)
def test_nothing_is_foretold_where_there_is_no_gain_or_no_need(values, words):
    text = training(Evidence([paper_trial(1, values)]))
    assert words in text
    assert "extrapolation" not in text


@pytest.mark.parametrize("records", [[], [paper_trial(1, {5: 10.0})], [trial("dbn", 1, 240.0)]])
def test_without_a_curve_there_is_no_section(records):
    assert training(Evidence(records)) == ""
