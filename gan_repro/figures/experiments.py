"""Figures from the experiments' records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.experiments import game_1d, loss_early
from gan_repro.experiments.densities import ArrowPoint, PanelPoint
from gan_repro.experiments.sample_count import CURVE, CountPoint
from gan_repro.experiments.update_order import RECIPES, loss_series
from gan_repro.figures.style import BLUE, GREEN, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gan_repro.experiments.record import ExperimentRecord


def game(record: ExperimentRecord) -> Figure:
    """Figure 1 remade from `game-1d`: data dotted black, p_g solid green, D dashed blue, and z -> x below."""
    figure = new_figure(10, 3.6)
    upper, lower = figure.subplots(2, 4, height_ratios=(3, 1), sharex=True)
    for (panel, title), axes, arrows in zip(game_1d.PANELS.items(), upper, lower, strict=True):
        points = record.points(game_1d.panel_series(panel), PanelPoint)
        x, data, generated, d, best = map(list, zip(*points, strict=True))
        axes.plot(x, data, ":", color="black", linewidth=2, label="data")
        axes.plot(x, generated, "-", color=GREEN, linewidth=1.5, label="samples of G")
        axes.plot(x, d, "--", color=BLUE, linewidth=1.5, label="D, trained")
        axes.plot(x, best, "-", color=ORANGE, linewidth=0.7, label="data / (data + samples)")
        axes.set_title(f"({panel}) {title}", fontsize=9)
        axes.set_ylim(0, 1.25)
        for arrow in record.points(game_1d.map_series(panel), ArrowPoint):
            arrows.annotate(
                "", (arrow.image, 1), (arrow.noise, 0), annotation_clip=True,
                arrowprops={"arrowstyle": "->", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
        arrows.set(xlim=(-3.2, 3.2), ylim=(0, 1), xlabel="z below, x = G(z) above", yticks=[])
    upper[0].set_ylabel("density; D(x)")
    handles, labels = upper[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=4)
    return figure


def sample_count(record: ExperimentRecord) -> Figure:
    """The score against the number of samples, from `sample-count`, with the count of Table 1 marked."""
    figure = new_figure()
    axes = figure.subplots()
    points = record.points(CURVE, CountPoint)
    counts = [point.n for point in points]
    axes.plot(
        counts,
        [point.score for point in points],
        "-o",
        color=BLUE,
        markersize=4,
        label="sigma on a fine grid",
    )
    axes.plot(
        counts,
        [point.coarse_score for point in points],
        "--s",
        color=ORANGE,
        markersize=4,
        label="sigma on the authors' 10 points",
    )
    axes.axvline(10_000, color="black", linewidth=0.8)
    axes.annotate("Table 1", (10_000, 0.02), xycoords=("data", "axes fraction"), fontsize=8, rotation=90)
    axes.set(xscale="log", xlabel="samples of one trained generator", ylabel="mean test log-likelihood, nats")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def loss_gradients(record: ExperimentRecord) -> Figure:
    """Norm of G's gradient and validation likelihood against updates, from `loss-early`; means over seeds."""
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for loss, style, colour in zip(loss_early.LOSSES, ("-", "--"), (BLUE, ORANGE), strict=True):
        _line(left, record.series[loss_early.gradient_series(loss)], style, colour, loss)
        _line(right, record.series[loss_early.likelihood_series(loss)], f"o{style}", colour, loss)
    left.set(yscale="log", xlabel="updates", ylabel="norm of G's gradient")
    right.set(xlabel="updates", ylabel="validation log-likelihood, nats")
    left.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure


def update_order(record: ExperimentRecord) -> Figure:
    """D's loss against epochs under each recipe of `update-order`, means over seeds."""
    figure = new_figure()
    axes = figure.subplots()
    looks = (("-", BLUE), ("--", BLUE), ("-", ORANGE), ("--", ORANGE))
    for (name, recipe), (style, colour) in zip(RECIPES.items(), looks, strict=True):
        rows = record.series[loss_series("discriminator", name)]
        _line(axes, rows, f"o{style}", colour, str(recipe))
    axes.set(yscale="log", xlabel="epochs of training", ylabel="loss of D, nats")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    return figure


def _line(axes: Axes, rows: list[list[float]], style: str, colour: str, label: str) -> None:
    axes.plot(*zip(*rows, strict=True), style, color=colour, markersize=4, linewidth=1.3, label=label)
