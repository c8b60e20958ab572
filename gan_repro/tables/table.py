"""Tables with typed columns, as a pure function of records.

A data set's recorded table has the columns paper | as published | best by search, then one for each preset
with what these do not show. A user's table has paper | recorded | this run. All sets of faces stand in one
table, beside what the paper prints for the Toronto Face Database (TFD).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import data, paper
from gan_repro.experiments import chains
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import Cell
from gan_repro.tables.collapse import Floor, floors
from gan_repro.tables.collect import Placed, cell_from, cell_of
from gan_repro.tables.measures import Measured, measured
from gan_repro.tables.published import from_chains
from gan_repro.tables.supplied import Supplied
from gan_repro.trials import rows
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.published import SEARCHED, WITH_CHAINS

Kind = Literal["as published", "best by search", "preset", "recorded", "this run"]

PRINTED_ROWS = tuple(row.model for row in paper.TABLE_1)
REFERENCE_ROWS = tuple(name for name in paper.LABELS if name not in PRINTED_ROWS)
"""Rows that hold no trained net and have nothing to search for."""

BEST_BY_SEARCH: Mapping[str, str] = {row: SEARCHED.get(row, row) for row in PRINTED_ROWS}
"""By row of the paper, the row whose trials run the best of its search (rule `best_by_search`)."""


class Column(BaseModel):
    """A column of our own: what it shows of which data set, and a cell a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    dataset: str
    preset: str | None = None
    """Of kinds `preset` and `this run`."""
    cells: Mapping[str, Cell]

    @property
    def stand_in(self) -> bool:
        """Whether its images are other faces than the paper's, in the paper's table of faces."""
        return table_name(self.dataset) != self.dataset


class Table(BaseModel):
    """One data set's table: what the paper printed, and columns of our own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """mnist, tfd (all faces), or another data set that the paper does not score."""
    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    measured: Measured | None = None
    """The published rows by other measures than the Parzen score."""
    supplied: tuple[Supplied, ...] = ()
    """Rows that stand below the table."""

    def printed(self, row: str) -> Estimate | None:
        """What the paper prints for a row of this table."""
        return paper.printed(row, self.name)

    def cells(self) -> Iterator[tuple[str, Column, Cell]]:
        """Every cell that is there, row by row."""
        for row in self.rows:
            for column in self.columns:
                if row in column.cells:
                    yield row, column, column.cells[row]

    def column(self, kind: Kind, dataset: str | None = None) -> Column | None:
        """The first column of a kind, of a data set if one is named."""
        found = (c for c in self.columns if c.kind == kind and dataset in (None, c.dataset))
        return next(found, None)


def table_name(dataset: str) -> str:
    """The table in which a data set has its columns: all face sets stand in that of the Toronto faces."""
    return "tfd" if dataset == "tfd" or data.entry(dataset).stand_in else dataset


def recorded_table(
    records: Iterable[TrialRecord] | Placed,
    name: str,
    experiments: Mapping[str, ExperimentRecord] | None = None,
) -> Table:
    """Make the table of a results folder: each trial in the leftmost column that it belongs to.

    Args:
        records: the trials, of any data set.
        name: of the table (`table_name`).
        experiments: by name; one of them samples rows with Markov chains as published, another measures the
            quality of all rows' samples.
    """
    placed = records if isinstance(records, Placed) else Placed(records)
    columns: list[Column] = []
    for dataset in data.names():
        if table_name(dataset) == name:
            views = _views(placed, dataset, (experiments or {}).get(chains.NAME))
            # What an experiment sampled anew are the nets of trials that stand elsewhere.
            shown = {t for c in views for cell in c.cells.values() if cell.sampling for t in cell.trials}
            columns += [*views, *_preset_columns(placed, dataset, shown)]
    return _table(name, columns, measured(placed.records, experiments or {}, name))


def headline(table: Table) -> Table:
    """The table's rows of the paper and the references, with the columns that compare them."""
    shown = tuple(row for row in table.rows if row in paper.LABELS)
    columns = [c for c in table.columns if c.kind != "preset"]
    columns = columns or [c for c in table.columns if c.preset in FULL_SIZE]
    # Where sets of faces stand in for one that is not here, theirs are what there is to show.
    columns += [c for c in table.columns if c.stand_in and c.preset in FULL_SIZE and c not in columns]
    return Table(name=table.name, rows=shown, columns=tuple(columns))


def run_table(
    dataset: str,
    preset: str,
    *,
    published: Iterable[TrialRecord] | None,
    own: Mapping[str, Sequence[TrialRecord]],
    problems: Mapping[str, str] | None = None,
    experiments: Mapping[str, ExperimentRecord] | None = None,
) -> Table:
    """Make the table of a user's run: paper | recorded | this run.

    Args:
        dataset: the data set that was run.
        preset: the name of the preset.
        published: the published records, of which each row's completest full-size preset is shown; None where
            they are not at hand.
        own: by row that was asked for, its records of this run; empty where there is none.
        problems: by row, why it has no record, or not all of them.
        experiments: the published ones, by name.
    """
    placed = Placed(record for record in published or () if record.spec.data.name == dataset)
    # The published floor counts: that of a small preset is one of fewer samples.
    found = floors(record for each in own.values() for record in each) | floors(placed.records)
    floor = found.get(dataset)
    shown = {row: completest_cell(placed, dataset, row, floor) for row in rows.names(dataset)}
    this_run = {}
    for row, records in own.items():
        cell = cell_from(records, row=row, preset=preset, floor=floor)
        problem = (problems or {}).get(row)
        this_run[row] = cell.model_copy(update={"problem": problem}) if problem else cell
    columns = [
        Column(kind="recorded", dataset=dataset, cells={row: cell for row, cell in shown.items() if cell}),
        Column(kind="this run", dataset=dataset, preset=preset, cells=this_run),
    ]
    qualities = measured(placed.records, experiments or {}, dataset)
    return _table(table_name(dataset), columns if published is not None else columns[1:], qualities)


def _table(name: str, columns: Sequence[Column], found: Measured | None) -> Table:
    filled = {row for column in columns for row in column.cells}
    shown = [row for row in rows.names(name) if row in filled or row in paper.LABELS]
    # Rows that others add stand below ours.
    shown += sorted(filled - set(shown))
    return Table(name=name, rows=tuple(shown), columns=tuple(columns), measured=found)


def _views(placed: Placed, dataset: str, sampled: ExperimentRecord | None) -> list[Column]:
    """The two ways in which the rows of the paper are compared, on the data sets of Table 1."""
    if not any(paper.printed(row, dataset) for row in PRINTED_ROWS):
        return []
    floor = floors(placed.records).get(dataset)
    published: dict[str, Cell | None] = {}
    for row in paper.LABELS:
        if dataset == "mnist" and row in WITH_CHAINS:
            published[row] = from_chains(sampled, placed, dataset, row, floor)
        else:
            published[row] = completest_cell(placed, dataset, row, floor)
    found = [_column("as published", dataset, published)]
    if dataset == "mnist":  # where the search was
        presets = _in_common(placed, dataset, BEST_BY_SEARCH.values())
        best = {
            r: completest_cell(placed, dataset, ours, floor, presets) for r, ours in BEST_BY_SEARCH.items()
        }
        found.append(_column("best by search", dataset, best))
    return [column for column in found if column.cells or column.kind == "as published"]


def _column(kind: Kind, dataset: str, cells: Mapping[str, Cell | None]) -> Column:
    return Column(kind=kind, dataset=dataset, cells={row: cell for row, cell in cells.items() if cell})


def _in_common(placed: Placed, dataset: str, names: Iterable[str]) -> Sequence[str]:
    """The completest full-size preset under which all these rows have a score; all of them where none has."""
    shared = (p for p in FULL_SIZE if all(placed.has_score(dataset, name, p) for name in names))
    return next(([preset] for preset in shared), list(FULL_SIZE))


def completest_cell(
    placed: Placed, dataset: str, row: str, floor: Floor | None, presets: Sequence[str] = FULL_SIZE
) -> Cell | None:
    """Make the cell of a row under the first of the presets that has a score, or else that has any record."""
    ordered = sorted(presets, key=lambda preset: not placed.has_score(dataset, row, preset))
    cells = (cell_of(placed, dataset, row, preset, floor) for preset in ordered)
    return next((cell for cell in cells if cell is not None), None)


def _preset_columns(placed: Placed, dataset: str, shown: set[str]) -> Iterator[Column]:
    """What each preset holds that no column on the left shows."""
    floor = floors(placed.records).get(dataset)
    for preset in placed.presets(dataset):
        cells = {row: cell_of(placed, dataset, row, preset, floor) for row in rows.names(dataset)}
        new = {row: cell for row, cell in cells.items() if cell and not set(cell.trials) <= shown}
        if new:
            yield Column(kind="preset", dataset=dataset, preset=preset, cells=new)
            shown |= {trial for cell in new.values() for trial in cell.trials}
