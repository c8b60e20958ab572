"""Figures from the trials' records: learning curves, and curves over sigma."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro import paper
from gan_repro.figures.style import look, new_figure
from gan_repro.tables.collapse import has_collapsed
from gan_repro.trials.presets import completest, row_under
from gan_repro.trials.rows import Style
from gan_repro.trials.rows import label as row_label
from gan_repro.verdicts.collapse import floors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gan_repro.trials.records import TrialRecord


_DRAWN = ("done", "interrupted")
"""A training that is not finished shows how far it has come."""
_RING: Mapping[str, Any] = {"marker": "o", "markerfacecolor": "white", "markersize": 5}
_DOTS_UP_TO = 40


def learning_curves(records: Sequence[TrialRecord], dataset: str) -> Figure:
    """Validation likelihood (nats, refined sigma) against epochs, a line for each recorded trial."""
    figure = new_figure(9.5, 5.6)
    from matplotlib.ticker import LogFormatter

    axes = figure.subplots()
    floor, named, unfinished = floors(records).get(dataset), set[str](), False
    for record in records:
        row = row_under(record.provenance.preset, record.spec)
        if record.spec.data.name != dataset or row is None or record.status not in _DRAWN:
            continue
        preset = completest(record.provenance.preset, record.spec)
        collapsed = ", collapsed" if has_collapsed(record, floor)[0] else ""
        label = f"{row_label(row)} (preset {preset}){collapsed}"
        if _draw_curve(axes, record, look(row), None if label in named else label, label):
            named.add(label)
            unfinished |= record.status == "interrupted"
    if unfinished:
        axes.plot([], [], linestyle="none", color="black", label="training not finished", **_RING)
    printed = paper.printed("gan", dataset)
    if printed is not None:
        label = f"{printed.value:g}: the paper (test images, coarse grid)"
        axes.axhline(printed.value, color="black", linewidth=0.8, label=label)
    axes.set(
        xscale="log", xlabel="epochs of training", ylabel="validation log-likelihood, nats (refined sigma)"
    )
    for formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        formatter(LogFormatter())
    if axes.get_ylim()[1] > 0:  # else the first epochs, far below, would flatten the rest
        axes.set_ylim(bottom=max(-100, axes.get_ylim()[0]))
        _say_what_lies_below(axes)
    axes.grid(alpha=0.3)
    if named or printed is not None:
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def _say_what_lies_below(axes: Axes) -> None:
    """Name in the legend what has no line that reaches into the picture."""
    highest: dict[str | None, float] = {}
    for line in axes.lines:
        before = highest.get(line.get_gid(), -math.inf)
        highest[line.get_gid()] = float(np.max(line.get_ydata(), initial=before))
    for line in axes.lines:
        name, top = str(line.get_label()), highest[line.get_gid()]
        if -math.inf < top < axes.get_ylim()[0] and not name.startswith("_"):
            line.set_label(f"{name}, below")


def sigma_curves(records: Sequence[TrialRecord], dataset: str) -> Figure:
    """Mean validation log-likelihood (nats) against sigma, a line a trial; the authors' grid marked.

    Lines are the refined protocol's, on all validation images; a ring is the sigma that the authors'
    protocol chose, on its own first 1,000.
    """
    figure = new_figure(8.5)
    from matplotlib.ticker import ScalarFormatter

    axes = figure.subplots()
    floor, named = floors(records).get(dataset), set[str]()
    low, high = [], []
    for record in records:
        row = row_under(record.provenance.preset, record.spec)
        if record.spec.data.name != dataset or record.status != "done" or row is None:
            continue
        scores = record.scored.scores
        curve, chosen = scores["refined"].sigma_curve, record.score
        if chosen.sigma is None:  # each of several folds has a curve of its own
            continue
        colour, line = look(row)
        label = f"{row_label(row)}{', collapsed' if has_collapsed(record, floor)[0] else ''}"
        shown = None if label in named else label
        axes.plot(*zip(*curve, strict=True), line, color=colour, linewidth=1.3, label=shown)
        axes.plot(chosen.sigma, chosen.valid_mean, "o", color=colour, markerfacecolor="white", markersize=6)
        named.add(label)
        low.append(min(0.0, chosen.valid_mean))
        high.append(chosen.valid_mean)
    for number, sigma in enumerate(_authors_sigmas()):
        axes.axvline(
            sigma, color="black", linewidth=0.6, alpha=0.4, label=None if number else "the authors' 10 sigmas"
        )
    axes.set(xscale="log", xlabel="sigma", ylabel="mean validation log-likelihood, nats", xlim=(0.098, 0.7))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(ScalarFormatter())
    axes.tick_params(axis="x", which="both", labelsize=8)
    if named:
        axes.set_ylim(min(low) - 250, max(high) + 50)
        title = "ring: the authors' choice"
        figure.legend(fontsize=8, loc="outside right upper", title=title, title_fontsize=8)
    return figure


def _authors_sigmas() -> tuple[float, ...]:
    from gan_repro.parzen.protocols import AUTHORS_SIGMAS

    return tuple(float(sigma) for sigma in AUTHORS_SIGMAS)


def _draw_curve(axes: Axes, record: TrialRecord, how: Style, label: str | None, group: str) -> bool:
    """Draw a trial's curve; False where it has no point to draw."""
    points = [(p.epoch, p.valid_mean) for p in record.learning_curve if p.valid_mean is not None]
    if not points:
        return False
    colour, style = how
    epochs, values = zip(*points, strict=True)
    # Dense dots would hide the line, and the lines of other seeds below it.
    marker = "." if len(points) <= _DOTS_UP_TO else None
    axes.plot(epochs, values, style, color=colour, marker=marker, linewidth=1.3, label=label, gid=group)
    if record.status == "interrupted":
        axes.plot(epochs[-1], values[-1], color=colour, zorder=3, gid=group, **_RING)
    return True
