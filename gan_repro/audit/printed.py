"""Every printed number made again from the records: tables, the table in README.md, REPORT.md.

Stands above all that it checks, so nothing but the audit's command imports it.
"""

from __future__ import annotations

import re
from pathlib import Path

from gan_repro import columns, report
from gan_repro.audit.evidence import ReadOnlyStore
from gan_repro.audit.integrity import check_text, first_difference
from gan_repro.audit.problem import Problem
from gan_repro.tables import SUFFIXES
from gan_repro.trials.presets import FULL_SIZE

_BLOCK = re.compile(
    r"<!-- recorded(?: (?P<dataset>[\w-]+))? -->\n(?P<text>.*?)\n<!-- /recorded -->", re.DOTALL
)


def check_printed(results: Path) -> list[Problem]:
    """What is printed and is not what the records give. README.md and REPORT.md stand beside `results`."""
    store = ReadOnlyStore(results)
    recorded = {columns.table_name(record.spec.data.name) for record in store}
    written = {path.stem.removeprefix("table1_") for path in results.glob("table1_*.*")}
    problems = []
    for dataset in sorted(recorded | written):
        table = columns.recorded_table(store, dataset)
        if not table.columns and dataset not in written:
            continue
        for form, suffix in SUFFIXES.items():
            path = results / f"table1_{dataset}.{suffix}"
            problems += check_text(path, table.render(form), "run python -m gan_repro.table1 again")
    readme = results.resolve().parent / "README.md"
    if not readme.exists():
        return problems
    problems += _check_readme(store, readme.read_text(encoding="utf-8"))
    path = readme.with_name(report.NAME)
    return problems + check_text(path, report.render(results), "run python -m gan_repro.report")


def readme_table(store: ReadOnlyStore, dataset: str) -> str:
    """What README.md shows of a data set: the first table of the full-size presets."""
    return columns.recorded_table(store, dataset, FULL_SIZE).render("md").split("\n\n")[0].strip()


def _check_readme(store: ReadOnlyStore, readme: str) -> list[Problem]:
    """The tables between <!-- recorded --> (or <!-- recorded DATASET -->) and <!-- /recorded -->."""
    blocks = list(_BLOCK.finditer(readme))
    if not blocks:
        return [Problem("README.md", "has no table between <!-- recorded --> and <!-- /recorded -->")]
    problems = []
    for block in blocks:
        dataset = block["dataset"] or "mnist"
        expected, text = readme_table(store, dataset), block["text"].strip()
        if text != expected:
            what = f"table of {dataset}: {first_difference(text, expected)}"
            problems.append(Problem("README.md", what))
    return problems
