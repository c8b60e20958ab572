"""The section on how far 225 is says what the learning curves say."""

import pytest

from gan_repro.report.curves import collapsed_seeds, furthest, longest_curves
from gan_repro.report.endings import training_details, whole_lengths
from gan_repro.report.training import training
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


def whole(seed, values, score=222.0, refined=226.0, valid=227.5, best=221.5):
    """A training of full length: the last generator's scores, and the best one's by the table's measure."""
    done = trial("gan", seed, score, preset="paper")
    looks = curve(done, values).learning_curve

    def changed(candidate, protocol, value, **more):
        old = candidate.scores[protocol]
        likelihood = old.log_likelihood.model_copy(update={"value": value})
        new = old.model_copy(update={"log_likelihood": likelihood, **more})
        return candidate.model_copy(update={"scores": {**candidate.scores, protocol: new}})

    last = changed(done.candidates["last"], "refined", refined, valid_mean=valid)
    candidates = {"best": changed(done.candidates["best"], "authors", best), "last": last}
    return done.model_copy(update={"candidates": candidates, "learning_curve": looks})


RISING = {epoch: float(epoch) for epoch in range(25, 2001, 25)}


def test_each_choice_behind_a_whole_training_stands_alone():
    row = table_rows(whole_lengths(material([whole(1, RISING)])))["1"]
    assert row[:5] == ["a CPU", "222.0 ± 1.5", "+4.0", "+1.5", "-0.5"]


def test_a_whole_training_tells_what_early_stopping_had_cost():
    """No rise from epoch 100 to 200: the rule would have ended it there, and chosen epoch 100."""
    values = RISING | dict.fromkeys(range(125, 225, 25), 90.0)
    row = table_rows(whole_lengths(material([whole(1, values)])))["1"]
    chosen = (50 + 75 + 100 + 90 + 90) / 5  # the looks within 50 epochs of it
    last = sum(range(1775, 2001, 25)) / 10
    assert row[5:] == [f"{chosen - last:+.1f}", "after 200 epochs"]
    assert table_rows(whole_lengths(material([whole(1, RISING)])))["1"][6] == "not sooner"


def test_whole_trainings_that_wait_count_and_seeds_have_a_mean():
    one, two = whole(1, RISING), whole(2, RISING, score=226.0, refined=228.0)
    rows = table_rows(whole_lengths(material([one], waiting=(two,))))
    assert rows["2"][1:3] == ["226.0 ± 1.5", "+2.0"]
    assert rows["mean"][1:3] == [f"224.0, deviation {8**0.5:.1f}", "+3.0"]
    assert "mean" not in table_rows(whole_lengths(material([one])))
    assert whole_lengths(material([paper_trial(1, RISING)])) == ""


def test_a_seed_counts_once_and_a_collapsed_net_not_at_all():
    one, two = whole(1, RISING), whole(2, RISING, score=226.0)
    fallen = whole(3, RISING, score=-300.0)
    low = {name: c.model_copy(update={"spread": 0.01}) for name, c in fallen.candidates.items()}
    fallen = fallen.model_copy(update={"candidates": low})
    assert fallen.collapsed
    rows = table_rows(whole_lengths(material([one, two, fallen], waiting=(whole(1, RISING, score=1.0),))))
    assert [row for row in rows if not row.startswith("-")] == ["Seed", "1", "2", "3, collapsed", "mean"]
    assert rows["mean"][1] == f"224.0, deviation {8**0.5:.1f}"


def test_a_whole_training_that_was_never_looked_at_has_no_end():
    bare = whole(1, RISING).model_copy(update={"learning_curve": ()})
    assert table_rows(whole_lengths(material([bare])))["1"][2:] == ["+4.0", "+1.5", "-0.5", "", ""]


def test_what_was_trained_on_a_card_is_said_so():
    one = whole(1, RISING)
    environment = one.provenance.environment | {"device": "NVIDIA H200", "cuda": "13.0"}
    two = whole(2, RISING)
    on = two.model_copy(update={"provenance": two.provenance.model_copy(update={"environment": environment})})
    text = training(material([one], waiting=(on,)))
    assert "| Seed 1 " in text
    assert "| Seed 2, on a card" in text
    rows = table_rows(whole_lengths(material([one], waiting=(on,))))
    assert [rows[seed][0] for seed in "12"] == ["a CPU", "a card"]


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


def test_the_same_seed_with_other_looks_is_another_training():
    """On another processor: neither its looks nor where it came to are those of the one that was stopped."""
    done = trial("gan-early-stopping", 2, 207.0, preset="paper")
    looks = {25: 90.0, 50: 109.0, 75: 100.0, 100: 99.0}
    best = done.candidates["best"].model_copy(update={"epoch": 50})
    candidates = {"best": best, "last": best.model_copy(update={"epoch": 100})}
    stopped = curve(done, looks).model_copy(
        update={"status": "done", "reason": None, "candidates": candidates}
    )
    alone = training_details(material([stopped]))
    other = curve(
        trial("gan", 2, 0.0, preset="paper"),
        {epoch: value - 8 for epoch, value in looks.items()} | {200: 500.0},
    )
    assert training_details(material([stopped, other])) == alone
    on = curve(trial("gan-no-early-stopping", 2, 0.0, preset="paper"), looks | {150: 120.0})
    assert "came to 120.0 after 150" in training_details(material([stopped, other, on]))


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
