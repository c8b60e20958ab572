"""Cells and tables are functions of the records alone, and say what is missing and why."""

import csv
import io
import json

import pytest

from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import cell_from, recorded_cells
from gan_repro.tables.columns import recorded_table, table_from
from gan_repro.tables.table import Table
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import Candidate, CurvePoint, Provenance, Score, TrialRecord
from gan_repro.trials.spec import DataSpec
from gan_repro.trials.store import RecordStore

MNIST = DataSpec(name="mnist", sha256="5" * 64)


def record(model="gan", seed=1, value=160.0, preset="standard", status="done", reason=None):
    score = Score(
        sigma=0.2,
        log_likelihood=Estimate(value=value, standard_error=2.0, over="test examples", n=10_000),
        valid_mean=value,
        sigma_curve=((0.1, 1.0), (0.2, value)),
        at_grid_edge=False,
    )
    higher = score.log_likelihood.model_copy(update={"value": value + 5})
    finer = score.model_copy(update={"log_likelihood": higher})
    candidate = Candidate(epoch=9, samples_sha256="a" * 64, scores={"authors": score, "refined": finer})
    return TrialRecord(
        spec=get_preset(preset).spec(model, MNIST, seed),
        status=status,
        reason=reason,
        candidates={"best": candidate, "last": candidate} if status == "done" else {},
        provenance=Provenance(
            preset=preset,
            smaller=get_preset(preset).cut(model, "mnist").smaller,
            commit="c" * 40,
            dirty=False,
            started="2026-01-01T00:00:00+00:00",
            finished="2026-01-01T01:00:00+00:00",
            seconds={"training": 1.0},
            peak_memory=1,
            resumed=0,
            environment={"device": "cpu"},
        ),
    )


def test_the_two_kinds_of_error_are_kept_apart():
    cell = cell_from([record(seed=1, value=158), record(seed=2, value=160), record(seed=3, value=165)])
    assert cell.log_likelihood.value == pytest.approx(161)
    # Across test examples it is that of one model: more seeds do not shrink it.
    assert (cell.log_likelihood.standard_error, cell.log_likelihood.over) == (2.0, "test examples")
    # Sample variance (9 + 1 + 16) / 2 = 13, over 3 seeds.
    assert cell.over_seeds.standard_error == pytest.approx((13 / 3) ** 0.5)
    assert (cell.over_seeds.over, cell.over_seeds.n) == ("training seeds", 3)
    assert cell.refined.value == pytest.approx(166)


def test_a_trial_that_was_moved_to_another_device_names_both():
    moved = record(seed=2)
    card = moved.provenance.origins[-1].model_copy(update={"environment": {"device": "some card"}})
    moved = moved.model_copy(update={"provenance": moved.provenance.model_copy(update={"earlier": (card,)})})
    assert cell_from([record(seed=1), moved]).devices == ("cpu", "some card")


def test_one_seed_has_no_spread():
    assert cell_from([record()]).over_seeds.standard_error is None


def test_failed_seeds_are_left_out_of_the_mean_and_named():
    cell = cell_from([record(seed=1, value=160), record(seed=2, status="diverged", reason="NaN in epoch 3")])
    assert cell.log_likelihood.value == 160
    assert cell.over_seeds.n == 1
    assert cell.problem == "seed 2 diverged: NaN in epoch 3"
    alone = cell_from([record(status="error", reason="no memory")])
    assert alone.log_likelihood is None
    assert str(alone) == "seed 1 error: no memory"


def test_a_training_on_its_way_says_how_far_it_has_come():
    curve = (
        CurvePoint(epoch=1, losses={}, learning_rate=0.1, valid_mean=90.4),
        CurvePoint(epoch=2, losses={}, learning_rate=0.1),
    )
    begun = record(status="interrupted", reason="stopped").model_copy(update={"learning_curve": curve})
    cell = cell_from([begun])
    assert str(cell) == "(90 by epoch 2) †"
    assert cell.problem == "seed 1 interrupted after epoch 2, validation so far 90"
    further = begun.model_copy(
        update={"learning_curve": (curve[0], curve[1].model_copy(update={"epoch": 30, "valid_mean": 85.0}))}
    )
    assert str(cell_from([begun, further, begun])) == "(90 by epoch 30) †"
    table = table_from("mnist", {"preset paper": {"gan": cell_from([begun, further])}})
    assert any("seed 1 interrupted after epoch 2, validation so far 90; " in note for note in table.notes)
    assert not any("†" in note for note in table_from("mnist", {"a": {"gan": cell_from([record()])}}).notes)


def test_recorded_takes_the_completest_preset_that_has_finished():
    presets = ("paper", "standard")
    standard = record(value=160)
    assert recorded_cells([standard], "mnist", presets)["gan"].preset == "standard"
    unfinished = record(preset="paper", status="interrupted", reason="stopped")
    assert recorded_cells([standard, unfinished], "mnist", presets)["gan"].preset == "standard"
    both = recorded_cells([standard, record(preset="paper", value=200)], "mnist", presets)
    assert (both["gan"].preset, both["gan"].log_likelihood.value) == ("paper", 200)
    assert recorded_cells([record(preset="quick")], "mnist", presets) == {}
    assert recorded_cells([standard], "digits", presets) == {}


def test_a_trial_counts_under_each_full_size_preset_that_would_run_the_very_same():
    uncut, cut = record(model="dbn", value=240), record(model="gan")
    found = recorded_cells([uncut, cut], "mnist", ("paper",))
    assert set(found) == {"dbn"}
    assert (found["dbn"].preset, found["dbn"].trials) == ("paper", (uncut.spec.id,))
    quick = record(model="train-set", preset="quick")
    assert quick.spec == record(model="train-set").spec
    assert recorded_cells([quick], "mnist", ("paper", "standard")) == {}


def test_where_a_preset_has_no_such_trial_nobody_is_told_to_wait_for_one(tmp_path):
    store = RecordStore(tmp_path)
    for one in (record(), record(model="gan-no-early-stopping", preset="paper")):
        store.write(one)
    table = recorded_table(store, "mnist")
    texts = {head: str(cells["gan-no-early-stopping"]) for head, cells in table.columns.items()}
    assert texts == {"preset paper": "160.0 ± 2.0", "preset standard": "not in this preset"}
    assert "gan" not in table.columns["preset paper"]  # which is to come, so not recorded


def test_seeds_that_are_yet_to_come_are_counted():
    cells = recorded_cells([record(model="dbn", seed=1), record(model="dbn", seed=2)], "mnist", ("paper",))
    table = Table(dataset="mnist", models=("dbn",), columns={"preset paper": cells}, notes=())
    assert "| paper    | 2 of 5  |" in table.render("md")


def test_records_of_a_preset_as_it_used_to_be_are_not_mixed_in():
    old = record(seed=2, value=0.0)
    settings = {**old.spec.config, "epochs": 7}
    old = old.model_copy(update={"spec": old.spec.model_copy(update={"config": settings})})
    assert recorded_cells([record(value=160), old], "mnist", ("standard",))["gan"].over_seeds.n == 1


@pytest.fixture
def table():
    columns = {
        "standard": {
            "gan": cell_from([record(value=160.04)]),
            "dbn": cell_from([record(status="error", reason="50% | \\input{x} & worse")]),
        }
    }
    return Table(dataset="mnist", models=("dbn", "gan", "kmeans"), columns=columns, notes=("a note",))


def test_markdown_shows_paper_and_cells_and_escapes_reasons(table):
    lines = table.render("md").splitlines()
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    assert cells[3][0].startswith("| Adversarial nets")
    assert [cell.strip(" |") for cell in cells[3][1:]] == ["225 ± 2", "160.0 ± 2.0 *"]
    assert r"50% \| \\input{x} & worse" in lines[2]
    assert "not recorded" in lines[4]
    assert "- a note" in lines
    assert any("undefined (1 seed)" in line for line in lines)


def test_latex_escapes_what_it_would_take_for_commands(table):
    text = table.render("latex")
    assert r"50\%" in text
    assert r"\input" not in text
    assert r"\& worse" in text


def test_csv_and_json_hold_the_same_full_numbers(table):
    rows = list(csv.DictReader(io.StringIO(table.render("csv"))))
    gan = next(row for row in rows if row["model"] == "gan" and row["column"] == "standard")
    whole = json.loads(table.render("json"))
    cell = next(row for row in whole["rows"] if row["model"] == "gan")["columns"]["standard"]
    assert float(gan["log_likelihood_nats"]) == cell["log_likelihood"]["value"] == 160.04
    assert gan["standard_error_over"] == cell["log_likelihood"]["over"] == "test examples"
    assert int(gan["n"]) == 10_000
    assert gan["trials"] == cell["trials"][0]
    assert gan["smaller_than_reference"]
    printed = next(row for row in rows if row["model"] == "gan" and row["column"] == "Paper")
    assert float(printed["log_likelihood_nats"]) == 225


@pytest.mark.parametrize("form", ["md", "csv", "json", "latex"])
def test_the_same_records_give_the_same_bytes(table, form):
    assert table.render(form) == table.render(form)
    assert table.render(form).endswith("\n")
