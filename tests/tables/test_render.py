"""The same table in every form: numbers in full, text made safe, and what a run prints fits the screen."""

import csv
import io
import json

import pytest

from gan_repro.tables.cell import cell_text, seed_count
from gan_repro.tables.collapse import Floor
from gan_repro.tables.collect import cell_from, recorded_table, run_table
from gan_repro.tables.render import WIDTH, markdown, render, render_compact, render_details
from gan_repro.tables.table import Column, Table
from tests.factories.records import trial, trials

FLOOR = Floor(test=-150.0, valid=-148.0)
HOSTILE = "50% | \\input{x} & worse\n<b>=1+1"


def failed(row, seed, status="error", reason=HOSTILE):
    return trial(row, seed, 0.0).model_copy(update={"status": status, "reason": reason, "candidates": {}})


@pytest.fixture
def table():
    cells = {"gan": cell_from([trial("gan", 1, 160.04)]), "dbn": cell_from([failed("dbn", 1)])}
    columns = (Column(kind="preset", dataset="mnist", preset="standard", cells=cells),)
    return Table(name="mnist", rows=("dbn", "gan", "kmeans"), columns=columns)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([163.0, 165.0], "164.0 ± 1.0 *"),
        ([163.0], "163.0 ± 1.5 ° *"),
        ([-300.0, 163.0, 165.0], "1 of 3 collapsed; the others 164.0 ± 1.0 *"),
        ([-300.0, -301.0, 165.0], "2 of 3 collapsed; the other 165.0 ± 1.5 ° *"),
        ([-300.0], "collapsed (-300.0 ± 1.5 ° *)"),
        ([-300.0, -302.0], "2 of 2 collapsed (-301.0 ± 1.0 *)"),
    ],
)
def test_a_cell_says_what_its_mean_runs_over(values, words):
    assert cell_text(cell_from(trials("gan", values), floor=FLOOR)) == words


def test_a_seed_that_diverged_is_named():
    lost = failed("gan", 3, "diverged", "NaN")
    assert (
        cell_text(cell_from([*trials("gan", [163.0, 165.0]), lost]))
        == "1 of 3 diverged; the others 164.0 ± 1.0 *"
    )
    both = [*trials("gan", [-300.0, 165.0]), lost]
    assert (
        cell_text(cell_from(both, floor=FLOOR)) == "1 of 3 collapsed, 1 diverged; the other 165.0 ± 1.5 ° *"
    )
    assert cell_text(cell_from([lost])) == "seed 3 diverged: NaN"
    assert cell_text(None) == "not recorded"


def test_seeds_say_how_many_are_planned():
    assert seed_count(cell_from(trials("dbn", [240.0, 241.0]), preset="paper")) == "2 of 5"
    assert seed_count(cell_from(trials("gan", [160.0, 161.0, 162.0]))) == "3"


def test_markdown_shows_paper_and_cells_and_escapes_reasons(table):
    lines = render(table, "md").splitlines()
    cells = [[cell.strip(" |") for cell in line.split(" | ")] for line in lines]
    assert cells[3] == ["Adversarial nets", "225 ± 2", "160.0 ± 1.5 ° *"]
    assert r"50% \| \\input{x} & worse\\n\<b>" in lines[2]


def test_latex_escapes_what_it_would_take_for_commands(table):
    written = render(table, "latex")
    assert r"50\%" in written
    assert r"\input" not in written
    assert r"\& worse" in written


def test_csv_and_json_hold_the_same_full_numbers(table):
    rows = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    gan = next(row for row in rows if row["row"] == "gan" and row["column"] == "Preset standard")
    whole = json.loads(render(table, "json"))
    cell = next(row for row in whole["rows"] if row["row"] == "gan")["columns"]["Preset standard"]
    assert float(gan["log_likelihood_nats"]) == cell["score"]["value"] == 160.04
    assert gan["standard_error_over"] == cell["score"]["over"] == "test examples"
    assert int(gan["n"]) == 10_000
    assert gan["trials"] == cell["seeds"][0]["trials"][0]
    assert gan["smaller_than_reference"]
    printed = next(row for row in rows if row["row"] == "gan" and row["column"] == "Paper")
    assert float(printed["log_likelihood_nats"]) == 225


@pytest.mark.parametrize("form", ["md", "csv", "json", "latex"])
def test_the_same_records_give_the_same_bytes(form):
    records = [*trials("gan", [160.0, 150.0]), *trials("kmeans", [335.0])]
    once, again = (render(recorded_table(order, "mnist"), form) for order in (records, records[::-1]))
    assert once == again
    assert once.endswith("\n")


def run(**options):
    long = "a reason that goes on and on, and says at great length what is wrong with this machine of yours"
    own = {"gan": trials("gan", [-300.0, 163.0, 165.0]), "kmeans": [trial("kmeans", 1, 335.0)]}
    own |= {row: [] for row in ("dbn", "cae", "gsn", "train-set", "gaussian", "gan-gaussian-noise")}
    published = [*trials("gan-gaussian-noise", [-300.0, 163.0, 165.0]), *trials("gaussian", [-150.0])]
    problems = {row: long for row, records in own.items() if not records}
    return run_table("mnist", "standard", published=published, own=own, problems=problems, **options)


def test_what_a_run_prints_fits_the_screen():
    lines = render_compact(run()).splitlines()
    assert lines[0] == "## MNIST"
    assert max(map(len, lines)) <= WIDTH
    bottom = max(number for number, line in enumerate(lines) if line.startswith("|"))
    assert 1 <= len([line for line in lines[bottom + 1 :] if line]) <= 8
    said = " ".join(lines)
    assert "1 of 3 collapsed" in said
    assert "have a problem" in said


def test_a_run_shows_no_rows_that_nobody_asked_for():
    published = [trial("gan-alternating", 1, 100.0)]
    shown = render_compact(
        run_table("mnist", "quick", published=published, own={"gan": [trial("gan", 1, 40.0)]})
    )
    assert "alternating" not in shown
    assert "40.0 ± 1.5" in shown


def test_the_number_of_samples_is_that_of_the_trials():
    own = {"gan": [trial("gan", 1, 40.0, preset="smoke")]}
    assert "on 1,000 samples" in render_compact(run_table("mnist", "smoke", published=[], own=own))


def test_details_name_each_seed_and_how_a_collapse_was_told():
    written = render_details(run())
    assert "yes (derived)" in written
    assert "below the Gaussian per pixel" in written
    assert "-300.0 ± 1.5" in written
    whole = render_details(run_table("mnist", "quick", published=None, own={"gan": [trial("gan", 1, 40.0)]}))
    assert "40.0 ± 1.5" in whole


def test_faces_that_stand_in_are_called_so():
    own = {"gan": [trial("gan", 1, 300.0, dataset="fer2013")]}
    shown = render_compact(run_table("fer2013", "standard", published=[], own=own))
    assert "Fer2013 in its place" in shown or "fer2013 in its place" in shown
    assert "reproduce nothing of the paper's" in shown


def test_long_cells_go_on_below_where_the_width_is_kept():
    written = markdown(["A", "B"], [["x" * 10 + " " + "y" * 10, "1"]], width=24)
    assert max(map(len, written.splitlines())) <= 24
    assert "y" * 10 in written
