"""Saved rows stand under the table, marked where they are not as Table 1's, and can break nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

import gan_repro
from gan_repro import table1
from gan_repro.audit.__main__ import main as audit
from gan_repro.tables.cell import Cell
from gan_repro.tables.render import WIDTH, render, render_compact
from gan_repro.tables.supplied import supplied_rows
from gan_repro.tables.table import Column, Table

HOSTILE = "50% | \\input{x} & <b>=1+1 [a](b)"


@pytest.fixture(scope="module")
def saved(digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with saved rows of 1,000 samples, one of which has a hostile name."""
    runs = tmp_path_factory.mktemp("runs")
    report = gan_repro.score(digits.train, "digits", "authors", device="cpu")
    report.save(HOSTILE, runs)
    report.save("=1+1", runs)
    return runs


@pytest.fixture
def table(saved: Path, digits) -> Table:
    rows = supplied_rows(gan_repro.load_submissions(saved), "digits", digits.sha256)
    column = Column(kind="this run", dataset="digits", preset="smoke", cells={"gan": Cell(row="gan")})
    return Table(name="digits", rows=("gan",), columns=(column,), supplied=rows)


def test_they_stand_under_a_rule_and_are_marked(table: Table) -> None:
    for text in (render_compact(table), render(table, "md")):
        above, below = text.split("\n---\n\nSamples supplied, training not seen (± over test images):\n\n")
        assert "Adversarial nets" in above
        header, rule, *lines = below.strip().splitlines()
        assert re.match(r"\| Row +\| Score +\| Remarks +\|$", header)
        assert set(rule) == {"|", "-"}
        assert re.search(r"\| \d+\.\d ± \d\.\d ‡ +\| 1,000 samples", lines[0])
        assert all(line.startswith("|") and line.endswith("|") for line in lines)
    assert max(map(len, render_compact(table).splitlines())) <= WIDTH


def test_their_names_can_break_nothing(table: Table) -> None:
    markdown = render(table, "md")
    assert "50% \\| \\\\input{x} & \\<b>=1+1 \\[a](b)" in markdown
    latex = render(table, "latex")
    assert "\\input" not in latex.split("Samples supplied")[1]
    assert "\\medskip Samples supplied, training not seen (± over test images):" in latex
    lines = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    (first, second) = [line for line in lines if line["column"] == "Samples supplied, training not seen"]
    assert {first["label"], second["label"]} == {HOSTILE, "'=1+1"}
    assert first["samples"] == "1000"
    assert first["remarks"] == "1,000 samples, where Table 1 uses 10,000"
    supplied = json.loads(render(table, "json"))["supplied"]
    assert {row["label"] for row in supplied} == {HOSTILE, "=1+1"}
    assert [row["n"] for row in supplied] == [1000, 1000]


def test_a_table_without_them_is_as_before(table: Table) -> None:
    bare = table.model_copy(update={"supplied": ()})
    for form in ("md", "csv", "json", "latex"):
        assert "upplied" not in render(bare, form)
    assert "remarks" not in render(bare, "csv")
    assert "---\n\n" not in render_compact(bare)


def test_rows_of_other_images_are_told_apart(saved: Path) -> None:
    rows = gan_repro.load_submissions(saved)
    assert supplied_rows(rows, "mnist", "0" * 64) == ()
    (row, _) = supplied_rows(rows, "digits", "0" * 64)
    assert row.marks[-1] == "scored on other images than those here"


def test_the_command_prints_them_and_writes_no_file_of_them(saved: Path, tmp_path: Path, capsys) -> None:
    asked = ["--preset", "smoke", "--datasets", "digits", "--rows", "gaussian", "--workers", "1"]
    asked += ["--runs", str(tmp_path)]
    assert table1.main([*asked, "--with", str(saved)]) == 0
    assert "\n---\n\nSamples supplied, training not seen (± over" in capsys.readouterr().out
    assert table1.main([*asked, "--with", str(saved / "submissions"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["supplied"]) == 2
    assert not any("upplied" in path.read_text() for path in tmp_path.glob("table1_*"))
    assert table1.main([*asked, "--with", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: is no folder of saved rows" in capsys.readouterr().err


def test_the_audit_checks_them_and_judges_none(saved: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert audit(["--runs", str(saved)]) == 0
    assert capsys.readouterr().out == "2 saved rows are as saved; what they score is not judged.\n"
    runs = tmp_path / "runs"
    asked = ["--preset", "smoke", "--datasets", "digits", "--rows", "gaussian", "--workers", "1"]
    assert table1.main(asked) == 0
    assert audit(["--runs", "runs", "--with", str(saved)]) == 0
    assert "2 saved rows are as saved" in capsys.readouterr().out
    (path, other) = sorted((saved / "submissions").iterdir())
    (runs / "submissions").mkdir()
    (runs / "submissions" / other.name).write_bytes(other.read_bytes())
    changed = path.read_text().replace('"n": 1000', '"n": 10000')
    (runs / "submissions" / path.name).write_text(changed)
    assert audit(["--runs", "runs"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"{path.name}: was changed after it was saved; score and save the samples again",
        "1 thing does not hold",
    ]
    assert audit(["--runs", str(saved), "--with", "nowhere"]) == 2
