"""How the adversarial nets' likelihood on MNIST grows with training: a section of REPORT.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.report.curves import (
    IN_A_ROW,
    Curve,
    longest_curves,
    means_of_looks,
    on_card,
    shown,
    trainings,
    whole_trainings,
)
from gan_repro.report.endings import whole_lengths
from gan_repro.tables.render import markdown

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

GOAL = next(row.mnist.value for row in paper.TABLE_1 if row.model == "gan")
_FIRST_EPOCH = 25

_ABOUT = """Mean log-likelihood of all validation images, in nats, with sigma optimised on them. Of each
seed the longest training counts, finished or not; a shorter one of the seed is its beginning only if it ran
on the same kind of device (a card draws other noise than a CPU) and treated denormal numbers alike
(docs/reliability.md). The paper's number is one of test images and of ten sigmas: not quite the same
measure. The learning rate is what the recipe's decay has left of it."""


def training(material: Material) -> str:
    """Validation likelihood at each doubling of the epochs; empty without a curve that is long enough."""
    whole = longest_curves(material, waiting=True)
    curves = {s: c for s, c in whole.items() if max(c, default=0) >= _FIRST_EPOCH}
    if not curves:
        return ""
    epochs = _doublings(curves)
    rates = {p.epoch: p.learning_rate for r in trainings(material, waiting=True) for p in r.learning_curve}
    rows = [
        [f"{epoch:,}", *(shown(curve.get(epoch)) for curve in curves.values()), f"{rates[epoch]:.2g}"]
        for epoch in epochs
    ]
    last = max(rates)
    ends = [f"{curve[max(curve)]:.1f} after {max(curve):,}" for curve in curves.values()]
    rows.append(["latest", *ends, f"{rates[last]:.2g} after {last:,}"])
    cards = {r.spec.seed for r in whole_trainings(material) if on_card(r)}
    named = (f"Seed {seed}{', on a card' if seed in cards else ''}" for seed in curves)
    header = ["Epochs", *named, "Learning rate"]
    parts = [f"## How far {GOAL:g} is: the adversarial nets against training", _ABOUT]
    return "\n\n".join(
        [*parts, markdown(header, rows), *filter(None, (_met(curves), whole_lengths(material)))]
    )


def _met(curves: Mapping[int, Curve]) -> str:
    """When the curve that came highest reached the paper's number; empty where none has."""
    seed, curve = max(curves.items(), key=lambda item: max(item[1].values()))
    if max(curve.values()) < GOAL:
        return ""
    first = min(epoch for epoch in curve if curve[epoch] >= GOAL)
    means = means_of_looks(curve)
    steady = min((epoch for epoch in means if means[epoch] >= GOAL), default=None)
    after = f"was after {steady:,}" if steady else "has not been yet"
    return (
        f"On these images seed {seed} was at or above {GOAL:g} for the first time after {first:,} epochs; the"
        f" mean of {IN_A_ROW} evaluations in a row {after}."
    )


def _doublings(curves: Mapping[int, Curve]) -> list[int]:
    epochs = [_FIRST_EPOCH]
    while any(2 * epochs[-1] in curve for curve in curves.values()):
        epochs.append(2 * epochs[-1])
    return epochs
