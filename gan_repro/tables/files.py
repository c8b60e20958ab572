"""The tables as files beside the records that they are made from: table1_NAME.md, .csv, .json and .tex."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gan_repro.experiments.record import ExperimentRecord
from gan_repro.tables.collect import Placed
from gan_repro.tables.render import SUFFIXES, render
from gan_repro.tables.table import recorded_table
from gan_repro.trials.records import TrialRecord
from gan_repro.util.files import atomic_write


def files(
    folder: Path,
    records: Iterable[TrialRecord] | Placed,
    name: str,
    experiments: Mapping[str, ExperimentRecord] | None = None,
) -> dict[Path, str]:
    """By path, the text of the files of one table in a results folder: arguments as of `recorded_table`."""
    table = recorded_table(records, name, experiments)
    return {folder / f"table1_{name}.{suffix}": render(table, form) for form, suffix in SUFFIXES.items()}


def write_files(folder: Path, records: Iterable[TrialRecord] | Placed, name: str) -> None:
    """Write what `files` gives.

    Raises:
        OSError: the folder cannot be written.
    """
    for path, text in files(folder, records, name).items():
        atomic_write(path, text)
