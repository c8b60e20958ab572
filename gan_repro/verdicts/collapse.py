"""Which trained nets have collapsed: nearly all of their samples are one image.

Spread is the square root of the mean over pixels of the variance across images. A net has collapsed if the
spread across its samples is below a share of that across the training images (rule "collapse").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gan_repro.trials.records import TrialRecord


class Floor(NamedTuple):
    """What the Gaussian per pixel reaches on a data set, nats: the lowest of its trials."""

    test: float
    """Mean test log-likelihood under the trials' own protocol."""
    valid: float
    """Mean validation log-likelihood at the refined sigma."""


def floors(records: Iterable[TrialRecord]) -> dict[str, Floor]:
    """By data set, the floor that the records of the Gaussian per pixel give."""
    found: dict[str, list[Floor]] = {}
    for record in records:
        if record.spec.model == "gaussian" and record.status == "done":
            refined = record.scored.scores["refined"]
            floor = Floor(record.score.log_likelihood.value, refined.valid_mean)
            found.setdefault(record.spec.data.name, []).append(floor)
    return {
        name: Floor(min(floor.test for floor in each), min(floor.valid for floor in each))
        for name, each in found.items()
    }


def collapsed(record: TrialRecord, floor: Floor | None) -> bool:
    """Say whether the net of a finished trial has collapsed.

    Args:
        record: of the trial.
        floor: of its data set, or None. It stands in where the spread of the samples is not recorded: a net
            below it does worse than independent pixels.
    """
    if record.collapsed is not None:
        return record.collapsed
    if record.scored.epoch is None:
        return False  # a baseline, which has no net
    return floor is not None and record.score.log_likelihood.value < floor.test
