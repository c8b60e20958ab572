"""What a table holds: typed columns of cells, beside what the paper prints. Data alone; `collect` fills it.

All sets of faces stand in one table, beside what the paper prints for the Toronto Face Database (TFD).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import data, paper
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import Cell
from gan_repro.tables.likelihood import Likelihood
from gan_repro.tables.measures import Measured
from gan_repro.tables.supplied import Supplied
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.verdicts.published import SEARCHED

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
    measured_beside: Measured | None = None
    """The same in the space of pixels, where the main space is another."""
    likelihoods: tuple[Likelihood, ...] = ()
    """Bounds of the published nets' own likelihood."""
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


def headline(table: Table) -> Table:
    """The table's rows of the paper and the references, with the columns that compare them."""
    shown = tuple(row for row in table.rows if row in paper.LABELS)
    columns = [c for c in table.columns if c.kind != "preset"]
    columns = columns or [c for c in table.columns if c.preset in FULL_SIZE]
    # Where sets of faces stand in for one that is not here, theirs are what there is to show.
    columns += [c for c in table.columns if c.stand_in and c.preset in FULL_SIZE and c not in columns]
    return Table(name=table.name, rows=shown, columns=tuple(columns))
