"""The adversarial nets' trainings on MNIST: which there are, and their learning curves, finished or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gan_repro.stats.sums import mean
from gan_repro.tables.collapse import has_collapsed
from gan_repro.trials.environment import device_kind
from gan_repro.trials.presets import FULL_SIZE, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.collapse import floors

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

Curve = Mapping[int, float]
"""Validation likelihood, nats, by epoch."""

IN_A_ROW = 10
"""Looks, over which a curve is smoothed."""
_NEAR = 50
"""Epochs to either side."""
_SAME_TRAINING = ("gan", "gan-early-stopping", "gan-no-early-stopping")
"""Rows of one and the same training, ended by different rules."""


def furthest(material: Material) -> tuple[int, int, float] | None:
    """Seed, epoch and value (nats) of the highest look so far; None without any."""
    curves = longest_curves(material, waiting=True)
    looks = [(seed, epoch, value) for seed, curve in curves.items() for epoch, value in curve.items()]
    return max(looks, key=lambda look: look[2], default=None)


def longest_curves(
    material: Material, row: str = "gan", *, waiting: bool = False, preset: str | None = None
) -> dict[int, dict[int, float]]:
    """By seed, the tracked validation likelihood by epoch, of a row's full-size trial that came furthest.

    With `waiting`, trials that wait for the seeds before theirs count, too; with `preset`, its own alone.
    """
    curves: dict[int, dict[int, float]] = {}
    for record in trainings(material, row, waiting=waiting):
        if preset not in (None, record.provenance.preset):
            continue
        curve, seed = tracked(record), record.spec.seed
        if max(curve, default=0) > max(curves.get(seed, {}), default=0):
            curves[seed] = curve
    return dict(sorted(curves.items()))


def longest_continuation(material: Material, record: TrialRecord) -> dict[int, float]:
    """The curve of the training that has all looks of a recorded one, to the bit, and went furthest.

    The same seed on another processor rounds otherwise, and is another training.
    """
    own = tracked(record)
    curves = [tracked(other) for other in trainings(material) if other.spec.seed == record.spec.seed]
    return max((curve for curve in [own, *curves] if own.items() <= curve.items()), key=max, default=own)


def tracked(record: TrialRecord) -> dict[int, float]:
    """The validation likelihood of a trial by epoch, where it was looked at."""
    return {p.epoch: p.valid_mean for p in record.learning_curve if p.valid_mean is not None}


def collapsed_seeds(material: Material, row: str) -> set[int]:
    """The seeds of a row whose net has collapsed."""
    return {r.spec.seed for r in trainings(material, row) if is_collapsed(material, r)}


def is_collapsed(material: Material, record: TrialRecord) -> bool:
    """Whether the net of a trial on MNIST has collapsed, so far as anything tells."""
    return bool(has_collapsed(record, floors(material.trials).get("mnist"))[0])


def trainings(material: Material, row: str = "gan", *, waiting: bool = False) -> list[TrialRecord]:
    """The full-size trials of a row, and of the rows that end the same training otherwise."""
    rows = _SAME_TRAINING if row == "gan" else (row,)
    recorded = [r for name in rows for preset in FULL_SIZE for r in material.placed.of("mnist", name, preset)]
    return recorded + (waiting_trainings(material) if waiting and row == "gan" else [])


def whole_trainings(material: Material) -> list[TrialRecord]:
    """The adversarial nets on MNIST that went their whole length, one a seed; those that wait count, too."""
    recorded = [r for r in material.placed.of("mnist", "gan", "paper") if r.status == "done"]
    found = {r.spec.seed: r for r in [*waiting_trainings(material), *recorded] if "last" in r.candidates}
    return [found[seed] for seed in sorted(found)]


def waiting_trainings(material: Material) -> list[TrialRecord]:
    """Those that went their whole length and wait for the seeds before theirs."""
    return [
        record
        for record in material.results.waiting
        if record.status == "done" and record.provenance.preset == "paper"
        if (record.spec.data.name, row_under("paper", record.spec)) == ("mnist", "gan")
    ]


def length(record: TrialRecord) -> int:
    """How many epochs a training went."""
    epochs: int = record.learning_curve[-1].epoch if record.learning_curve else record.spec.config["epochs"]
    return epochs


def in_short(records: Iterable[TrialRecord]) -> str:
    """Say for how many epochs trainings went, and of which seeds; empty without any."""
    seeds: dict[int, set[int]] = {}
    for record in records:
        seeds.setdefault(length(record), set()).add(record.spec.seed)
    return ", ".join(
        f"{epochs:,} epochs (seed{'s' * (len(of) > 1)} {', '.join(map(str, sorted(of)))})"
        for epochs, of in sorted(seeds.items())
    )


def on_card(record: TrialRecord) -> bool:
    """Whether a trial ended on a card."""
    return device_kind(record.provenance.environment) == "cuda"


def around(curve: Curve, epoch: int) -> float:
    """The mean of the looks within `_NEAR` epochs of one, itself included."""
    return mean(value for other, value in curve.items() if abs(other - epoch) <= _NEAR)


def above_neighbours(curve: Curve) -> dict[int, float]:
    """By epoch, the look less the mean of the others within `_NEAR` epochs; without any there is none."""
    near = {
        epoch: [value for other, value in curve.items() if 0 < abs(other - epoch) <= _NEAR] for epoch in curve
    }
    return {epoch: curve[epoch] - mean(others) for epoch, others in near.items() if others}


def means_of_looks(curve: Curve) -> dict[int, float]:
    """By epoch, the mean of so many looks in a row of which it is the last."""
    epochs = sorted(curve)
    return {
        epochs[last]: mean(curve[epoch] for epoch in epochs[last + 1 - IN_A_ROW : last + 1])
        for last in range(IN_A_ROW - 1, len(epochs))
    }


def shown(value: float | None, sign: str = "") -> str:
    """Nats to one digit, with `sign` "+" also where they are positive; never -0.0; empty for None."""
    return "" if value is None else f"{round(value, 1) + 0.0:{sign}.1f}"
