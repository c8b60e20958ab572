"""The error of a measure over draws of samples: the jackknife, with groups of samples left out in turn.

With g groups and t_i the measure on all samples but group i,

    SE^2 = (g - 1) / g  sum_i (t_i - mean of t)^2

For a mean over samples this is the usual standard error, from g group means. The images that samples are
compared with are the same throughout, so the error is over draws of samples alone. Groups are consecutive
rows: for the states of Markov chains, stretches of one chain or groups of whole chains, which keeps the
error honest as long as a group is longer than the chain's memory.

Reference: Efron, "The jackknife, the bootstrap and other resampling plans" (1982), Section 2.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

GROUPS = 10
"""The error is then itself known to a quarter."""


@dataclass(frozen=True)
class Value:
    """A measure of all samples, with its error over draws."""

    value: float
    standard_error: float | None
    """In the unit of `value`; None where no group that is left out changes it."""

    @classmethod
    def of(cls, value: float, without: Sequence[float]) -> Value:
        """The value on all samples, with the error from its values without each of two or more groups."""
        g = len(without)
        error = math.sqrt((g - 1) ** 2 / g * float(np.var(without, ddof=1)))
        return cls(float(value), error or None)


def bounds(n: int, groups: int) -> list[slice]:
    """Cut n rows into consecutive groups whose sizes differ by at most one.

    Raises:
        ValueError: there are fewer than two groups, or a group would be empty.
    """
    if not 2 <= groups <= n:
        raise ValueError(
            f"{n} samples cannot be cut into {groups} groups; give two groups or more and a sample for each"
        )
    edges = [n * group // groups for group in range(groups + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]
