"""The tables as files beside the records that they are made from: table1_NAME.md, .csv, .json and .tex."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gan_repro.experiments.results import Results
from gan_repro.tables.collect import Placed, recorded_table
from gan_repro.tables.render import SUFFIXES, render
from gan_repro.tables.table import Table, table_name
from gan_repro.trials.plugged import find_plugged
from gan_repro.util.console import log
from gan_repro.util.files import atomic_write


def recorded_files(results: Results) -> dict[Path, str]:
    """By path, the text of the files of every table that has a column, or was written before."""
    recorded = {table_name(record.spec.data.name) for record in results.trials}
    written = {path.stem.removeprefix("table1_") for path in results.folder.glob("table1_*.*")}
    placed, texts = Placed(results.trials), dict[Path, str]()
    for name in sorted(recorded | written):
        table = recorded_table(placed, name, results.experiments)
        if name in written or any(column.cells for column in table.columns):
            texts |= _files(results.folder, table)
    return texts


def write_files(results: Results, datasets: Iterable[str]) -> None:
    """Write the tables of data sets, and warn of trials whose plug-in is not here: no table shows them.

    Raises:
        OSError: the folder cannot be written.
    """
    for id, reason in find_plugged(results.trials).items():
        log.warning("warning: trial %s %s", id, reason)
    placed = Placed(results.trials)
    for name in dict.fromkeys(map(table_name, datasets)):
        for path, text in _files(results.folder, recorded_table(placed, name, results.experiments)).items():
            atomic_write(path, text)


def _files(folder: Path, table: Table) -> dict[Path, str]:
    return {
        folder / f"table1_{table.name}.{suffix}": render(table, form) for form, suffix in SUFFIXES.items()
    }
