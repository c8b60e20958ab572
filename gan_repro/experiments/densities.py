"""Densities of one dimension as masses on bins, where nothing has to be estimated.

Evenly spaced quantiles of a scalar z, carried through G, give a histogram of p_g that is exact to one part in
their number. Against it stand the formulas of Goodfellow et al. 2014, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit, ndtr, xlogy

Column = npt.NDArray[np.float64]

_EDGES = np.linspace(-8, 8, 801)


class PanelPoint(NamedTuple):
    """A place on the line of x."""

    x: float
    data: float
    """p_data(x)."""
    generated: float
    """p_g(x)."""
    discriminator: float
    """D(x)."""
    optimal: float
    """D*(x)."""


class ArrowPoint(NamedTuple):
    """Where G carries a quantile of z."""

    noise: float
    image: float


@dataclass(frozen=True)
class State:
    """Two nets at a moment of the game, on the bins of x: masses (bins,) and D's log-odds (bins,)."""

    data: Column
    generated: Column
    log_odds: Column
    noise: Column
    images: Column

    @property
    def optimal(self) -> Column:
        """D* = p_data / (p_data + p_g)."""
        return optimal_discriminator(self.data, self.generated)

    @property
    def divergence(self) -> float:
        """JSD(p_data, p_g), nats."""
        return jensen_shannon(self.data, self.generated)

    @property
    def value(self) -> float:
        """V(D, G), nats."""
        return float(self.data @ log_expit(self.log_odds) + self.generated @ log_expit(-self.log_odds))

    @property
    def mixture(self) -> Column:
        """Half data, half samples."""
        return (self.data + self.generated) / 2

    @property
    def gap(self) -> float:
        """Mean of |D - D*| over data and samples."""
        return float(self.mixture @ np.abs(self.probability - self.optimal))

    @property
    def probability(self) -> Column:
        """D at the centres of the bins."""
        return np.exp(log_expit(self.log_odds))

    def panel(self) -> list[list[float]]:
        """Give the `PanelPoint`s near the data."""
        width = np.diff(_EDGES)
        columns = (centres(), self.data / width, self.generated / width, self.probability, self.optimal)
        near = np.abs(columns[0]) <= 4
        return [[round(float(v), 5) for v in row] for row in np.stack(columns, axis=1)[near][::4]]

    def arrows(self) -> list[list[float]]:
        """Give the `ArrowPoint`s of evenly spaced quantiles of z."""
        chosen = np.linspace(0, len(self.noise), 27)[1:-1].astype(int)
        return [[round(float(self.noise[i]), 5), round(float(self.images[i]), 5)] for i in chosen]


def centres() -> Column:
    """Middles of the bins of x."""
    return (_EDGES[1:] + _EDGES[:-1]) / 2


def normal_masses(mean: float = 0.0, deviation: float = 1.0) -> Column:
    """The mass of N(mean, deviation^2) in each bin; the tails go to the outermost ones."""
    cumulative = ndtr((_EDGES - mean) / deviation)
    cumulative[[0, -1]] = 0, 1
    return np.diff(cumulative)


def masses(x: Column) -> Column:
    """The share of points (n,) in each bin; what lies outside counts in the outermost ones."""
    counts, _ = np.histogram(np.clip(x, _EDGES[0], _EDGES[-1]), _EDGES)
    return counts / len(x)


def optimal_discriminator(data: Column, generated: Column) -> Column:
    """p_data / (p_data + p_g) a bin, 1/2 where there is neither."""
    total = data + generated
    return np.divide(data, total, out=np.full_like(total, 0.5), where=total > 0)


def jensen_shannon(p: Column, q: Column) -> float:
    """Jensen-Shannon divergence of two sets of masses, nats."""
    middle = (p + q) / 2
    safe = np.where(middle > 0, middle, 1)
    return float((xlogy(p, p / safe) + xlogy(q, q / safe)).sum() / 2)
