"""The table as a picture: what was printed, what is recorded, what every ± is over, ceilings and floors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.figures.style import BLUE, ORANGE, look, new_figure
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import Cell
from gan_repro.tables.collect import Placed
from gan_repro.tables.table import PRINTED_ROWS, REFERENCE_ROWS
from gan_repro.trials import rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gan_repro.trials.records import TrialRecord


def all_scores(records: Sequence[TrialRecord], dataset: str) -> Figure:
    """Test log-likelihood (nats) of the recorded trials beside the paper's, rows from top to bottom.

    Of each row the completest preset counts. A trial is a point with its own error; where a row has several
    seeds, the mean of those that have not collapsed stands below with the error over seeds. The reference
    rows, which hold no trained net, are lines: ceilings within the picture, the floor named in the legend
    where it lies off to the left.
    """
    figure = new_figure(7, 4.8)
    axes = figure.subplots()
    placed = Placed(record for record in records if record.spec.data.name == dataset)
    cells = {row: placed.completest_cell(dataset, row) or Cell() for row in rows.names(dataset)}
    drawn = [row for row in PRINTED_ROWS if row in cells]
    shown = [score.value for row in drawn for score in _scores(cells[row])]
    shown += [printed.value for row in drawn if (printed := paper.printed(row, dataset)) is not None]
    left = min(shown, default=0.0) - 30
    drawn += [row for row, cell in cells.items() if row not in paper.LABELS and cell.done]
    for place, row in enumerate(drawn):
        printed = paper.printed(row, dataset)
        if printed is not None:
            _point(axes, printed, place - 0.25, "s", "black", f"the paper; ± over {printed.over}")
        _draw_row(axes, cells[row], place)
        if row not in PRINTED_ROWS:
            _say_what_is_off(axes, cells[row], place, left)
    for row in REFERENCE_ROWS:
        cell = cells.get(row)
        if cell is not None and cell.score is not None:
            value, (colour, line) = cell.score.value, look(row)
            label = f"{paper.LABELS[row]}: {value:.0f}{' (off to the left)' if value < left else ''}"
            axes.axvline(value, color=colour, linestyle=line, linewidth=1.5, label=label)
    axes.set_xlim(left=left)
    axes.set_yticks(range(len(drawn)), [rows.label(row).replace(", ", ",\n") for row in drawn])
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.set_xlabel("mean test log-likelihood, nats; every ± is one standard error")
    axes.grid(axis="x", alpha=0.3)
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        once = dict(zip(labels, handles, strict=True))
        figure.legend(once.values(), once.keys(), fontsize=8, loc="outside lower center", ncols=2)
    return figure


def _draw_row(axes: Axes, cell: Cell, place: float) -> None:
    found = _scores(cell)
    for number, score in enumerate(found):
        label = f"a recorded trial; ± over {score.over}"
        _point(axes, score, place - 0.1 + 0.08 * number, "o", BLUE, label)
    if cell.score is not None and len(cell.counted) > 1:
        label = f"mean of its trials; ± over {cell.score.over}"
        _point(axes, cell.score, place - 0.1 + 0.08 * len(found), "D", ORANGE, label)


def _say_what_is_off(axes: Axes, cell: Cell, place: float, left: float) -> None:
    """Write down the scores that lie off to the left: one collapse would press everything else together."""
    off = [
        f"{seed.score.value:.0f}{' (collapsed)' if seed.collapsed else ''}"
        for seed in cell.done
        if seed.score is not None and seed.score.value < left
    ]
    if off:
        at = (0.01, place - 0.25)
        text = f"◂ off to the left: {', '.join(off)}"
        axes.annotate(text, at, fontsize=8, xycoords=("axes fraction", "data"))


def _point(axes: Axes, score: Estimate, height: float, marker: str, colour: str, label: str) -> None:
    axes.errorbar(
        score.value, height, xerr=score.standard_error, fmt=marker, color=colour, markersize=4, capsize=3,
        linewidth=1.2, label=label,
    )  # fmt: skip


def _scores(cell: Cell) -> list[Estimate]:
    return [seed.score for seed in cell.done if seed.score is not None]
