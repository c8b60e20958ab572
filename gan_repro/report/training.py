"""How the adversarial nets' likelihood on MNIST grows with training: learning curves, finished or not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.stats.sums import mean
from gan_repro.tables.collapse import has_collapsed
from gan_repro.tables.render import CODE, markdown
from gan_repro.trials.environment import device_kind
from gan_repro.trials.presets import FULL_SIZE, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.collapse import floors

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

GOAL = next(row.mnist.value for row in paper.TABLE_1 if row.model == "gan")
_FIRST_EPOCH = 25
_NEAR = 50
_IN_A_ROW = 10
_SAME_TRAINING = ("gan", "gan-early-stopping", "gan-no-early-stopping")
"""Rows of one and the same training, ended by different rules."""

_ABOUT = """Mean log-likelihood of all validation images, in nats, with sigma optimised on them; of trials
of one seed the longest, of which shorter ones on the same kind of device are the beginning (a card draws
other noise than a CPU, so that its training is another). The paper's number is one of test images
and of ten sigmas: not quite the same measure. The learning rate is what the recipe's decay has left of it
by then."""

_STOPPED = """Trainings that came to their end under a rule of ours: stopped when the validation likelihood
had not risen for 100 epochs. Nats, ± across test images. A look scatters by the root mean square of its
distance from the mean of the others within 50 epochs, over the second half of the training. How far the
best one stood above that mean is in part luck, since it is the highest of many."""


def training(material: Material) -> str:
    """Validation likelihood at each doubling of the epochs; empty without a curve that is long enough."""
    whole = longest_curves(material, waiting=True)
    curves = {s: c for s, c in whole.items() if max(c, default=0) >= _FIRST_EPOCH}
    if not curves:
        return ""
    epochs = _doublings(curves)
    rates = {p.epoch: p.learning_rate for r in _trainings(material, waiting=True) for p in r.learning_curve}
    rows = [
        [f"{epoch:,}", *(_shown(curve.get(epoch)) for curve in curves.values()), f"{rates[epoch]:.2g}"]
        for epoch in epochs
    ]
    last = max(rates)
    ends = [f"{curve[max(curve)]:.1f} after {max(curve):,}" for curve in curves.values()]
    rows.append(["latest", *ends, f"{rates[last]:.2g} after {last:,}"])
    cards = {r.spec.seed for r in whole_trainings(material) if _on_card(r)}
    named = (f"Seed {seed}{', on a card' if seed in cards else ''}" for seed in curves)
    header = ["Epochs", *named, "Learning rate"]
    parts = [f"## How far {GOAL:g} is: the adversarial nets against training", _ABOUT]
    return "\n\n".join([*parts, markdown(header, rows), *filter(None, (_met(curves), _way(material)))])


def training_details(material: Material) -> str:
    """What the stopping rule of ours chose, and what that scores; empty where no training came to its end."""
    curves, rows, beyond = longest_curves(material), [], []
    for record in _ended(material):
        curve = curves[record.spec.seed]
        beyond.append(_beyond(record, curve))
        best, last = record.candidates["best"], record.candidates["last"]
        refined = best.scores["refined"]
        end, above = last.epoch or 0, _above_neighbours(curve)
        scatter = _root_mean_square([value for epoch, value in above.items() if end <= 2 * epoch <= 2 * end])
        protocol = record.spec.evaluation.protocol
        rows.append(
            [
                f"{record.spec.seed}",
                f"{end:,}",
                f"{best.epoch:,}",
                f"{refined.valid_mean:.1f}",
                f"{refined.log_likelihood}",
                f"{best.scores[protocol].log_likelihood}",
                f"{last.scores[protocol].log_likelihood}",
                _shown(scatter),
                _shown(above.get(best.epoch or 0), "+"),
            ]
        )
    if not rows:
        return ""
    header = [
        "Seed", "Stopped after", "Best after", "Validation, refined sigma", "Test, refined sigma",
        "Test, the authors' grid", "The same, last generator", "A look scatters by",
        "The best look, above its neighbours",
    ]  # fmt: skip
    return "\n\n".join([_STOPPED, markdown(header, rows, keep=CODE), *filter(None, beyond)])


def furthest(material: Material) -> tuple[int, int, float] | None:
    """Seed, epoch and value (nats) of the highest look so far; None without any."""
    curves = longest_curves(material, waiting=True)
    looks = [(seed, epoch, value) for seed, curve in curves.items() for epoch, value in curve.items()]
    return max(looks, key=lambda look: look[2], default=None)


def longest_curves(
    material: Material, row: str = "gan", *, waiting: bool = False
) -> dict[int, dict[int, float]]:
    """By seed, the tracked validation likelihood by epoch, of a row's full-size trial that came furthest.

    With `waiting`, trials that wait for the seeds before theirs count, too.
    """
    curves: dict[int, dict[int, float]] = {}
    for record in _trainings(material, row, waiting=waiting):
        curve = {p.epoch: p.valid_mean for p in record.learning_curve if p.valid_mean is not None}
        seed = record.spec.seed
        if max(curve, default=0) > max(curves.get(seed, {}), default=0):
            curves[seed] = curve
    return dict(sorted(curves.items()))


def collapsed_seeds(material: Material, row: str) -> set[int]:
    """The seeds of a row whose net has collapsed."""
    floor = floors(material.trials).get("mnist")
    return {r.spec.seed for r in _trainings(material, row) if has_collapsed(r, floor)[0]}


def _trainings(material: Material, row: str = "gan", *, waiting: bool = False) -> list[TrialRecord]:
    rows = _SAME_TRAINING if row == "gan" else (row,)
    recorded = [r for name in rows for preset in FULL_SIZE for r in material.placed.of("mnist", name, preset)]
    return recorded + (whole_trainings(material) if waiting and row == "gan" else [])


def whole_trainings(material: Material) -> list[TrialRecord]:
    """The adversarial nets on MNIST that went their whole length and wait for the seeds before theirs."""
    return [
        record
        for record in material.results.waiting
        if record.status == "done" and record.provenance.preset == "paper"
        if (record.spec.data.name, row_under("paper", record.spec)) == ("mnist", "gan")
    ]


def _on_card(record: TrialRecord) -> bool:
    return device_kind(record.provenance.environment) == "cuda"


def _met(curves: Mapping[int, Mapping[int, float]]) -> str:
    """When the curve that came highest reached the paper's number; empty where none has."""
    seed, curve = max(curves.items(), key=lambda item: max(item[1].values()))
    if max(curve.values()) < GOAL:
        return ""
    first = min(epoch for epoch in curve if curve[epoch] >= GOAL)
    means = _means_of_looks(curve)
    steady = min((epoch for epoch in means if means[epoch] >= GOAL), default=None)
    after = f"was after {steady:,}" if steady else "has not been yet"
    return (
        f"On these images seed {seed} was at or above {GOAL:g} for the first time after {first:,} epochs; the"
        f" mean of {_IN_A_ROW} evaluations in a row {after}."
    )


def _way(material: Material) -> str:
    """From a curve to the table, of one and the same generator: other images, and the coarse grid."""
    parts = []
    for record in _ended(material):
        scores = record.scored.scores
        refined, table = scores["refined"], record.score.log_likelihood.value
        images = refined.valid_mean - refined.log_likelihood.value
        grid = refined.log_likelihood.value - table
        parts.append(
            f"seed {record.spec.seed}: {images:.1f} by test images instead of validation images, and"
            f" {grid:.1f} by the authors' ten sigmas instead of a continuous one"
        )
    if not parts:
        return ""
    return (
        "From this measure to the table's, the generator that our early stopping chose loses, in nats:"
        f" {'; '.join(parts)}."
    )


def _ended(material: Material) -> list[TrialRecord]:
    ended = material.placed.of("mnist", "gan-early-stopping", "paper")
    return [record for record in ended if record.status == "done"]


def _beyond(stopped: TrialRecord, curve: Mapping[int, float]) -> str:
    """How far the same seed came without early stopping; empty where that was not tried."""
    end = stopped.learning_curve[-1].epoch
    if max(curve) <= end:
        return ""
    before = max(value for epoch, value in curve.items() if epoch <= end)
    best = max((epoch for epoch in curve if epoch > end), key=lambda epoch: curve[epoch])
    return (
        f"Without early stopping seed {stopped.spec.seed} came to {curve[best]:.1f} after {best:,} of"
        f" {max(curve):,} epochs, {curve[best] - before:+.1f} nats from the {before:.1f} at which the rule"
        " ended it."
    )


def _above_neighbours(curve: Mapping[int, float]) -> dict[int, float]:
    """By epoch, the look less the mean of the others within `_NEAR` epochs; without any there is none."""
    near = {
        epoch: [value for other, value in curve.items() if 0 < abs(other - epoch) <= _NEAR] for epoch in curve
    }
    return {epoch: curve[epoch] - mean(others) for epoch, others in near.items() if others}


def _root_mean_square(values: Sequence[float]) -> float | None:
    return math.sqrt(mean(value**2 for value in values)) if values else None


def _means_of_looks(curve: Mapping[int, float]) -> dict[int, float]:
    """By epoch, the mean of so many looks in a row of which it is the last."""
    epochs = sorted(curve)
    return {
        epochs[last]: mean(curve[epoch] for epoch in epochs[last + 1 - _IN_A_ROW : last + 1])
        for last in range(_IN_A_ROW - 1, len(epochs))
    }


def _doublings(curves: Mapping[int, Mapping[int, float]]) -> list[int]:
    epochs = [_FIRST_EPOCH]
    while any(2 * epochs[-1] in curve for curve in curves.values()):
        epochs.append(2 * epochs[-1])
    return epochs


def _shown(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.1f}"
