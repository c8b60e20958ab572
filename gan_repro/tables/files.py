"""The tables as files beside the records that they are made from: table1_NAME.md, .csv, .json and .tex."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gan_repro.tables.collect import Placed, recorded_table
from gan_repro.tables.render import SUFFIXES, render
from gan_repro.tables.table import Table, table_name
from gan_repro.trials.plugged import find_plugged
from gan_repro.trials.records import TrialRecord
from gan_repro.util.console import log
from gan_repro.util.files import atomic_write


def files(folder: Path, table: Table) -> dict[Path, str]:
    """By path, the text of the files of one table in a results folder."""
    return {
        folder / f"table1_{table.name}.{suffix}": render(table, form) for form, suffix in SUFFIXES.items()
    }


def write_files(folder: Path, records: Sequence[TrialRecord], datasets: Iterable[str]) -> None:
    """Write the tables of data sets, and warn of trials whose plug-in is not here: no table shows them.

    Raises:
        OSError: the folder cannot be written.
    """
    for id, reason in find_plugged(records).items():
        log.warning("warning: trial %s %s", id, reason)
    placed = Placed(records)
    for name in dict.fromkeys(map(table_name, datasets)):
        for path, text in files(folder, recorded_table(placed, name)).items():
            atomic_write(path, text)
