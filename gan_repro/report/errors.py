"""What each ± is over, row by row: the paper's, one net's over test images, that over training seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gan_repro.tables.cell import CUT, seed_count
from gan_repro.tables.render import markdown
from gan_repro.tables.table import PRINTED_ROWS, Column
from gan_repro.trials.rows import label

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_ABOUT = """On MNIST the caption of Table 1 says of the ±: standard error of the mean across test examples.
How far a training from another seed would land is another quantity: the standard deviation over trainings.
The error of their mean is smaller, by the root of their number. Each row at its best by search, or as
published where only that was trained in full (*: neither was, from two seeds or more) or where that has more
seeds; nats. On TFD the paper's ± is across folds."""


def errors(material: Material) -> str:
    """The errors of the four rows on MNIST beside the printed ones; empty where none has a score."""
    table = material.tables["mnist"]
    rows = []
    for row in PRINTED_ROWS:
        columns = [c for c in table.columns if row in c.cells and c.cells[row].score]
        if not columns:
            continue
        column = max(columns, key=lambda c: _worth(c, row))
        cell = column.cells[row]
        printed, score = table.printed(row), cell.score
        over_seeds = score.standard_error if score and score.over == "training seeds" else None
        deviation = None if over_seeds is None else over_seeds * math.sqrt(len(cell.counted))
        rows.append(
            [
                label(row),
                "" if printed is None else f"{printed.standard_error:g}",
                "" if cell.error_of_one is None else f"{cell.error_of_one:.1f}",
                "one seed: undefined" if deviation is None else f"{deviation:.1f}",
                "" if over_seeds is None else f"{over_seeds:.1f}",
                seed_count(cell),
                f"{column.kind} {CUT}" if cell.smaller else column.kind,
            ]
        )
    if not rows:
        return ""
    header = [
        "Row", "Printed ±", "One net, over test images", "Deviation over trainings", "Error of their mean",
        "Seeds", "Column",
    ]  # fmt: skip
    return "\n\n".join(["## What the ± are over", _ABOUT, markdown(header, rows)])


def _worth(column: Column, row: str) -> tuple[bool, bool, int, bool]:
    cell = column.cells[row]
    # One seed has no deviation.
    return len(cell.counted) > 1, not cell.smaller, len(cell.counted), column.kind == "best by search"
