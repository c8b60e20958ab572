"""Tables are functions of the records alone, with typed columns, and every trial stands in one of them."""

import pytest

from gan_repro.experiments import chains
from gan_repro.experiments.record import Finding
from gan_repro.tables.collect import Placed, recorded_table, run_table
from gan_repro.tables.table import headline
from gan_repro.trials.records import CurvePoint
from tests.factories.records import experiment, trial, trials


def column(table, kind, preset=None):
    return next(c for c in table.columns if c.kind == kind and preset in (None, c.preset))


def interrupted(record, epoch, valid_mean=1.0):
    point = CurvePoint(epoch=epoch, losses={}, learning_rate=0.1, valid_mean=valid_mean)
    changes = {"status": "interrupted", "reason": "stopped", "candidates": {}, "learning_curve": (point,)}
    return record.model_copy(update=changes)


def test_a_row_is_shown_as_published_and_at_its_best():
    table = recorded_table([*trials("gan", [160.0, 162.0]), *trials("gan-searched", [170.0])], "mnist")
    assert column(table, "as published").cells["gan"].score.value == 161
    best = column(table, "best by search").cells["gan"]
    assert (best.score.value, best.row) == (170, "gan-searched")
    assert "gan-searched" not in table.rows


def test_no_trial_stands_in_two_columns():
    records = [*trials("dbn", [240.0]), *trials("gan", [160.0]), trial("gan-alternating", 1, 150.0)]
    table = recorded_table(records, "mnist")
    ids = [id for _, _, cell in table.cells() for id in cell.trials]
    assert sorted(ids) == sorted(record.spec.id for record in records)
    assert set(column(table, "preset", "standard").cells) == {"gan-alternating"}


def test_the_completest_preset_with_a_score_is_shown():
    standard, paper = trial("gan", 1, 160.0), trial("gan", 1, 200.0, preset="paper")
    begun = interrupted(paper, 3)
    shown = {
        records[-1].status: column(recorded_table(records, "mnist"), "as published").cells["gan"]
        for records in ([standard, begun], [standard, paper])
    }
    assert (shown["interrupted"].preset, shown["interrupted"].score.value) == ("standard", 160)
    assert (shown["done"].preset, shown["done"].score.value) == ("paper", 200)


def test_the_searched_rows_are_compared_at_one_length():
    """The completest preset under which all four have a score, though one has more."""
    records = [trial(row, 1, 100.0) for row in ("dbn", "cae", "gsn", "gan-searched")]
    longer = trial("gan-searched", 1, 190.0, preset="paper")
    best = column(recorded_table([*records, longer], "mnist"), "best by search").cells
    assert best["gan"].score.value == 100
    # Without the others each stands as complete as it is.
    assert column(recorded_table([longer], "mnist"), "best by search").cells["gan"].score.value == 190


def test_small_presets_have_columns_of_their_own():
    table = recorded_table([trial("gan", 1, 40.0, preset="quick")], "mnist")
    assert column(table, "as published").cells == {}
    assert column(table, "preset", "quick").cells["gan"].score.value == 40


def test_records_of_a_preset_as_it_used_to_be_are_not_mixed_in():
    old = trial("gan", 2, 0.0)
    settings = {**old.spec.config, "epochs": 7}
    old = old.model_copy(update={"spec": old.spec.model_copy(update={"config": settings})})
    cell = column(recorded_table([trial("gan", 1, 160.0), old], "mnist"), "as published").cells["gan"]
    assert len(cell.seeds) == 1


def test_each_record_is_placed_once():
    """However many tables, columns and sections ask for it."""
    placed = Placed([trial("dbn", 1, 240.0), trial("gan", 1, 160.0)])
    assert len(placed.of("mnist", "dbn", "paper")) == len(placed.of("mnist", "dbn", "standard")) == 1
    assert placed.of("mnist", "gan", "paper") == ()


def test_the_headline_shows_the_paper_rows_side_by_side():
    shown = headline(recorded_table([trial("gan", 1, 160.0), trial("gan-alternating", 1, 150.0)], "mnist"))
    assert [c.kind for c in shown.columns] == ["as published"]
    assert "gan-alternating" not in shown.rows
    assert {"dbn", "gan", "kmeans"} <= set(shown.rows)


def test_a_run_stands_beside_what_is_published():
    own = {"gan": [trial("gan", 1, 44.0, preset="quick")], "dbn": []}
    table = run_table(
        "mnist", "quick", published=[trial("gan", 1, 160.0)], own=own, problems={"dbn": "no disk"}
    )
    assert column(table, "recorded").cells["gan"].score.value == 160
    assert column(table, "this run").cells["gan"].score.value == 44
    assert column(table, "this run").cells["dbn"].problem == "no disk"
    assert "kmeans" not in column(table, "this run").cells


def test_without_published_records_a_run_stands_alone():
    table = run_table("mnist", "quick", published=None, own={"gan": [trial("gan", 1, 44.0, preset="quick")]})
    assert [c.kind for c in table.columns] == ["this run"]


@pytest.mark.parametrize("name", ["mnist", "tfd", "cifar10"])
def test_without_records_only_the_paper_speaks(name):
    table = recorded_table([], name)
    assert not any(cell.done for _, _, cell in table.cells())
    assert {"dbn", "gan"} <= set(table.rows) or name == "cifar10"


def sampled(*trained, sigma=None, way=chains.ONE_CHAIN, value=150.0):
    """Experiment `chains` with a score as published for each of these trials."""
    findings = {}
    for number, record in enumerate(trained):
        name = chains.published_name(way, record.spec.model, record.spec.seed, sigma)
        findings[name] = Finding(
            value=value + number,
            standard_error=1.7,
            over="test examples",
            n=10_000,
            unit="nats",
            what="made up",
        )
    made = experiment(chains.NAME)
    return made.model_copy(
        update={"findings": findings, "trial_ids": tuple(record.spec.id for record in trained)}
    )


def test_rows_with_chains_are_as_published_in_their_experiment():
    trained = trials("dbn", [240.0, 250.0])
    table = recorded_table(trained, "mnist", {chains.NAME: sampled(*trained)})
    cell = column(table, "as published").cells["dbn"]
    assert (cell.score.value, cell.score.over) == (150.5, "training seeds")
    assert cell.error_of_one == 1.7
    assert column(table, "best by search").cells["dbn"].score.value == 245
    assert column(recorded_table(trained, "mnist"), "as published").cells == {}


def test_the_gsn_is_scored_at_the_sigma_of_its_source():
    trained = trials("gsn", [230.0])
    given = {chains.NAME: sampled(*trained, sigma=0.2)}
    assert column(recorded_table(trained, "mnist", given), "as published").cells["gsn"].sigmas == (0.2,)
    other = {chains.NAME: sampled(*trained, sigma=0.23)}
    assert "gsn" not in column(recorded_table(trained, "mnist", other), "as published").cells


def test_scores_of_other_trials_are_not_taken():
    """A seed that was trained again is another net than the one that was sampled."""
    old, new = trial("dbn", 1, 240.0), trial("dbn", 1, 240.0, preset="smoke")
    given = {chains.NAME: sampled(new)}
    assert "dbn" not in column(recorded_table([old], "mnist", given), "as published").cells
