"""Half squared distances of single pairs, short of |x|^2/2 (an excess): bounded quickly, or exact.

The excess of a point x and a center c is |c|^2/2 - x.c. Taken from a float32 dot product it is off by at most
(1.01 d + 8) u S, with u = 2^-24, d the dimension and S = |x|^2/2 + |c|^2/2 >= |x| |c|: a sum of d products is
off by at most d u times the sum of their sizes, in any order, but for products of such errors, which are far
below a hundredth of them as long as d is below 100,000; 8 is room for comparing the bound in float32. A dot
product reads each row once and stores nothing; an exact excess comes from differences in float64 and takes
three to five times as long.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from gan_repro.parzen.bounds import Pairs

_AT_ONCE = 128
"""Pairs whose differences are held at a time: in float64 they then fit into a processor's second cache."""


class Sides(NamedTuple):
    """Points and centers that are held against each other, on a CPU."""

    points: Tensor
    """(n, d) float32."""
    half_points: Tensor
    """Half their squared lengths, (n,) float64."""
    centers: Tensor
    """(m, d) float32."""
    half_centers: Tensor
    """Half their squared lengths, (m,) float64."""


def bounded_excess(sides: Sides, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Return the lowest and highest that the excess of each pair can be, float64.

    Args:
        sides: points and centers.
        row: of a point, for each pair; ascending.
        column: of its center.
    """
    points, half_points, centers, half_centers = sides
    middle = half_centers[column] - dot_products(points, centers, row, column).double()
    room = (1.01 * points.shape[1] + 8) * 2.0**-24 * (half_points[row] + half_centers[column])
    return middle - room, middle + room


def nearer_pairs(sides: Sides, pairs: Pairs, nearest: Tensor, reach: float) -> Pairs:
    """Return those of some pairs, by point, whose distance may lie within `reach` of the point's nearest.

    Args:
        sides: points and centers.
        pairs: of which all others are known to lie further.
        nearest: (n,) no less than the excess of each point's nearest center so far.
        reach: how far beyond the nearest of all known centers a pair matters.
    """
    row, order = pairs[0].sort(stable=True)
    column = pairs[1][order]
    low, high = bounded_excess(sides, row, column)
    limit = nearest.double().scatter_reduce(0, row, high, "amin") + reach
    kept = (low <= limit[row]).nonzero()[:, 0]
    return row[kept], column[kept]


def highest_excess(sides: Sides, row: Tensor, column: Tensor) -> Tensor:
    """Return the highest that the excess of each pair can be; see `bounded_excess`."""
    return bounded_excess(sides, row, column)[1]


def exact_excess(sides: Sides, row: Tensor, column: Tensor) -> Tensor:
    """Return the excess of each pair, float64, from differences."""
    found = torch.empty(len(row), dtype=torch.float64, device=row.device)
    for low in range(0, len(row), _AT_ONCE):
        few = slice(low, low + _AT_ONCE)
        difference = sides.points.index_select(0, row[few])
        difference.sub_(sides.centers.index_select(0, column[few]))
        found[few] = torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64)
    return found.square_().mul_(0.5).sub_(sides.half_points[row])


def dot_products(points: Tensor, centers: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Return the dot product of each pair, float32: of rows of points (n, d), ascending, and centers (m, d).

    They are the entries of a sparse matrix, which torch computes in one call and without copying a row.
    """
    _warn_no_more()
    ends = torch.bincount(row, minlength=len(points)).cumsum(0)
    starts = torch.cat([ends.new_zeros(1), ends])
    shape = len(points), len(centers)
    wanted = torch.sparse_csr_tensor(
        starts, column, points.new_zeros(len(row)), shape, check_invariants=False
    )
    return torch.sparse.sampled_addmm(wanted, points, centers.T, beta=0).values()


@cache
def _warn_no_more() -> None:
    """Have torch say now, to nobody, what it says once a process: that sparse matrices may still change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        none = torch.zeros(1, dtype=torch.int64)
        torch.sparse_csr_tensor(torch.zeros(2, dtype=torch.int64), none[:0], torch.zeros(0), (1, 1))
