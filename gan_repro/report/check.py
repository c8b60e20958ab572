"""What is printed and is not what the records give: the first line in which a file differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gan_repro.report.printed import README, README_TABLE, Material, printed
from gan_repro.util.folders import RESULTS


class Difference(NamedTuple):
    """A file that is not what the records give."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def differences(texts: Mapping[Path, str], folder: Path) -> list[Difference]:
    """The first line in which each file differs from the text that the records of a folder give it."""
    remedy = "run python -m gan_repro.report" + ("" if folder == RESULTS else f" --results {folder}")
    problems = []
    for path, expected in texts.items():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            problems.append(Difference(path.name, f"cannot be read; {remedy}"))
            continue
        if text != expected:
            problems.append(Difference(path.name, f"{_first_difference(text, expected)}; {remedy}"))
    return problems


def check_printed(folder: Path) -> list[Difference]:
    """What is printed from the records of a results folder and is not what they give."""
    texts = printed(Material.read(folder))
    readme = next((text for path, text in texts.items() if path.name == README), None)
    if readme is None:
        # A results folder of one's own has its tables and need not have a report.
        tables = {path: text for path, text in texts.items() if path.name.startswith("table1_")}
        return differences(tables, folder)
    problems = differences(texts, folder)
    if not README_TABLE.search(readme):
        problems.append(Difference(README, "has no table between <!-- recorded --> and <!-- /recorded -->"))
    return problems


def _first_difference(text: str, expected: str) -> str:
    """The first line in which `text` is not as `expected`, with both."""
    lines, others = text.split("\n"), expected.split("\n")
    for number, (line, other) in enumerate(zip(lines, others, strict=False), start=1):
        if line != other:
            return f"line {number} is {line!r}, the records give {other!r}"
    return f"has {len(lines)} lines, the records give {len(others)}"
