"""Two sharp distributions in the plane, whose width is known: a thin ring, and point masses.

Samples are told by three numbers. *Width* is that of the bulk, from the median of the distances to the
support, so that a few samples between two masses, where a continuous generator cannot but put some, do not
decide it. *Stray* is the share of samples that lie far from the support, and *coverage* how evenly samples
are spread along it: without these two, a generator that gives one point would be the sharpest of all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import entropy, norm
from torch import Tensor

Points = npt.NDArray[np.floating]

RING_WIDTH = 0.02
"""Standard deviation of the radius; the radius itself is 1."""
MASSES = 8
"""Evenly spaced on the unit circle."""
STRAY = 0.1
"""A sample is stray that lies farther than this from the support."""

_SECTORS = 16


class Shape(ABC):
    """A distribution in the plane that lies on or near a support of no area."""

    name: str
    cells: int
    """Parts of the support, all of one probability."""
    unit: float
    """What the median distance from the support is told in."""

    @abstractmethod
    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Draw points (n, 2)."""

    @abstractmethod
    def distances(self, points: Points) -> Points:
        """Distances (n,) of points (n, 2) from the support."""

    @abstractmethod
    def cell(self, points: Points) -> npt.NDArray[np.integer]:
        """The part of the support, (n,), that points (n, 2) belong to."""


class Ring(Shape):
    """A ring of radius 1 and a small width; distances are told in the median of its own points'."""

    name = "ring"
    cells = _SECTORS
    unit = RING_WIDTH * float(norm.ppf(0.75))

    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Draw points (n, 2)."""
        angle = 2 * math.pi * torch.rand(n, 1, generator=random)
        radius = 1 + RING_WIDTH * torch.randn(n, 1, generator=random)
        return radius * torch.cat([angle.cos(), angle.sin()], dim=1)

    def distances(self, points: Points) -> Points:
        """Distances (n,) of points (n, 2) from the circle."""
        return np.abs(np.hypot(points[:, 0], points[:, 1]) - 1)

    def cell(self, points: Points) -> npt.NDArray[np.integer]:
        """The sector of points (n, 2)."""
        turns = np.arctan2(points[:, 1], points[:, 0]) / (2 * math.pi) % 1
        return np.minimum((turns * _SECTORS).astype(int), _SECTORS - 1)


class Masses(Shape):
    """Point masses; distances are told in half the distance between two neighbours."""

    name = "masses"
    cells = MASSES
    unit = math.sin(math.pi / MASSES)

    def __init__(self) -> None:
        """Place the masses."""
        angle = 2 * math.pi * np.arange(MASSES) / MASSES
        self.places = np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Draw points (n, 2)."""
        return torch.from_numpy(self.places).float()[torch.randint(MASSES, (n,), generator=random)]

    def distances(self, points: Points) -> Points:
        """Distances (n,) of points (n, 2) from the nearest mass."""
        return self._to_each(points).min(axis=1)

    def cell(self, points: Points) -> npt.NDArray[np.integer]:
        """The nearest mass of points (n, 2)."""
        return self._to_each(points).argmin(axis=1)

    def _to_each(self, points: Points) -> Points:
        return np.linalg.norm(points[:, None, :] - self.places, axis=2)


SHAPES: tuple[Shape, ...] = (Ring(), Masses())


@dataclass(frozen=True)
class Sharpness:
    """How samples lie about the support of a shape."""

    width: float
    """Median distance from the support in the shape's unit: the ring's own is 1, that of the masses 0."""
    stray: float
    """Share of samples that are stray."""
    coverage: float
    """exp(entropy) of the samples' shares of the cells, over the number of cells: 1 where all are even."""


def sharpness(shape: Shape, points: Points) -> Sharpness:
    """Measure points (n, 2) against a shape.

    Raises:
        ValueError: some points are not finite.
    """
    if not np.isfinite(points).all():
        raise ValueError("some samples are NaN or infinite: the nets that drew them have diverged")
    distances = shape.distances(points)
    shares = np.bincount(shape.cell(points), minlength=shape.cells) / len(points)
    return Sharpness(
        width=float(np.median(distances)) / shape.unit,
        stray=float(np.mean(distances > STRAY)),
        coverage=math.exp(float(entropy(shares))) / shape.cells,
    )
