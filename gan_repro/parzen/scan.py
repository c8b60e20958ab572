"""Points held against block after block of centers, on the cheaper of two paths for each tile.

Both paths hand a `Mixture` what it sums. The dense one computes all distances of a tile by one matrix
product. The other asks a lower bound which pairs may matter (`bounds`), leaves out most of these by their dot
products, and computes the distances of the others from differences (`pairs`). It is taken where it has been
seen to pay: first on a few points spread over all of them; then tile by tile, by the
number of pairs that the bound leaves. A tile of points for which it failed is left dense for the next 4
blocks of centers, after another failure for 16, and so on, so that attempts cost little.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.parzen.bounds import (
    DIRECTIONS,
    MOST_PAIRS,
    Bound,
    near_pairs,
    principal_directions,
    rounded_up,
)
from gan_repro.parzen.mixture import Mixture
from gan_repro.parzen.pairs import Sides, exact_excess, highest_excess, nearer_pairs
from gan_repro.parzen.threads import Threads

Matrix = npt.NDArray[np.generic] | Tensor

_LEAST_PAIRS = 20_000_000
_LEAST_POINTS = 500
_LEAST_DIMENSION = 512
"""Below these a bound costs too much beside the distances themselves: to project a center alone costs as much
as its distances to 250 points."""
_PROBED = (100, 2500)
"""Points, spread over all, and centers that show whether a bound pays."""
_SAMPLED = 500
"""Points, and as many centers, in which directions are found: a rest must be short in both."""
_PIECE = 512
"""Centers that one thread prepares at a time."""
_AT_ONCE = 256
"""Rows that are held in float64 at a time."""


class Scan:
    """Points (n, d), and what they have met so far.

    Args:
        points: (n, d), of any kind.
        sigmas: positive.
        device: where to compute.
        tile: how many points and at most how many centers are held against each other at a time.
        n_centers: how many centers will come; None means many.
        keep: whether the mixture is to keep its terms.
    """

    def __init__(
        self,
        points: Matrix,
        sigmas: npt.NDArray[np.float64],
        device: torch.device,
        tile: tuple[int, int],
        n_centers: int | None,
        *,
        keep: bool = False,
    ) -> None:
        self.n_centers = _LEAST_PAIRS if n_centers is None else n_centers
        self.tile = min(tile[0], len(points)), min(tile[1], self.n_centers)
        lows = range(0, len(points), self.tile[0])
        self.row_tiles = [slice(low, min(low + self.tile[0], len(points))) for low in lows]
        # Distances do not change when everything moves together, and float32 products are more exact near 0.
        total = torch.zeros(points.shape[1], dtype=torch.float64, device=device)
        for rows in self.row_tiles:
            total += read(points[rows], device, None).sum(dim=0, dtype=torch.float64)
        self.origin = total / len(points)
        self.x = torch.empty(points.shape, device=device)
        half_squares = torch.empty(len(points), dtype=torch.float64, device=device)

        def move(rows: slice) -> None:
            torch.sub(read(points[rows], device, None), self.origin, out=self.x[rows])
            half_squares[rows] = half_squared_lengths(self.x[rows])

        with Threads(device, len(self.row_tiles)) as threads:
            threads.map(move, self.row_tiles)
        self.mixture = Mixture(half_squares, points.shape[1], sigmas, keep=keep)
        self.bound: Bound | None = None
        self.projections: dict[int, Tensor] = {}
        self.block = 0
        self.failures = [0] * len(self.row_tiles)
        self.waits_until = [0] * len(self.row_tiles)
        self.spaces: list[Tensor] = []

    def take(self, centers: Matrix) -> None:
        """Hold all points against some centers (m, d), no more than a tile's."""
        c = self.x.new_empty(centers.shape)
        half_squares = torch.empty(len(c), dtype=torch.float64, device=c.device)
        pieces = self._pieces(len(c))

        def move(rows: slice) -> None:
            torch.sub(read(centers[rows], c.device), self.origin.float(), out=c[rows])
            half_squares[rows] = half_squared_lengths(c[rows])

        with Threads(c.device, len(pieces)) as threads:
            threads.map(move, pieces)
        self.mixture.announce(len(c))
        if self.block == 0:
            self._choose(c, half_squares)
        with Threads(c.device, len(self.row_tiles)) as threads:
            while len(self.spaces) < threads.count:
                self.spaces.append(self.x.new_empty(self.tile[0] * rounded_up(self.tile[1])))
            projection = None
            if self.bound is not None and min(self.waits_until) <= self.block:
                if not self.projections:
                    threads.map(partial(self._project_points, self.bound), range(len(self.row_tiles)))
                projection = self._project(self.bound, c, half_squares, threads)
            work = partial(self._hold, c, half_squares, projection)
            threads.map(work, range(len(self.row_tiles)))
        self.block += 1

    def _project_points(self, bound: Bound, index: int) -> None:
        rows = self.row_tiles[index]
        self.projections[index] = bound.of_points(self.x[rows], self.mixture.half_squares[rows])

    def _project(self, bound: Bound, c: Tensor, half_squares: Tensor, threads: Threads) -> Tensor:
        pieces = self._pieces(len(c))
        parts: dict[int, Tensor] = {}

        def project(rows: slice) -> None:
            parts[rows.start] = bound.of_centers(c[rows], half_squares[rows])

        threads.map(project, pieces)
        return torch.cat([parts[rows.start] for rows in pieces])

    def _pieces(self, n: int) -> list[slice]:
        """Cut n rows of centers into pieces that threads share; a card takes them as one."""
        size = _PIECE if self.x.device.type == "cpu" else n
        return [slice(low, min(low + size, n)) for low in range(0, n, size)]

    def _hold(self, c: Tensor, half_squares: Tensor, projection: Tensor | None, index: int) -> None:
        """Hold one tile of points against some centers, in a space that no other thread uses."""
        space, rows = self.spaces.pop(), self.row_tiles[index]
        x = self.x[rows]
        sides = Sides(x, self.mixture.half_squares[rows], c, half_squares)
        exact = partial(exact_excess, sides)
        pairs = None
        if projection is not None and self.waits_until[index] <= self.block:
            nearest, reach = self.mixture.nearest[rows], self.mixture.reach()
            above = partial(highest_excess, sides)
            pairs = near_pairs(self.projections[index], projection, nearest, reach, above, space)
            if pairs is None:
                self.failures[index] += 1
                self.waits_until[index] = self.block + 1 + 4 ** self.failures[index]
        if pairs is not None:
            pairs = nearer_pairs(sides, pairs, nearest, reach)
            self.mixture.add_pairs(rows, pairs[0], exact(*pairs))
        else:
            # |c|^2/2 - x.c: half the squared distance, short of |x|^2/2, which is the same along a row.
            excess = space[: len(x) * len(c)].view(len(x), len(c))
            torch.addmm(half_squares.float(), x, c.T, alpha=-1, out=excess)
            self.mixture.add_tile(rows, excess, exact)
        self.spaces.append(space)

    def _choose(self, c: Tensor, half_squares: Tensor) -> None:
        """See from the first centers whether a bound pays; if so, project the points on its directions."""
        n, dimension = self.x.shape
        if c.device.type != "cpu" or dimension < _LEAST_DIMENSION:
            return
        if n < _LEAST_POINTS or n * self.n_centers < _LEAST_PAIRS:
            return
        c, half_squares = c[: _PROBED[1]], half_squares[: _PROBED[1]]
        some = _spread(n, _PROBED[0])
        excess = torch.addmm(half_squares.float(), self.x[some], c.T, alpha=-1)
        limit = excess.amin(dim=1, keepdim=True) + self.mixture.reach()
        if int((excess <= limit).count_nonzero()) > MOST_PAIRS * excess.numel():
            return  # nor can a bound leave fewer
        sample = torch.cat([self.x[_spread(n, _SAMPLED)], c[:_SAMPLED]])
        if not bool(sample.isfinite().all()):
            return
        # The fewer directions, the sooner a bound is computed and the more pairs it leaves.
        directions = principal_directions(sample, DIRECTIONS[-1])
        bounds = (Bound(directions[:, :count].contiguous()) for count in DIRECTIONS)
        self.bound = next(
            (bound for bound in bounds if self._pays(bound, some, c, half_squares, excess)), None
        )

    def _pays(self, bound: Bound, some: Tensor, c: Tensor, half_squares: Tensor, excess: Tensor) -> bool:
        """Whether a bound leaves few of the pairs of some points and centers, whose distances are known."""
        pairs = near_pairs(
            bound.of_points(self.x[some], self.mixture.half_squares[some]),
            bound.of_centers(c, half_squares),
            torch.full((len(some),), torch.inf),
            self.mixture.reach(),
            lambda row, column: excess[row, column],
            torch.empty(len(some) * rounded_up(len(c))),
        )
        return pairs is not None


def _spread(n: int, count: int) -> Tensor:
    """Up to `count` of n rows, evenly spread."""
    return torch.linspace(0, n - 1, min(n, count)).long()


def read(rows: Matrix, device: torch.device, dtype: torch.dtype | None = torch.float32) -> Tensor:
    """Rows of any kind of matrix as a tensor; None leaves a tensor's own type."""
    if not isinstance(rows, Tensor):
        # A copy: torch takes no read-only memory, no foreign byte order and no negative strides.
        rows = torch.from_numpy(np.array(rows, np.float32, order="C"))
    return rows.detach().to(device=device, dtype=dtype)


def half_squared_lengths(rows: Tensor) -> Tensor:
    """Half the squared length of each row, (n,) float64."""
    # Some rows at a time: fresh memory for all of them in float64 costs more than the arithmetic done in it.
    parts = [torch.linalg.vector_norm(few, dim=1, dtype=torch.float64) for few in rows.split(_AT_ONCE)]
    return torch.cat(parts).square_().mul_(0.5)
