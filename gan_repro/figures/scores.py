"""The table as a picture: what was printed, what is recorded, what every ± is over, ceilings and floors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.figures.style import BLUE, ORANGE, new_figure
from gan_repro.stats.estimate import Estimate
from gan_repro.trials import rows
from gan_repro.verdicts.evidence import Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gan_repro.trials.records import TrialRecord


def all_scores(records: Sequence[TrialRecord], dataset: str) -> Figure:
    """Test log-likelihood (nats) of the recorded trials beside the paper's, rows from top to bottom.

    Of each row the completest preset counts. A trial is a point with its own error; where a row has several
    seeds, their mean stands below with the error over seeds. The reference rows, which hold no trained net,
    are lines: ceilings within the picture, the floor named in the legend where it lies off to the left.
    """
    figure = new_figure(7, 4.8)
    axes = figure.subplots()
    evidence = Evidence(records)
    scores = {row: _scores(evidence, row, dataset) for row in rows.names(dataset)}
    drawn = [row.model for row in paper.TABLE_1 if row.model in scores]
    shown = [score.value for row in drawn for score in scores[row]]
    shown += [printed.value for row in drawn if (printed := paper.printed(row, dataset)) is not None]
    left = min(shown, default=0.0) - 30
    drawn += [row for row, found in scores.items() if row not in paper.LABELS and found]
    for place, row in enumerate(drawn):
        printed = paper.printed(row, dataset)
        found = scores[row]
        if printed is not None:
            _point(axes, printed, place - 0.25, "s", "black", f"the paper; ± over {printed.over}")
        for number, score in enumerate(found):
            _point(
                axes, score, place - 0.1 + 0.08 * number, "o", BLUE, f"a recorded trial; ± over {score.over}"
            )
        if len(found) > 1:
            mean = Estimate.from_values([score.value for score in found], "training seeds")
            at = place - 0.1 + 0.08 * len(found)
            _point(axes, mean, at, "D", ORANGE, f"mean of its trials; ± over {mean.over}")
        off = [f"{score.value:.0f}" for score in found if score.value < left]
        if off and row not in paper.LABELS:
            # One collapse would press everything else together.
            axes.annotate(
                f"◂ off to the left: {', '.join(off)}", (0.01, place - 0.25), fontsize=8,
                xycoords=("axes fraction", "data"),
            )  # fmt: skip
    for row in [row for row in scores if row in paper.LABELS and row not in drawn]:
        found, style = scores[row], rows.style(row)
        if found:
            value = sum(score.value for score in found) / len(found)
            label = f"{paper.LABELS[row]}: {value:.0f}{' (off to the left)' if value < left else ''}"
            axes.axvline(value, color=style.colour, linestyle=style.line, linewidth=1.5, label=label)
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


def _point(axes: Axes, score: Estimate, height: float, marker: str, colour: str, label: str) -> None:
    axes.errorbar(
        score.value, height, xerr=score.standard_error, fmt=marker, color=colour, markersize=4, capsize=3,
        linewidth=1.2, label=label,
    )  # fmt: skip


def _scores(evidence: Evidence, row: str, dataset: str) -> list[Estimate]:
    return [record.score.log_likelihood for record in evidence.trials(dataset, row).records]
