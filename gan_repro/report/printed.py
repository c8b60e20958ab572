"""What is printed from the records: the tables beside them, those in README.md, REPORT.md and its pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gan_repro.experiments.results import Results, load_results
from gan_repro.report import pages
from gan_repro.report.material import Material
from gan_repro.tables.collect import Placed
from gan_repro.tables.files import files
from gan_repro.tables.render import first_table
from gan_repro.tables.table import headline, recorded_table, table_name

_README = "README.md"
_REMEDY = "run python -m gan_repro.report"
_BLOCK = re.compile(
    r"(?P<head><!-- recorded(?: (?P<dataset>[\w-]+))? -->\n).*?(?P<tail>\n<!-- /recorded -->)", re.DOTALL
)


class Difference(NamedTuple):
    """A file that is not what the records give."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def printed(results: Path | Results) -> dict[Path, str]:
    """By path, the text that the records give each file.

    README.md, if there is one, and REPORT.md stand beside the results folder.
    """
    found = results if isinstance(results, Results) else load_results(results)
    material = Material.of(found)
    root, texts = found.folder.resolve().parent, _tables(found)
    readme = root / _README
    if readme.exists():
        texts[readme] = _with_tables(material, readme.read_text(encoding="utf-8"))
    texts[root / pages.NAME] = pages.report(material)
    for name, text in pages.pages(material).items():
        texts[found.folder / pages.FOLDER / f"{name}.md"] = text
    return texts


def differences(texts: Mapping[Path, str]) -> list[Difference]:
    """The first line in which each file differs from the text that the records give it."""
    problems = []
    for path, expected in texts.items():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            problems.append(Difference(path.name, f"cannot be read; {_REMEDY}"))
            continue
        if text != expected:
            problems.append(Difference(path.name, f"{_first_difference(text, expected)}; {_REMEDY}"))
    return problems


def check_printed(results: Path | Results) -> list[Difference]:
    """What is printed and is not what the records give."""
    texts = printed(results)
    readme = next((text for path, text in texts.items() if path.name == _README), None)
    if readme is None:
        # A results folder of one's own has its tables and need not have a report.
        return differences({path: text for path, text in texts.items() if path.name.startswith("table1_")})
    problems = differences(texts)
    if not _BLOCK.search(readme):
        problems.append(Difference(_README, "has no table between <!-- recorded --> and <!-- /recorded -->"))
    return problems


def _tables(results: Results) -> dict[Path, str]:
    """The files of every table that has a column, or was written before."""
    recorded = {table_name(record.spec.data.name) for record in results.trials}
    written = {path.stem.removeprefix("table1_") for path in results.folder.glob("table1_*.*")}
    placed, texts = Placed(results.trials), dict[Path, str]()
    for name in sorted(recorded | written):
        table = recorded_table(placed, name, results.experiments)
        if name in written or any(column.cells for column in table.columns):
            texts |= files(results.folder, placed, name, results.experiments)
    return texts


def _with_tables(material: Material, readme: str) -> str:
    """README.md with the main rows of a data set's table between each pair of marks.

    The marks are <!-- recorded --> (or <!-- recorded DATASET -->) and <!-- /recorded -->.
    """

    def table(block: re.Match[str]) -> str:
        recorded = recorded_table(material.placed, block["dataset"] or "mnist", material.experiments)
        return block["head"] + first_table(headline(recorded)) + block["tail"]

    return _BLOCK.sub(table, readme)


def _first_difference(text: str, expected: str) -> str:
    """The first line in which `text` is not as `expected`, with both."""
    lines, others = text.split("\n"), expected.split("\n")
    for number, (line, other) in enumerate(zip(lines, others, strict=False), start=1):
        if line != other:
            return f"line {number} is {line!r}, the records give {other!r}"
    return f"has {len(lines)} lines, the records give {len(others)}"
