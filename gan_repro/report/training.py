"""How far 225 is: the section of REPORT.md on how the adversarial nets' likelihood grows with training.

A pure function of the learning curves, of finished and of interrupted trials alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gan_repro import paper
from gan_repro.tables.markdown import table
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.evidence import Evidence

GOAL = next(row.mnist.value for row in paper.TABLE_1 if row.model == "gan")
_FIRST_EPOCH = 25
_ABOUT = """Mean log-likelihood of all validation images, in nats, with sigma optimised on them, after so
many epochs; of trials of one seed the longest, since the shorter ones are its beginning (also where one
goes on without early stopping). The paper's number is one of test images and a coarse grid of sigmas: not
quite the same measure. The learning rate is what the recipe's decay has left of it by then."""

_STOPPED = """The trainings that came to their end: stopped when the validation likelihood had not risen for
100 epochs, and scored by the generator with the highest. From validation images at the refined sigma to
test images on the authors' grid of ten sigmas is the way from the curve to the table (nats, ± across test
images). A look scatters by the root mean square of its distance from the mean of the others within 50 epochs,
over the second half of the training. How far the best one stood above that mean is in part luck, since it
is the highest of many."""
_NEAR = 50
_IN_A_ROW = 10
_STOPPED_EARLY = "gan-early-stopping"
_ON = "gan-no-early-stopping"
"""The row that goes on where early stopping ends a training of the same seed."""


def training(evidence: Evidence) -> str:
    """Validation likelihood at each doubling of the epochs, and where 225 lies if the gains go on."""
    curves = _long_enough(evidence)
    if not curves:
        return ""
    epochs = _doublings(curves)
    gains = [None, *(_gain(curves, epoch) for epoch in epochs[1:])]
    rates = _learning_rates(evidence)
    rows = [
        [
            f"{epoch:,}",
            *(_shown(curve.get(epoch)) for curve in curves.values()),
            _shown(gain, "+"),
            f"{rates[epoch]:.2g}",
        ]
        for epoch, gain in zip(epochs, gains, strict=True)
    ]
    rows.append(["latest", *(_latest(curve) for curve in curves.values()), "", _latest(rates, ".2g")])
    header = ["Epochs", *(f"Seed {seed}" for seed in curves), "Gain since half as many", "Learning rate"]
    return "\n\n".join(
        [
            f"## How far {GOAL:g} is: the adversarial nets on MNIST against training",
            _ABOUT,
            table(header, rows),
            *filter(None, (_stopped(evidence), outlook(evidence))),
        ]
    )


def _stopped(evidence: Evidence) -> str:
    """What the stopping rule chose, and what that scores; empty where no training has come to its end."""
    rows, beyond, curves = [], [], longest_curves(evidence)
    for record in _ended(evidence):
        curve = curves[record.spec.seed]
        beyond.append(_beyond(record, curve))
        best, last = record.candidates["best"], record.candidates["last"]
        refined = best.scores["refined"]
        end, above = last.epoch or 0, _above_neighbours(curve)
        scatter = _root_mean_square([value for epoch, value in above.items() if end <= 2 * epoch <= 2 * end])
        rows.append(
            [
                f"{record.spec.seed}",
                f"{end:,}",
                f"{best.epoch:,}",
                f"{refined.valid_mean:.1f}",
                f"{refined.log_likelihood}",
                f"{record.score.log_likelihood}",
                f"{last.scores[record.spec.evaluation.protocol].log_likelihood}",
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
    return "\n\n".join([_STOPPED, table(header, rows), *filter(None, beyond)])


def _ended(evidence: Evidence) -> list[TrialRecord]:
    return [
        record for record in evidence.of_preset("mnist", _STOPPED_EARLY, "paper") if record.status == "done"
    ]


def _above_neighbours(curve: Mapping[int, float]) -> dict[int, float]:
    """By epoch, the look less the mean of the others within `_NEAR` epochs; without any there is none."""
    near = {
        epoch: [value for other, value in curve.items() if 0 < abs(other - epoch) <= _NEAR] for epoch in curve
    }
    return {epoch: curve[epoch] - sum(others) / len(others) for epoch, others in near.items() if others}


def _root_mean_square(values: Sequence[float]) -> float | None:
    return math.sqrt(sum(value**2 for value in values) / len(values)) if values else None


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


def outlook(evidence: Evidence) -> str:
    """How far the curves have come, and what lies between them and the table; empty without a curve."""
    curves = _long_enough(evidence)
    return " ".join(filter(None, (_growth(curves), _way_to_the_table(evidence)))) if curves else ""


def _way_to_the_table(evidence: Evidence) -> str:
    """What another set of images and the coarse grid take from a curve; empty where none has ended."""
    lost = [
        record.candidates["best"].scores["refined"].valid_mean - record.score.log_likelihood.value
        for record in _ended(evidence)
    ]
    if not lost:
        return ""
    return (
        "On the way from this measure to the table's (test images, the authors' grid)"
        f" {'the generator that was' if len(lost) == 1 else 'the generators that were'} scored lost"
        f" {sum(lost) / len(lost):.1f} nats."
    )


def _growth(curves: Mapping[int, Mapping[int, float]]) -> str:
    """The highest likelihood so far; when it reached the paper's number, or where the last gain leads."""
    seed, curve = max(curves.items(), key=lambda item: max(item[1].values()))
    best = max(curve, key=lambda epoch: curve[epoch])
    reached = (
        f"The highest validation likelihood so far (refined sigma) is {curve[best]:.1f}, of seed {seed} after"
        f" {best:,} epochs"
    )
    if curve[best] >= GOAL:
        first = min(epoch for epoch in curve if curve[epoch] >= GOAL)
        means = _means_of_looks(curve)
        steady = min((epoch for epoch in means if means[epoch] >= GOAL), default=None)
        return (
            f"{reached}; it was at or above {GOAL:g} for the first time after {first:,}, and the mean of"
            f" {_IN_A_ROW} looks in a row {f'after {steady:,}' if steady else 'has not been yet'}."
        )
    gains = [gain for epoch in _doublings(curves)[1:] if (gain := _gain(curves, epoch)) is not None]
    if not gains or gains[-1] <= 0:
        return f"{reached}. The last doubling brought nothing from which {GOAL:g} could be foretold."
    # From the latest epoch, not the best: the best of many noisy looks is too high.
    latest = max(curve)
    epochs = epochs_until(GOAL, latest, curve[latest], gains[-1])
    falling = all(later < earlier for earlier, later in pairwise(gains)) and len(gains) > 1
    return (
        f"{reached}. If each further doubling brought as much as the last one, this curve would meet {GOAL:g}"
        f" after about {epochs:,.0f} epochs. That is an extrapolation"
        + (", and each doubling so far brought less than the one before." if falling else ".")
    )


def _means_of_looks(curve: Mapping[int, float]) -> dict[int, float]:
    """By epoch, the mean of so many looks in a row of which it is the last: less noise, and a little late."""
    epochs = sorted(curve)
    return {
        epochs[last]: sum(curve[epoch] for epoch in epochs[last + 1 - _IN_A_ROW : last + 1]) / _IN_A_ROW
        for last in range(_IN_A_ROW - 1, len(epochs))
    }


def longest_curves(evidence: Evidence, row: str = "gan") -> dict[int, dict[int, float]]:
    """By seed, the tracked validation likelihood by epoch, of a row's full-size trial that came furthest."""
    curves: dict[int, dict[int, float]] = {}
    for record in _trainings(evidence, row):
        curve = {p.epoch: p.valid_mean for p in record.learning_curve if p.valid_mean is not None}
        seed = record.spec.seed
        if max(curve, default=0) > max(curves.get(seed, {}), default=0):
            curves[seed] = curve
    return dict(sorted(curves.items()))


def _trainings(evidence: Evidence, row: str = "gan") -> list[TrialRecord]:
    rows = (row, _STOPPED_EARLY, _ON) if row == "gan" else (row,)
    return [r for name in rows for preset in FULL_SIZE for r in evidence.of_preset("mnist", name, preset)]


def epochs_until(goal: float, epoch: int, value: float, gain: float) -> float:
    """When a curve at `value` after `epoch` epochs meets `goal`, if each doubling adds `gain` > 0 nats."""
    return float(epoch * 2 ** ((goal - value) / gain))


def _long_enough(evidence: Evidence) -> dict[int, dict[int, float]]:
    return {
        seed: curve
        for seed, curve in longest_curves(evidence).items()
        if max(curve, default=0) >= _FIRST_EPOCH
    }


def _doublings(curves: Mapping[int, Mapping[int, float]]) -> list[int]:
    epochs = [_FIRST_EPOCH]
    while any(2 * epochs[-1] in curve for curve in curves.values()):
        epochs.append(2 * epochs[-1])
    return epochs


def _learning_rates(evidence: Evidence) -> dict[int, float]:
    """By epoch; of one recipe, and so the same for every seed."""
    return {p.epoch: p.learning_rate for record in _trainings(evidence) for p in record.learning_curve}


def _gain(curves: Mapping[int, Mapping[int, float]], epoch: int) -> float | None:
    """Mean rise from half of `epoch` to it, over the seeds that came so far."""
    both = [curve for curve in curves.values() if {epoch, epoch // 2} <= curve.keys()]
    return sum(curve[epoch] - curve[epoch // 2] for curve in both) / len(both) if both else None


def _latest(curve: Mapping[int, float], form: str = ".1f") -> str:
    return f"{curve[max(curve)]:{form}} after {max(curve):,}"


def _shown(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.1f}"
