"""How tables of rows are written down: Markdown, CSV, JSON, LaTeX, HTML; and the other tables of reports.

A text is a pure function of its table: no clock, no machine, the same bytes every time.
"""

from __future__ import annotations

import html as markup
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from gan_repro import paper
from gan_repro.tables import breakdown, measures, words
from gan_repro.tables.cell import CUT, UNFINISHED, Cell, brief_text, cell_text
from gan_repro.tables.likelihood import likelihood_grid
from gan_repro.tables.likelihood import notes as likelihood_notes
from gan_repro.tables.machine import as_csv, as_json
from gan_repro.tables.table import REFERENCE_ROWS, Column, Table
from gan_repro.trials.rows import label
from gan_repro.util.text import markdown_cell, one_line

Format = Literal["md", "csv", "json", "latex"]
SUFFIXES: Mapping[Format, str] = {"md": "md", "csv": "csv", "json": "json", "latex": "tex"}

WIDTH = 100
"""The longest line, in characters, that a command prints."""
_MOST_LINES = 8
CODE = "`["
"""For `keep`: characters not escaped in cells that hold our own code marks and intervals."""
PROSE = CODE + "|"
"""For `keep`: characters not escaped in sentences, which hold bars, too."""


def markdown(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, keep: str = "", width: int | None = None
) -> str:
    """Write a table in Markdown; what would break its cells is escaped.

    Args:
        header: a heading a column.
        rows: the cells, as many in each row.
        keep: characters that are left alone, as in `util.text.markdown_cell`.
        width: of the longest line, in characters, if it is to be kept: long cells go on in a row below.
    """
    from tabulate import tabulate

    safe = [[markdown_cell(text, keep=keep) for text in row] for row in rows]
    limits = None if width is None else _limits(header, safe, width)
    return tabulate(safe, header, tablefmt="github", disable_numparse=True, maxcolwidths=limits)


def html(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in HTML from cells that are HTML already (`escape` makes them of text)."""
    from tabulate import tabulate

    return tabulate([list(row) for row in rows], header, tablefmt="unsafehtml", disable_numparse=True)


def escape(text: object) -> str:
    """Text of unknown origin as HTML that shows it as it is."""
    return markup.escape(one_line(text))


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def render(table: Table, form: Format) -> str:
    """Write the whole table in one of the formats, ending in a newline."""
    return {"md": _md, "csv": as_csv, "json": as_json, "latex": _latex}[form](table)


def first_table(table: Table) -> str:
    """Write the main table alone, in Markdown."""
    return markdown(*_main(table))


def render_compact(table: Table) -> str:
    """Write what a run prints: the data set, a table of at most `WIDTH` characters, a few lines under it."""
    asked = {row for row, column, _ in table.cells() if column.kind == "this run"}
    table = table.model_copy(update={"rows": tuple(r for r in table.rows if r in asked or r in paper.LABELS)})
    cells = [cell for _, column, cell in table.cells() if column.kind == "this run"]
    counts = " or ".join(f"{n:,}" for n in sorted({n for cell in cells for n in cell.n_samples}))
    lines = [
        f"Mean test log-likelihood in nats, Parzen windows{f' on {counts} samples' if counts else ''}.",
        *words.error_notes(cell for _, _, cell in table.cells()),
    ]
    if any(column.stand_in for column in table.columns):
        lines.append("These are other faces than TFD's: the numbers reproduce nothing of the paper's.")
    marks = "".join(cell_text(cell) for _, _, cell in table.cells())
    if CUT in marks:
        lines.append(f"{CUT} smaller or trained for less than the reference.")
    if UNFINISHED in marks:
        lines.append(f"{UNFINISHED} not finished: the best validation likelihood so far, no score.")
    problems = [
        f"{label(row)}: {one_line(cell.problem)}"
        for row, column, cell in table.cells()
        if column.kind == "this run" and cell.problem
    ]
    lines = [line for text in lines for line in textwrap.wrap(text, WIDTH)]
    lines += _fitting(problems, _MOST_LINES - 1 - len(lines))
    lines.append("--details: seeds, sigma, cuts, cost of samples, other measures.")
    header, rows = _main(table, brief_text)
    body = markdown(header, rows, width=WIDTH)
    return "\n".join([f"## {words.title(table)}", "", body, "", *lines]) + f"\n{_supplied(table, WIDTH)}"


def render_details(table: Table) -> str:
    """Write all that a table knows, in Markdown: notes, seed by seed, what samples cost, other measures."""
    parts = ["\n".join(f"- {note}" for note in words.notes(table))]
    for before, (header, rows) in (
        ("", breakdown.cells(table)),
        ("Seed by seed:", breakdown.seeds(table)),
        (breakdown.SAMPLING_NOTE, breakdown.sampling(table)),
    ):
        if rows:
            parts += [before, markdown(header, rows)]
    if (found := table.measured) is not None:
        parts += [
            "The published rows by other measures:",
            markdown(*measures.values_grid(found, errors=True)),
            markdown(*measures.agreement_grid(found)),
            measures.notes(found),
        ]
    if (found := table.measured_beside) is not None:
        values = markdown(*measures.values_grid(found, errors=True))
        parts += ["The same by distances between pixels, without a net:", values]
    if table.likelihoods:
        parts += [
            "The likelihood of the nets themselves:",
            markdown(*likelihood_grid(table.likelihoods)),
            likelihood_notes(table.likelihoods),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _fitting(problems: Sequence[str], room: int) -> list[str]:
    """The problems on so many lines: in full if they fit, or else cut short, or else counted."""
    whole = [line for problem in problems for line in textwrap.wrap(problem, WIDTH)]
    if len(whole) <= room:
        return whole
    shown = problems if len(problems) <= room else problems[: room - 1]
    lines = [textwrap.shorten(problem, WIDTH, placeholder=" ...") for problem in shown]
    left = len(problems) - len(shown)
    return [*lines, f"{left} more rows have a problem."] if left else lines


def _limits(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column may be: the widest give way first."""
    widths = [max(len(text) for text in column) for column in zip(header, *rows, strict=True)]
    room = width - 3 * len(widths) - 1
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return widths


def _main(table: Table, say: Callable[[Cell | None], str] = cell_text) -> breakdown.Grid:
    rows = [
        [label(row), words.as_printed(table.printed(row)), *(_text(row, c, say) for c in table.columns)]
        for row in table.rows
    ]
    return ["Row", words.paper_heading(table), *map(words.heading, table.columns)], rows


def _text(row: str, column: Column, say: Callable[[Cell | None], str]) -> str:
    if row in column.cells:
        return say(column.cells[row])
    # A preset shows only what stands in no other column, and a run what was asked for.
    silent = column.kind in ("preset", "this run") or row not in paper.LABELS
    silent = silent or (row in REFERENCE_ROWS and column.kind == "best by search")
    return "" if silent else cell_text(None)


def _md(table: Table) -> str:
    return f"{first_table(table)}\n\n{render_details(table)}{_supplied(table)}"


def _supplied(table: Table, width: int | None = None) -> str:
    """Write the supplied rows under a rule, in Markdown; empty where there are none."""
    if not table.supplied:
        return ""
    rows = markdown(*breakdown.supplied(table), width=width)
    return f"\n---\n\n{words.SUPPLIED} (± over test images):\n\n{rows}\n"


def _latex(table: Table) -> str:
    from tabulate import tabulate

    header, rows = _main(table)
    comments = "".join(f"% {note}\n" for note in words.notes(table))
    tables = [(header, rows)] + ([breakdown.supplied(table)] if table.supplied else [])
    # tabulate escapes what LaTeX would take for commands, but not the end of a line.
    written = [
        tabulate(
            [[one_line(t) for t in r] for r in rows], header, tablefmt="latex_booktabs", disable_numparse=True
        )
        for header, rows in tables
    ]
    return comments + f"\n\n\\medskip {words.SUPPLIED} (± over test images):\n\n".join(written) + "\n"
