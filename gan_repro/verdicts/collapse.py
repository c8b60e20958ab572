"""Which trained nets have collapsed: nearly all of their samples are one image.

Spread is the square root of the mean over pixels of the variance across images. A net has collapsed if the
spread across its samples is below a share of that across the training images (rule "collapse").
"""

from __future__ import annotations

from gan_repro.trials.records import TrialRecord


def collapsed(record: TrialRecord, floor: float | None) -> bool:
    """Say whether the net of a finished trial has collapsed.

    Args:
        record: of the trial.
        floor: the score of a Gaussian per pixel on the same images, nats, or None. It stands in where the
            spread of the samples is not recorded: a net below it does worse than independent pixels.
    """
    if record.collapsed is not None:
        return record.collapsed
    if record.scored.epoch is None:
        return False  # a baseline, which has no net
    return floor is not None and record.score.log_likelihood.value < floor
