"""Text of unknown origin (records, file names, error messages) made safe for the place where it is shown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_LONGEST = 2000
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\|`<$["})
"""What would end a cell, or begin code, HTML, a formula or a link."""


def one_line(text: object) -> str:
    r"""`text` as one printable line: what is not printable appears as an escape (\n, \x1b, \udcff).

    So it can neither break a line nor steer a terminal, and can be written in any encoding that has the rest.
    """
    whole = str(text)
    shown = whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}..."
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in shown)


def first_line(error: BaseException) -> str:
    """The first line of an error's message that says something, or else the kind of the error."""
    lines = (line.strip() for line in str(error).splitlines())
    return one_line(next((line for line in lines if line), type(error).__name__))


def describe_error(error: BaseException) -> str:
    """The kind of an error and the first line of its message; the kind alone where it has none."""
    kind, line = type(error).__name__, first_line(error)
    return kind if line == kind else f"{kind}: {line}"


def suggestion(name: str, known: Sequence[str], otherwise: str, *, most: int = 3) -> str:
    """Ask whether one of `known` was meant by a wrong name, or say `otherwise` where none is like it.

    Upper and lower case are alike; at most `most` names are offered.
    """
    by_lower = {one.lower(): one for one in known}
    near = [by_lower[lower] for lower in difflib.get_close_matches(name.lower(), by_lower, n=most)]
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def markdown_cell(text: str, *, keep: str = "") -> str:
    """`text` for a cell of a Markdown table, where it shows as it is.

    `keep` names characters that are left alone: those of our own markup, and brackets that begin no link.
    """
    kept = {ord(character): character for character in keep}
    return one_line(text).translate(_MARKDOWN | kept)


def csv_cell(text: str) -> str:
    """`text` for a cell of a CSV file: a spreadsheet takes it for text, never for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
