"""The sum over centers in a Parzen density, taken in piece by piece: a running log-sum-exp in float64.

A term further than sigma^2 log(n / epsilon) beyond the nearest of the n centers seen so far is smaller than
epsilon / n of the largest term, and is left out. Over N centers that come in B equal blocks the terms left
out are less than epsilon (1 + 1/2 + ... + 1/B) <= epsilon (1 + log B) of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.parzen.bounds import places

RELATIVE_ERROR = 1e-7
"""Epsilon: a log-density over B blocks of centers is off by no more than (1 + log B) times this."""

_DENSE_ABOVE = 0.1
"""Share of a tile's terms above which picking them out costs more than exponentiating all of them."""
_COUNTED_ONE_IN = 8
"""Of so many points in a row the terms of the first are counted to know the share of all."""
_EXACT_BELOW = 0.002
"""Share of a tile's terms below which their distances are computed anew from differences, at little cost."""

_MOST_KEPT = 200
"""Terms a point that are kept at most: 16 bytes each."""

Excess = Callable[[Tensor, Tensor], Tensor]
"""The exact excess of pairs: (rows of points, rows of centers), two vectors, -> float64."""
Terms = tuple[float, slice, Tensor, Tensor]
"""All that matter up to a widest sigma: that sigma, a tile of points, rows among these, exact excess."""


class Mixture:
    """For every point and sigma the sum of exp(-||x - c_i||^2 / (2 sigma^2)) over the centers seen so far.

    Distances are half squared ones, short of |x|^2/2, which is the same for all centers: an excess. Sums are
    kept relative to the term at `nearest`, the least excess so far, rounded to float32.
    """

    def __init__(
        self, half_squares: Tensor, dimension: int, sigmas: npt.NDArray[np.float64], *, keep: bool = False
    ) -> None:
        """Begin with no center.

        Args:
            half_squares: |x|^2/2 of the points, (n,) float64.
            dimension: that of the points.
            sigmas: positive.
            keep: whether to keep all terms, as long as they are few.
        """
        device, n = half_squares.device, len(half_squares)
        self.half_squares, self.dimension, self.sigmas = half_squares, dimension, sigmas
        self.kept: dict[int, list[Terms]] | None = {} if keep else None
        """By the first row of a tile of points, all its terms."""
        # To count and to pick out near terms, a card would be waited for: all are exponentiated there.
        self.picks = device.type == "cpu"
        self.precisions = torch.as_tensor(sigmas**-2.0, device=device)
        self.nearest = torch.full((n,), torch.inf, dtype=torch.float32, device=device)
        self.sums = torch.zeros((n, len(sigmas)), dtype=torch.float64, device=device)
        self.n_centers = 0
        # Widest first: what is too far for one sigma is too far for all that are narrower.
        self._order = [(int(s), float(sigmas[s])) for s in np.argsort(-sigmas)]

    def announce(self, n_centers: int) -> None:
        """Say that so many centers come next: how far terms reach grows with their number."""
        self.n_centers += n_centers

    def reach(self, sigma: float | None = None) -> float:
        """How far beyond the nearest center terms are summed, by default at the widest sigma."""
        sigma = self._order[0][1] if sigma is None else sigma
        return sigma**2 * math.log(self.n_centers / RELATIVE_ERROR)

    def add_pairs(self, rows: slice, row: Tensor, excess: Tensor) -> None:
        """Take in single terms: of points `row` among `rows`, at these distances (float64)."""
        self._add_pairs(rows, row, excess, self._order)

    def add_tile(self, rows: slice, excess: Tensor, exact: Excess) -> None:
        """Take in a tile of float32 distances (points in `rows`, some centers); it is overwritten."""
        nearest = torch.minimum(self.nearest[rows], excess.amin(dim=1))
        self._move(rows, nearest)
        n_columns = excess.shape[1]
        flat, place = excess.sub_(nearest.unsqueeze(1)).view(-1), None
        for position, (s, sigma) in enumerate(self._order):
            reach = self.reach(sigma)
            if place is None and (not self.picks or _share(excess[::_COUNTED_ONE_IN], reach) > _DENSE_ABOVE):
                self.sums[rows, s] += excess.mul(-(sigma**-2)).exp_().sum(dim=1)
                continue
            kept = places(flat <= reach)
            flat = flat[kept]
            place = kept if place is None else place[kept]
            row = place // n_columns
            if len(place) <= _EXACT_BELOW * excess.numel():
                distances = exact(row, place - row * n_columns)
                return self._add_pairs(rows, row, distances, self._order[position:])
            self.sums[rows, s].index_add_(0, row, flat.mul(-(sigma**-2)).exp_().double())
        self.kept = None
        return None

    def log_density(self) -> npt.NDArray[np.float64]:
        """The log of the mean Gaussian over all centers, (n, n_sigmas), nats."""
        half_distance = (self.nearest.double() + self.half_squares).unsqueeze(1)
        log_sums = self.sums.log() - half_distance * self.precisions
        log_normaliser = self.dimension * np.log(self.sigmas * math.sqrt(2 * math.pi))
        return np.asarray(log_sums.cpu().numpy() - math.log(self.n_centers) - log_normaliser)

    def at(self, sigmas: npt.NDArray[np.float64]) -> Mixture | None:
        """The same mixture at other sigmas, from the terms kept; None if some are missing."""
        kept = self.kept or {}
        pieces = [terms for start in sorted(kept) for terms in kept[start]]
        if not pieces or sigmas.max() > min(terms[0] for terms in pieces):
            return None
        other = Mixture(self.half_squares, self.dimension, sigmas)
        other.announce(self.n_centers)
        for _, rows, row, excess in pieces:
            other.add_pairs(rows, row, excess)
        return other

    def _add_pairs(self, rows: slice, row: Tensor, excess: Tensor, order: list[tuple[int, float]]) -> None:
        self._keep(rows, row, excess, order[0][1])
        self._move(rows, self.nearest[rows].scatter_reduce(0, row, excess.float(), "amin"))
        gap = excess - self.nearest[rows][row].double()
        for s, sigma in order:
            self.sums[rows, s].index_add_(0, row, torch.exp(gap * -(sigma**-2)))

    def _keep(self, rows: slice, row: Tensor, excess: Tensor, widest: float) -> None:
        kept = self.kept
        if kept is None:
            return
        terms = kept.setdefault(rows.start, [])
        terms.append((widest, rows, row, excess))
        if sum(len(few) for _, _, few, _ in terms) > _MOST_KEPT * len(self.nearest[rows]):
            self.kept = None

    def _move(self, rows: slice, nearest: Tensor) -> None:
        """Make sums relative to nearer centers."""
        # (inf - inf) cannot occur: after the first piece `nearest` is finite, and exp(-inf) clears the start.
        shift = (nearest - self.nearest[rows]).double().unsqueeze(1)
        self.sums[rows] *= torch.exp(shift * self.precisions)
        self.nearest[rows] = nearest


def _share(excess: Tensor, reach: float) -> float:
    """Which part of some distances does not exceed `reach`."""
    return int((excess <= reach).count_nonzero()) / excess.numel()
