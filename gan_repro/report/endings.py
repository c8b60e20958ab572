"""How the adversarial nets' trainings on MNIST ended, and what another end or measure would have given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_repro.report.curves import (
    Curve,
    above_neighbours,
    around,
    is_collapsed,
    longest_continuation,
    means_of_looks,
    on_card,
    shown,
    tracked,
    whole_trainings,
)
from gan_repro.stats.sums import mean
from gan_repro.tables.render import CODE, markdown
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import TrialRecord

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_STOPPING = "gan-early-stopping"
"""The row whose trainings a rule of ours ends."""

_STOPPED = """Trainings that came to their end under a rule of ours: stopped when the validation likelihood
had not risen for 100 epochs. Nats, ± across test images. A look scatters by the root mean square of its
distance from the mean of the others within 50 epochs, over the second half of the training. How far the
best one stood above that mean is in part luck, since it is the highest of many."""

_WHOLE = """Trainings that went their whole length, judged above or waiting to be. The score is the
table's: of the last generator, on test images, under the best of the authors' ten sigmas. Behind it what
one choice alone would add to it, in nats: a continuous sigma, from all validation images; validation
images in place of test images, sigma being continuous for both; the generator that was best by the mean
of {looks} evaluations in place of the last. Early stopping: what our rule, no rise in {patience} epochs,
would have made of the validation likelihood had it ended this very training (means over evaluations
nearby), and when it would have."""


def whole_lengths(material: Material) -> str:
    """What sigma, images, generator, stopping, seed and device are worth; empty without a whole training."""
    records = whole_trainings(material)
    if not records:
        return ""
    rows, counted = [], []
    for record in records:
        score, effects = record.score.log_likelihood, _effects(record)
        fallen = is_collapsed(material, record)
        if not fallen:
            counted.append((score.value, effects))
        seed = f"{record.spec.seed}{', collapsed' if fallen else ''}"
        where = "a card" if on_card(record) else "a CPU"
        rows.append([seed, where, f"{score}", *(shown(effect, "+") for effect in effects), _when(record)])
    if len(counted) > 1:
        scores = [score for score, _ in counted]
        middle = mean(scores)
        deviation = math.sqrt(sum((score - middle) ** 2 for score in scores) / (len(scores) - 1))
        columns = [
            [effect for effect in column if effect is not None]
            for column in zip(*(effects for _, effects in counted), strict=True)
        ]
        means = [shown(mean(column) if column else None, "+") for column in columns]
        rows.append(["mean", "", f"{middle:.1f}, deviation {deviation:.1f}", *means, ""])
    header = [
        "Seed", "Trained on", "The table's score", "Continuous sigma", "Validation images",
        "Best generator", "Early stopping", "It would have ended",
    ]  # fmt: skip
    about = _WHOLE.format(looks=_setting("gan", "looks"), patience=_patience())
    return "\n\n".join([about, markdown(header, rows, keep=CODE)])


def training_details(material: Material) -> str:
    """What the stopping rule of ours chose, and what that scores; empty where no training came to its end."""
    rows, beyond = [], []
    for record in _ended(material):
        curve = tracked(record)
        beyond.append(_beyond(record, longest_continuation(material, record)))
        best, last = record.candidates["best"], record.candidates["last"]
        refined = best.scores["refined"]
        end, above = last.epoch or 0, above_neighbours(curve)
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
                shown(scatter),
                shown(above.get(best.epoch or 0), "+"),
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


def _effects(record: TrialRecord) -> list[float | None]:
    """What a continuous sigma, validation images, the best generator and early stopping each add, nats."""
    protocol = record.spec.evaluation.protocol
    best, last = record.candidates["best"].scores, record.candidates["last"].scores
    refined, table = last["refined"], last[protocol].log_likelihood.value
    curve = tracked(record)
    ends = means_of_looks(curve)
    return [
        refined.log_likelihood.value - table,
        refined.valid_mean - refined.log_likelihood.value,
        best[protocol].log_likelihood.value - table,
        around(curve, _by_our_rule(curve)[1]) - ends[max(ends)] if ends else None,
    ]


def _by_our_rule(curve: Curve) -> tuple[int | None, int]:
    """After which epoch our early stopping would have ended a training, if it had, and its choice."""
    best = min(curve)
    for epoch in sorted(curve):
        if curve[epoch] > curve[best]:
            best = epoch
        if epoch - best >= _patience():
            return epoch, best
    return None, best


def _when(record: TrialRecord) -> str:
    curve = tracked(record)
    end = _by_our_rule(curve)[0] if curve else None
    return "" if not curve else "not sooner" if end is None else f"after {end:,} epochs"


def _patience() -> int:
    return _setting(_STOPPING, "patience")


def _setting(row: str, name: str) -> int:
    """How preset `paper` evaluates a row."""
    return int(get_preset("paper").cut(row, "mnist").evaluation[name])


def _ended(material: Material) -> list[TrialRecord]:
    ended = material.placed.of("mnist", _STOPPING, "paper")
    return [record for record in ended if record.status == "done"]


def _beyond(stopped: TrialRecord, curve: Curve) -> str:
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


def _root_mean_square(values: Sequence[float]) -> float | None:
    return math.sqrt(mean(value**2 for value in values)) if values else None
