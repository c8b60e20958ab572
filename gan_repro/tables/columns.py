"""Which columns the table of a data set has, and the notes under it.

All sets of faces stand in one table, beside what the paper prints for the Toronto Face Database (TFD).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gan_repro import data, paper
from gan_repro.parzen.protocols import PROTOCOLS
from gan_repro.tables.cell import Cell, recorded_cells
from gan_repro.tables.table import SUFFIXES, Table
from gan_repro.trials import rows
from gan_repro.trials.presets import COMPLETEST_FIRST, PRESETS
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import atomic_write

TFD_OURS = "TFD, ours"


def table_name(dataset: str) -> str:
    """The table in which a data set has its columns: all face sets stand in that of the Toronto faces."""
    return "tfd" if dataset == "tfd" or data.entry(dataset).stand_in else dataset


def files(store: RecordStore, name: str) -> dict[Path, str]:
    """By path, the text of table1_NAME.md, .csv, .json and .tex beside the records they are made from."""
    table = recorded_table(store, name)
    return {
        store.folder.parent / f"table1_{name}.{suffix}": table.render(form)
        for form, suffix in SUFFIXES.items()
    }


def write_files(store: RecordStore, name: str) -> None:
    """Write what `files` gives."""
    for path, text in files(store, name).items():
        atomic_write(path, text)


def recorded_table(store: RecordStore, name: str, presets: Sequence[str] = COMPLETEST_FIRST) -> Table:
    """The table of a results folder: a column for each data set and preset that asked for trials on it."""
    records = list(store)
    columns: dict[str, dict[str, Cell]] = {}
    for dataset in data.names():
        if table_name(dataset) == name:
            asked = {record.provenance.preset for record in records if record.spec.data.name == dataset}
            found = {p: recorded_cells(records, dataset, [p]) for p in presets if p in asked}
            rows_found = {row for cells in found.values() for row in cells}
            columns |= {
                heading(dataset, f"preset {preset}"): cells | _not_run(preset, dataset, rows_found)
                for preset, cells in found.items()
                if cells
            }
            if dataset == "tfd" and not any(found.values()):
                columns[TFD_OURS] = {}
    return table_from(name, columns)


def _not_run(preset: str, dataset: str, row_names: Iterable[str]) -> dict[str, Cell]:
    """What stands where a preset has no such trial, so that nobody waits for one."""
    absent = Cell(problem="not in this preset")
    return {row: absent for row in row_names if not PRESETS[preset].has(row, dataset)}


def heading(dataset: str, what: str) -> str:
    """How a column is headed: a stand-in is called one."""
    if table_name(dataset) == dataset:
        return what if dataset != "tfd" else f"TFD, {what}"
    return f"{dataset} (stand-in), {what}"


def table_from(name: str, columns: dict[str, dict[str, Cell]]) -> Table:
    """The table of that name: the rows of the paper, and others for which a column has a cell."""
    filled = {row for cells in columns.values() for row in cells}
    shown = [row for row in rows.names(name) if row in filled or row in paper.LABELS]
    return Table(dataset=name, models=tuple(shown), columns=columns, notes=_notes(name, columns))


def _notes(name: str, columns: dict[str, dict[str, Cell]]) -> tuple[str, ...]:
    protocol = PROTOCOLS["authors-folds" if data.entry(name).folds else "authors"]
    notes = [
        "Mean log-likelihood of the test images in nats, under Gaussians on 10,000 samples of the model.",
        f"Protocol {protocol.name}, version {protocol.version}: {protocol.description}.",
    ]
    if data.entry(name).folds:
        notes += [
            "±: standard error across the five folds of the data set. It says nothing of other training"
            " seeds. The error across the test images of one fold is another quantity and stands apart.",
            "A stand-in is another set of faces, of the same image size: its numbers reproduce nothing of the"
            " paper's.",
        ]
        notes += [note for dataset, note in _FOLD_NOTES.items() if any(dataset in head for head in columns)]
    else:
        notes.append(
            "±: standard error of the mean across test examples of one trained model. It says nothing of"
            " other training seeds; the spread over seeds stands apart."
        )
    if not columns.get(TFD_OURS, True):
        notes.append(
            "TFD, ours: empty, because the Toronto Face Database is given out on request and is not here;"
            " with TFD_48x48.mat in the data folder, --datasets faces fills it."
        )
    if any(paper.printed(model, name) for model in paper.LABELS):
        notes.append("Paper: as printed in 2014; its first three rows were copied there from older papers.")
    stands = {
        (trial, cell.preset)
        for column in columns.values()
        for cell in column.values()
        for trial in cell.trials
    }
    if len({trial for trial, _ in stands}) < len(stands):
        notes.append("A trial in which preset standard cuts nothing is one of preset paper, too.")
    if any(cell.smaller for column in columns.values() for cell in column.values()):
        notes.append(
            "*: smaller or trained for less than the reference; the last column of the second table says how."
        )
    unfinished = [
        f"{rows.label(row)}, {column}: {cell.problem}"
        for column, cells in columns.items()
        for row, cell in cells.items()
        if cell.progress is not None
    ]
    if unfinished:
        notes.append(
            "†: not a score: training is not finished. The highest mean validation likelihood so far (refined"
            f" sigma) of the seed that has come furthest. {'; '.join(unfinished)}."
        )
    return tuple(notes)


_FOLD_NOTES = {
    "TFD": "TFD: one model, trained on the unlabelled images, is scored on all folds, as the authors did, so"
    " that the ± holds no spread of training. Its folds share images: their scores are not independent, and"
    " the ± is too small.",
    "fer2013": "fer2013: one model, trained on the same images for all folds, is scored on each. No test"
    " image is in two folds.",
    "orl": "orl: a model is trained for each fold; no person is in two parts of a fold.",
}
