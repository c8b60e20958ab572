"""Denormal numbers taken as zero while a model trains: in up to half the time, with other last digits.

From the second epoch on momentum exceeds 0.5, and a velocity that only decays then never reaches 0 but stays
at the smallest denormal number (1.4e-45) for ever. Some processors take a hundred times as long for each
product with one.

A denormal is less than the last digit of any weight that moves, and yet it can be felt: where the exact sum
that becomes a float32 lies halfway between two of them, it decides which. In the adversarial nets of
mnist.yaml, seed 1, one of the 941 thousand velocities of D's first layer is so decided at update 2,031, and
training makes another net of that. So records say that denormals were flushed, and a replay of one that does
not say so keeps them. DBN, CAE and GSN, three seeds each, came to the same samples either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Denormals = Literal["flushed", "kept"]


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take denormal numbers as zero in this thread, and afterwards go on as before.

    Only while training: the samples of a collapsed net hold denormal pixels, and their SHA-256 is recorded.
    """
    before = _flushing()
    torch.set_flush_denormal(True)  # says False, and does nothing, where the processor cannot
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def can_flush() -> bool:
    """Say whether this processor can take denormals as zero."""
    before = _flushing()
    can = torch.set_flush_denormal(True)
    torch.set_flush_denormal(before)
    return bool(can)


def _flushing() -> bool:
    # torch has no way to ask.
    return not bool(torch.tensor(1e-310, dtype=torch.float64) * 1.0)
