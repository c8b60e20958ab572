"""Intervals and tests over a few independent values, with scipy; one value has no interval.

Mostly the values are scores of one row, one a training seed, in nats. They are taken as draws from a normal
distribution: with two to five seeds nothing weaker can be had, and with two the intervals are as wide as that
deserves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

CONFIDENCE = 0.95

Values = Sequence[float] | npt.NDArray[np.floating]


class TooFewSeedsError(ValueError):
    """An interval or test was asked of fewer than two values."""


@dataclass(frozen=True)
class Interval:
    """A range and what it is the range of."""

    low: float
    high: float
    n: int
    """Over how many values."""
    confidence: float = CONFIDENCE

    @property
    def half_width(self) -> float:
        """Half of high minus low."""
        return (self.high - self.low) / 2

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"[{self.low:.1f}, {self.high:.1f}]"


@dataclass(frozen=True)
class Comparison:
    """The mean of paired differences over seeds, its interval, and the p value of the mean being 0."""

    mean: float
    interval: Interval
    p_value: float
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Closeness:
    """Two opposite tests of whether a mean lies within a margin of a reference."""

    difference: float
    """Mean minus reference."""
    inside: float
    """p value of the mean lying within the margin: the larger of two one-sided t tests (TOST)."""
    outside: float
    """p value of it lying beyond the margin: the one-sided t test on the side where it lies."""


def mean_interval(values: Values, confidence: float = CONFIDENCE) -> Interval:
    """Compute Student's t interval of the mean.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    mean, error, n = _moments(values)
    low, high = stats.t.interval(confidence, n - 1, mean, error) if error else (mean, mean)
    return Interval(float(low), float(high), n, confidence)


def prediction_interval(values: Values, confidence: float = CONFIDENCE) -> Interval:
    """Compute where one more draw would land: mean +- t s sqrt(1 + 1/n).

    A number that was printed for a single training is held against this, not against the mean's interval.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    of_mean = mean_interval(values, confidence)
    reach = of_mean.half_width * math.sqrt(of_mean.n + 1)
    centre = (of_mean.low + of_mean.high) / 2
    return Interval(centre - reach, centre + reach, of_mean.n, confidence)


def deviation_interval(values: Values, confidence: float = CONFIDENCE) -> Interval:
    """Compute the interval of a standard deviation, from the chi-squared distribution.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    _moments(values)
    return pooled_deviation([values], confidence)[1]


def pooled_deviation(groups: Sequence[Values], confidence: float = CONFIDENCE) -> tuple[float, Interval]:
    """Compute the standard deviation within groups, pooled, and its chi-squared interval.

    Raises:
        TooFewSeedsError: no group has two values.
    """
    arrays = [np.asarray(group, np.float64) for group in groups if len(group) > 1]
    if not arrays:
        raise TooFewSeedsError("no group has two values: no interval can be given")
    freedom = sum(len(array) - 1 for array in arrays)
    squares = sum(float(np.square(array - array.mean()).sum()) for array in arrays)
    tail = (1 - confidence) / 2
    upper, lower = stats.chi2.ppf([1 - tail, tail], freedom)
    interval = Interval(
        math.sqrt(squares / upper), math.sqrt(squares / lower), sum(map(len, arrays)), confidence
    )
    return math.sqrt(squares / freedom), interval


def share_interval(share: float, n: int) -> Interval:
    """Compute Wilson's interval of a share of `n`; the share need not be a whole number of n-ths (ties)."""
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At shares of 0 and 1 an end is the share itself, which rounding would miss.
    low = max(centre - reach, 0.0) if share > 0 else 0.0
    return Interval(low, min(centre + reach, 1.0) if share < 1 else 1.0, n)


def closeness(values: Values, reference: float, margin: float) -> Closeness:
    """Test whether the mean lies within `margin` of a reference, and whether it lies beyond.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    mean, error, n = _moments(values)
    difference = mean - reference
    # How far the mean lies inside the nearer of the margin's ends, negative beyond it.
    inside = margin - abs(difference)
    return Closeness(difference, _upper_tail(inside, error, n), _upper_tail(-inside, error, n))


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Comparison:
    """Test first minus second, seed by seed, over the seeds that both have.

    Models given the same seed see the training images in the same order, which pairs them.

    Raises:
        TooFewSeedsError: fewer than two seeds in common.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    differences = [first[seed] - second[seed] for seed in seeds]
    mean, error, n = _moments(differences)
    p_value = 1.0 if mean == 0 else 2 * _upper_tail(abs(mean), error, n)
    return Comparison(mean, mean_interval(differences), p_value, seeds)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for several comparisons by Holm's step-down method, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return [float(value) for value in adjusted]


def _moments(values: Values) -> tuple[float, float, int]:
    """Give the mean, its standard error and the number of values."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        raise TooFewSeedsError(f"{array.size} seed{'' if array.size == 1 else 's'}: no interval can be given")
    return float(array.mean()), float(array.std(ddof=1)) / math.sqrt(array.size), int(array.size)


def _upper_tail(distance: float, error: float, n: int) -> float:
    """Give the p value of Student's one-sided t test of a mean that lies so far above a bound."""
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stats.t.sf(distance / error, n - 1))
