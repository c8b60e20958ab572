"""Text out of records, shown in Markdown, LaTeX, CSV, JSON and on a terminal, is text and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.tables.collect import cell_from
from gan_repro.tables.render import Format, render
from gan_repro.tables.table import Column, Table
from gan_repro.util.text import csv_cell, markdown_cell, one_line
from tests.factories.records import record
from tests.guard.oracle import cases

HOSTILE: dict[str, str] = {
    "a pipe": "a | b",
    "an escaped pipe": r"a \| b",
    "two backslashes and a pipe": r"a \\| b",
    "a line break": "a\nb",
    "a paragraph": "a\n\nb",
    "a carriage return": "a\rb",
    "a form feed": "a\fb",
    "a line separator": "a\u2028b",
    "a NUL": "a\0b",
    "terminal codes": "\x1b[2J\x1b]0;title\x07",
    "text from right to left": "a\u202eb",
    "a tag": "<script>alert(1)</script>",
    "an image": "![](http://example.org/track.png)",
    "a link": "[click](javascript:alert(1))",
    "an address": "<http://example.org>",
    "a comment": "<!-- recorded -->",
    "code": "`rm -rf`",
    "a fence": "```\nx",
    "a formula": r"$\input{/etc/passwd}$",
    "a LaTeX command": r"\input{/etc/passwd}",
    "a LaTeX definition": r"\catcode`\%=0 %",
    "LaTeX columns": r"a & b \\ c",
    "a LaTeX comment": "50% of it",
    "LaTeX's own characters": "# $ % & ~ _ ^ \\ { }",
    "an end of the table": r"\end{tabular}",
    "a spreadsheet formula": "=cmd|' /C calc'!A0",
    "a formula with a sign": "+1+1",
    "a formula with a minus": "-1+1",
    "a function": "@SUM(A1)",
    "a formula after a tab": "\t=1+1",
    "quotes": '"; "',
    "a comma and a quote": 'a,"b',
    "half a surrogate pair": "\udcff",
    "a megabyte": "x" * 2**20,
}


def table_with(text: str) -> Table:
    """`text` wherever a record has text that reaches a table."""
    done = record(model="gan")
    provenance = done.provenance.model_copy(
        update={"smaller": (text,), "environment": {"device": text}, "preset": text}
    )
    cells = {
        "gan": cell_from([done.model_copy(update={"provenance": provenance})]),
        "dbn": cell_from([record(model="dbn", status="error", reason=text)]).model_copy(
            update={"problem": text}
        ),
    }
    column = Column(kind="preset", dataset="mnist", preset="standard", cells=cells)
    return Table(name="mnist", rows=("gan", "dbn"), columns=(column,))


def markdown_cells(line: str) -> list[str]:
    """The cells of a row of a GFM table: a pipe after a backslash is text, unless that backslash is."""
    return re.findall(r"(?:\\.|[^|\\])+", line.strip().strip("|"))


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", "", text)


@cases({f"md: {name}": text for name, text in HOSTILE.items()})
def test_markdown_keeps_rows_and_columns_and_no_records_markup(case: str) -> None:
    shown, sound = (render(table_with(text), "md") for text in (case, "harmless"))
    assert len(shown.splitlines()) == len(sound.splitlines())
    for line, model in zip(shown.splitlines(), sound.splitlines(), strict=True):
        assert line.isprintable()
        if model.startswith("|"):
            assert len(markdown_cells(line)) == len(markdown_cells(model))
            assert not re.search(r"[<`$]|\[", unescaped(line))


@cases({f"latex: {name}": text for name, text in HOSTILE.items()})
def test_latex_keeps_rows_and_columns_and_runs_no_command(case: str) -> None:
    shown, sound = (render(table_with(text), "latex") for text in (case, "harmless"))
    assert len(shown.splitlines()) == len(sound.splitlines())
    commands = re.compile(r"\\([a-zA-Z]+)")
    known = {*commands.findall(sound), "textbackslash", "textasciitilde", "ensuremath"}
    assert set(commands.findall(shown)) <= known
    for line, model in zip(shown.splitlines(), sound.splitlines(), strict=True):
        assert len(re.findall(r"(?<!\\)&", line)) == len(re.findall(r"(?<!\\)&", model))
        if not line.startswith("%"):
            assert not re.search(r"(?<!\\)[%$#_]", line.replace(r"\ensuremath", ""))


@cases({f"csv: {name}": text for name, text in HOSTILE.items()})
def test_csv_keeps_its_rows_and_holds_no_formula(case: str) -> None:
    shown, sound = (
        list(csv.reader(io.StringIO(render(table_with(text), "csv")))) for text in (case, "harmless")
    )
    assert [len(row) for row in shown] == [len(row) for row in sound]
    for row in shown:
        for entry in row:
            assert entry.isprintable()
            assert not re.match(r"[=@+\t\r]", entry)
            assert not entry.startswith("-") or re.fullmatch(r"-[\d.]+(e[+-]?\d+)?", entry)


@pytest.mark.parametrize("name", HOSTILE)
def test_json_gives_the_text_back_as_it_is(name: str) -> None:
    whole = json.loads(render(table_with(HOSTILE[name]), "json"))
    assert whole["rows"][1]["columns"]["Preset standard"]["problem"] == HOSTILE[name]


@pytest.mark.parametrize("form", ["md", "csv", "latex"])
def test_any_rendering_can_be_written_to_a_file(form: Format) -> None:
    for text in HOSTILE.values():
        render(table_with(text), form).encode()


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet="\\|`<$[]!*_=+-@\n\r\t\0\x1b\u2028é"))
def test_escapes_are_one_line_and_lose_nothing_printable(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert one_line(line) == line
    if text.isprintable():
        assert line == text
        assert re.sub(r"\\([\\|`<$\[])", r"\1", markdown_cell(text)) == text
        assert csv_cell(text).removeprefix("'") == text.removeprefix("'")
    assert len(markdown_cells(f"|{markdown_cell(text)}x|")) == 1
