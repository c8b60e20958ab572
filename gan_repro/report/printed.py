"""What is printed from the records: the tables beside them, those in README.md, REPORT.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gan_repro import report
from gan_repro.audit.problem import Problem
from gan_repro.tables import columns
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.store import RecordStore

_README = "README.md"
_REMEDY = "run python -m gan_repro.report"
_BLOCK = re.compile(
    r"(?P<head><!-- recorded(?: (?P<dataset>[\w-]+))? -->\n).*?(?P<tail>\n<!-- /recorded -->)", re.DOTALL
)


def printed(results: Path) -> dict[Path, str]:
    """By path, the text that the records give each file.

    README.md, if there is one, and REPORT.md stand beside `results`.
    """
    store = RecordStore(results)
    recorded = {columns.table_name(record.spec.data.name) for record in store}
    written = {path.stem.removeprefix("table1_") for path in results.glob("table1_*.*")}
    files: dict[Path, str] = {}
    for name in sorted(recorded | written):
        if name in written or columns.recorded_table(store, name).columns:
            files |= columns.files(store, name)
    readme = results.resolve().parent / _README
    if readme.exists():
        files[readme] = _with_tables(store, readme.read_text(encoding="utf-8"))
    files[readme.with_name(report.NAME)] = report.render(results)
    return files


def differences(files: Mapping[Path, str]) -> list[Problem]:
    """The first line in which each file differs from the text that the records give it."""
    problems = []
    for path, expected in files.items():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            problems.append(Problem(path.name, f"cannot be read; {_REMEDY}"))
            continue
        if text != expected:
            problems.append(Problem(path.name, f"{_first_difference(text, expected)}; {_REMEDY}"))
    return problems


def check_printed(results: Path) -> list[Problem]:
    """What is printed and is not what the records give."""
    files = printed(results)
    readme = next((text for path, text in files.items() if path.name == _README), None)
    if readme is None:
        # A results folder of one's own has its tables and need not have a report.
        return differences({path: text for path, text in files.items() if path.name != report.NAME})
    problems = differences(files)
    if not _BLOCK.search(readme):
        problems.append(Problem(_README, "has no table between <!-- recorded --> and <!-- /recorded -->"))
    return problems


def _with_tables(store: RecordStore, readme: str) -> str:
    """README.md with the first table of a data set's full-size presets between each pair of marks.

    The marks are <!-- recorded --> (or <!-- recorded DATASET -->) and <!-- /recorded -->.
    """

    def table(block: re.Match[str]) -> str:
        recorded = columns.recorded_table(store, block["dataset"] or "mnist", FULL_SIZE)
        return block["head"] + recorded.render("md").split("\n\n")[0].strip() + block["tail"]

    return _BLOCK.sub(table, readme)


def _first_difference(text: str, expected: str) -> str:
    """The first line in which `text` is not as `expected`, with both."""
    lines, others = text.split("\n"), expected.split("\n")
    for number, (line, other) in enumerate(zip(lines, others, strict=False), start=1):
        if line != other:
            return f"line {number} is {line!r}, the records give {other!r}"
    return f"has {len(lines)} lines, the records give {len(others)}"
