"""Intervals and tests over training seeds, with scipy. The seed is the unit; one seed has no interval.

All functions take one number a seed (nats, say) and assume that these are draws from a normal distribution:
with two to five seeds nothing weaker can be had, and with two the intervals are as wide as that deserves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05


class TooFewSeedsError(ValueError):
    """An interval or test was asked of fewer than two seeds."""


@dataclass(frozen=True)
class Interval:
    """A range and what it is the range of."""

    low: float
    high: float
    n: int
    """Over how many seeds."""
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


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of the mean over seeds.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    mean, deviation, n = _moments(values)
    return _around(mean, deviation / math.sqrt(n), n, confidence)


def prediction_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Where one more training from another seed would land: mean ± t s sqrt(1 + 1/n).

    A number that was printed for a single training is held against this, not against the mean's interval.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    mean, deviation, n = _moments(values)
    return _around(mean, deviation * math.sqrt(1 + 1 / n), n, confidence)


def deviation_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Interval of the standard deviation over seeds, from the chi-squared distribution.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    _, deviation, n = _moments(values)
    tail = (1 - confidence) / 2
    upper, lower = stats.chi2.ppf([1 - tail, tail], n - 1)
    scale = deviation * math.sqrt(n - 1)
    return Interval(scale / math.sqrt(upper), scale / math.sqrt(lower), n, confidence)


def one_more_draw(values: Sequence[float], printed: float) -> float:
    """Two-sided p value of `printed` being one more draw of what the values were drawn from.

    Raises:
        TooFewSeedsError: fewer than two values.
    """
    mean, deviation, n = _moments(values)
    return _two_sided(printed - mean, deviation * math.sqrt(1 + 1 / n), n)


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Comparison:
    """First minus second, seed by seed, over the seeds that both have.

    Models given the same seed see the training images in the same order, which pairs them.

    Raises:
        TooFewSeedsError: fewer than two seeds in common.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    differences = [first[seed] - second[seed] for seed in seeds]
    mean, deviation, n = _moments(differences)
    error = deviation / math.sqrt(n)
    return Comparison(mean, _around(mean, error, n, CONFIDENCE), _two_sided(mean, error, n), seeds)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for several comparisons by Holm's step-down method, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return [float(value) for value in adjusted]


def _moments(values: Sequence[float]) -> tuple[float, float, int]:
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        raise TooFewSeedsError(f"{array.size} seed{'' if array.size == 1 else 's'}: no interval can be given")
    return float(array.mean()), float(array.std(ddof=1)), int(array.size)


def _around(centre: float, error: float, n: int, confidence: float) -> Interval:
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    return Interval(centre - reach, centre + reach, n, confidence)


def _two_sided(difference: float, error: float, n: int) -> float:
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return float(2 * stats.t.sf(abs(difference) / error, n - 1))
