"""The picture of a score: how well each width of window fits the validation images."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gan_repro.scoring.report import ScoreReport

_COLOURS = ("#0072B2", "#D55E00", "#009E73")
"""Okabe and Ito's, told apart by readers with any kind of colour vision."""


def draw_curves(report: ScoreReport) -> Figure:
    """Draw the curve of each protocol over log sigma, with a ring around the sigma chosen."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for (name, result), colour in zip(report.results.items(), _COLOURS, strict=False):
        sigmas, means = zip(*result.sigma_curve, strict=True)
        axes.plot(sigmas, means, ".-", color=colour, label=f"{name}: {result.estimate} nats on test images")
        axes.plot([result.sigma], [result.valid_mean], "o", color=colour, markersize=10, fillstyle="none")
    best = max(result.valid_mean for result in report.results.values())
    lowest = min(mean for result in report.results.values() for _, mean in result.sigma_curve)
    # The curve falls off a cliff on the narrow side; what counts is near the top.
    axes.set_ylim(max(lowest, best - 300) - 15, best + 15)
    axes.set_xscale("log")
    axes.set_xlabel("sigma")
    axes.set_ylabel("mean validation log-likelihood, nats")
    axes.set_title(f"{report.samples.n:,} samples on {report.dataset}")
    axes.legend(frameon=False)
    return figure
