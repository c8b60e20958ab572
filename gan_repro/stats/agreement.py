"""How far two measures put the same things in the same order: Kendall's tau, with its interval.

The interval is Fieller, Hartley and Pearson's (1957) on Fisher's z, with the variance 0.437 / (n - 4), which
Bonett and Wright (Psychometrika 65, 2000) find right to a few per cent from |tau| = 0 to 0.8. It needs five
things at least, and beyond 0.8 none is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from gan_repro.stats.intervals import CONFIDENCE

FEWEST = 5
"""Things below which there is no interval."""
LARGEST = 0.8
"""Of |tau|: beyond it there is no interval."""

_VARIANCE = 0.437


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of two measures over some things."""

    tau: float
    """1: the same order, -1: the reverse."""
    interval: tuple[float, float] | None
    """95 per cent interval, low and high; None where there is none to be had."""
    n: int
    """How many things."""

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.tau:+.2f}"
        return f"{self.tau:+.2f} [{self.interval[0]:+.2f}, {self.interval[1]:+.2f}]"


def agreement(one: Sequence[float], other: Sequence[float]) -> Agreement | None:
    """Compare the orders in which two measures put the same n things; None where either has no order.

    Args:
        one: (n,) values; ties count as in tau-b.
        other: (n,) values of the same things.

    Raises:
        ValueError: they are not equally many.
    """
    if len(one) != len(other):
        raise ValueError(f"{len(one)} and {len(other)} values are not of the same things")
    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    tau, n = float(stats.kendalltau(one, other).statistic), len(one)
    if n < FEWEST or abs(tau) > LARGEST + 1e-12:
        return Agreement(tau, None, n)
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(_VARIANCE / (n - 4))
    z = math.atanh(tau)
    return Agreement(tau, (math.tanh(z - half), math.tanh(z + half)), n)
