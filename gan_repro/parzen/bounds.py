"""Which centers can matter to a point, told from a seventh of the arithmetic that distances of images take.

Let V (d, K) have orthonormal columns, p = V'x and q = V'c be what a point x and a center c are in these
directions, and x', c' what is left of them, orthogonal to V. Then

    x.c = p.q + x'.c' <= p.q + |x'| |c'|                                              (Cauchy-Schwarz)
    |x - c|^2 / 2  >=  |c|^2/2 - p.q - |x'| |c'|  +  |x|^2/2

with |x'|^2 = |x|^2 - |p|^2. This holds for any points, centers and V; it is tight where V are principal
directions of both, so that little is left of either. All bounds of a tile are one matrix product of K + 3
columns. A center whose bound lies further beyond the nearest center than terms reach cannot matter; the few
others are for the caller to compute exactly.

Rounding. V, p, q and what is left come from float64; |x'|^2 has 1e-12 |x|^2 added, which is more than is lost
when |p|^2 is taken from |x|^2. What remains is float32's, with u = 2^-24, here in multiples of u S, where
S = |x|^2/2 + |c|^2/2 >= |x| |c| >= |p| |q| + |x'| |c'|. To store p, q and the lengths costs 2, to store
|c|^2/2 costs 1. A sum of K + 3 products is off by at most K + 3 times the sum of their sizes, 2 S, in any
order: 2 (K + 3). The distance of the nearest center, no more than 2 S, is rounded twice: 4. Products of these
errors are far below 0.1 (K + 3). So a bound is never compared too high once (2.1 (K + 3) + 8) u S is taken
off it.
This is so of products in float32, not of TF32's or bfloat16's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

Pairs = tuple[Tensor, Tensor]
"""Rows of points and rows of centers, two vectors of one length."""

DIRECTIONS = 93, 109
"""How many are tried, in this order; with three columns more a product of 96 or 112. Of MNIST's digits under
sigma 0.17 the 93 leave 0.0022 of the pairs where no near center is known yet, and 0.0013 later; the 109 leave
0.0017 and 0.001. With 61 or 77, which leave up to twice as many, the whole takes as long."""
MOST_PAIRS = 0.02
"""Share of all pairs above which taking these singly costs more than computing all distances."""

_GROUP = 8
"""Centers of which only the least bound is looked at first."""
_AT_ONCE = 256
"""Rows that are held in float64 at a time."""


def principal_directions(sample: Tensor, count: int) -> Tensor:
    """Return the `count` directions, nearly, along which the rows of `sample` (n, d) float32 vary most.

    Their columns (d, count) float64, or as many as there are rows or columns, are orthonormal whatever the
    sample is. That they are nearly the principal ones rests on one power iteration, started from
    twice as many rows of the sample itself (Halko, Martinsson and Tropp 2011, algorithms 4.3 and 5.3).
    """
    sample = sample / sample.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    start = sample[torch.linspace(0, len(sample) - 1, min(2 * count, *sample.shape)).long()].T
    basis = torch.linalg.qr((sample.T @ (sample @ start)).double())[0]
    within = (sample @ basis.float()).double()
    ascending = torch.linalg.eigh(within.T @ within)[1]
    return basis @ ascending.flip(1)[:, :count]


class Bound:
    """Lower bounds on half the squared distance of rows of width d, short of |x|^2/2 (an excess).

    They are tight for rows that lie near 0 beside their distances.

    Args:
        directions: orthonormal columns (d, K) float64.
    """

    def __init__(self, directions: Tensor) -> None:
        self.directions = directions
        self.rounding = (2.1 * (directions.shape[1] + 3) + 8) * 2.0**-24

    def of_points(self, rows: Tensor, half_squares: Tensor) -> Tensor:
        """Project points (n, d), of which half the squared lengths (n,) float64 are known, to (K + 3, n)."""
        p, rest = self._project(rows, half_squares)
        lowered = -self.rounding * half_squares[:, None]
        # By column, which some processors multiply half as fast again.
        return torch.cat([p, rest, torch.ones_like(rest), lowered], 1).float().T.contiguous()

    def of_centers(self, rows: Tensor, half_squares: Tensor) -> Tensor:
        """Project centers (m, d), likewise; the product with a point's projection is a bound."""
        q, rest = self._project(rows, half_squares)
        lowered = (1 - self.rounding) * half_squares[:, None]
        return torch.cat([-q, -rest, lowered, torch.ones_like(rest)], 1).float()

    def _project(self, rows: Tensor, half_squares: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates (n, K) in all directions, and the length (n, 1) of what they leave out; float64."""
        coordinates = torch.cat([few.double() @ self.directions for few in rows.split(_AT_ONCE)])
        squares = 2 * half_squares
        left = squares - coordinates.square().sum(dim=1) + 1e-12 * squares
        return coordinates, left.clamp_min_(0).sqrt_()[:, None]


def near_pairs(
    points: Tensor,
    centers: Tensor,
    nearest: Tensor,
    reach: float,
    excess: Callable[[Tensor, Tensor], Tensor],
    space: Tensor,
) -> Pairs | None:
    """Return every pair whose distance may lie within `reach` of the point's nearest, and a few more.

    Args:
        points: projections of n, a column each.
        centers: projections of m.
        nearest: (n,) no less than the excess of each point's nearest center; infinite if none is known.
        reach: how far beyond the nearest of all known centers a pair matters.
        excess: gives no less than the excess of pairs, (rows of points, ascending, rows of centers).
        space: room for n times `rounded_up(m)` numbers; it is overwritten.

    Returns:
        The pairs, or None where they are so many that computing all distances is faster, or where a bound is
        not a number.
    """
    n, m = points.shape[1], len(centers)
    if rounded_up(m) > m:
        # Centers that are nowhere fill the last group.
        centers = pad(centers, (0, 0, 0, rounded_up(m) - m))
        centers[m:, -2] = torch.inf
    lower = torch.mm(centers, points, out=space[: len(centers) * n].view(-1, n)).view(-1, _GROUP, n)
    least = lower.amin(dim=1)
    best, group = least.min(dim=0)
    if not bool(best.isfinite().all()):
        return None
    # The center of the least bound is mostly near: its distance tells what the others have to come up to.
    row = (best < nearest).nonzero()[:, 0]
    column = _GROUP * group[row] + lower[group[row], :, row].argmin(dim=1)
    found = torch.minimum(nearest[row], excess(row, column).float())
    limit = nearest.index_put((row,), found) + reach

    hits = places((least <= limit).view(-1))
    if len(hits) > MOST_PAIRS * n * m:
        return None
    group = hits // n
    row = hits - group * n
    hit, member = (lower[group, :, row] <= limit[row].unsqueeze(1)).nonzero(as_tuple=True)
    return (row[hit], _GROUP * group[hit] + member) if len(hit) <= MOST_PAIRS * n * m else None


def rounded_up(m: int) -> int:
    """The next multiple of a group of centers."""
    return m + -m % _GROUP


def places(mask: Tensor) -> Tensor:
    """Where a boolean vector is true, ascending. Few places are: eight entries are looked at in one go."""
    words = mask[: len(mask) // 8 * 8].view(torch.int64).nonzero()
    candidates = (8 * words + torch.arange(8, device=mask.device)).flatten()
    rest = torch.arange(len(mask) // 8 * 8, len(mask), device=mask.device)
    candidates = torch.cat([candidates, rest])
    return candidates[mask[candidates]]
