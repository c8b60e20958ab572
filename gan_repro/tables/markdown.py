"""The little Markdown that the report needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_repro.util.text import markdown_cell

CELL = "`["
"""Left as they are in a cell: backticks are the report's own, and its brackets are intervals."""
PROSE = CELL + "|"
"""Left as they are in a sentence."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would break its cells is escaped."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(markdown_cell(text, keep=CELL) for text in row) + " |" for row in rows]
    return "\n".join(lines)


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
