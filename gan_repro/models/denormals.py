"""Denormal numbers taken as zero while a model trains: the same parameters, in up to half the time.

From the second epoch on momentum exceeds 0.5, and a velocity that only decays then never reaches 0 but stays
at the smallest denormal number (1.4e-45) for ever. Some processors take a hundred times as long for each
product with one. No parameter feels them: they are less than the last digit of any weight that moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


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


def _flushing() -> bool:
    # torch has no way to ask.
    return not bool(torch.tensor(1e-310, dtype=torch.float64) * 1.0)
