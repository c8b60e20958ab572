"""The Parzen window density: a Gaussian on every sample, and the log of their mean.

    log p(x) = log (1/N) sum_i exp(-||x - c_i||^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi))        [nats]

This is `parzen_ll.py` of goodfeli/adversarial (log-mean-exp over the samples, no clipping, no
dequantisation), computed another way: squared distances come from one float32 matrix product a tile, serve
every sigma at once, and only terms that can change the sum are exponentiated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.parzen.threads import Threads

Matrix = npt.NDArray[np.generic] | Tensor

RELATIVE_ERROR = 1e-7
"""Bound on the part of a density that may be left out: a log-density is off by no more than this."""

_TILE = {"cpu": (500, 2000), "cuda": (10_000, 10_000)}
"""Points and centers held against each other at a time: as many as stay in a CPU's cache, or as keep a card
busy for longer than it takes to tell it what to do (400 MB, and as much again for their exponentials)."""
_DENSE_ABOVE = 0.1
"""Share of a tile's terms above which picking them out costs more than exponentiating all of them."""


def log_density(
    points: Matrix,
    centers: Matrix,
    sigmas: Sequence[float] | npt.NDArray[np.float64],
    *,
    device: str | torch.device | None = None,
    tile: tuple[int, int] | None = None,
) -> npt.NDArray[np.float64]:
    """Log-density in nats of each point under Gaussians of each width on all centers.

    Args:
        points: (n_points, d).
        centers: (n_centers, d); may be memory-mapped, as they are read a tile at a time.
        sigmas: the standard deviations, positive.
        device: where to compute; None means where `centers` lie (the CPU for arrays).
        tile: how many points and centers are held against each other at a time. Memory grows with the
            product of the two and with the points, not with the number of centers. None: as suits the device.

    Returns:
        (n_points, n_sigmas) float64, rows in the order of `points`.

    Raises:
        ValueError: shapes do not fit, there is no center, or a sigma is not positive.
    """
    widths = np.asarray(sigmas, dtype=np.float64)
    _check(points, centers, widths)
    if device is None:
        device = centers.device if isinstance(centers, Tensor) else "cpu"
    tile = tile or _TILE["cpu" if torch.device(device).type == "cpu" else "cuda"]
    n_centers, dimension = centers.shape

    # Distances do not change when everything moves together, and float32 products are more exact near 0.
    raw = _block(points, 0, len(points), device, torch.float64)
    origin = raw.mean(dim=0)
    row_tiles = [slice(low, low + tile[0]) for low in range(0, len(raw), tile[0])]
    # Tile by tile: fresh memory for whole matrices costs more than the arithmetic done in it.
    x = torch.empty_like(raw, dtype=torch.float32)
    for rows in row_tiles:
        x[rows] = raw[rows] - origin
    half_squares = torch.cat([_half_squares(x[rows]) for rows in row_tiles])
    del raw

    mixture = _Mixture(len(points), widths, n_centers, device)
    with Threads(x.device, len(row_tiles)) as threads:
        largest = min(tile[0], len(x)) * min(tile[1], n_centers)
        spaces = [torch.empty(largest, device=device) for _ in range(threads.count)]
        for start in range(0, n_centers, tile[1]):
            block = _block(centers, start, start + tile[1], device, torch.float32)
            c = (block - origin.float()).contiguous()
            half_center_squares = _half_squares(c).float()
            threads.map(partial(_take_in, mixture, spaces, x, c, half_center_squares), row_tiles)

    log_sums = mixture.log_sums(half_squares)
    log_normaliser = dimension * np.log(widths * math.sqrt(2 * math.pi))
    return np.asarray(log_sums.cpu().numpy() - math.log(n_centers) - log_normaliser)


def _take_in(
    mixture: _Mixture, spaces: list[Tensor], x: Tensor, c: Tensor, half_center_squares: Tensor, rows: slice
) -> None:
    """Hold some points against some centers, in one of the `spaces` that no other thread uses."""
    space = spaces.pop()
    shape = len(x[rows]), len(c)
    # |c|^2/2 - x.c: half the squared distance, short of |x|^2/2, which is the same along a row.
    excess = space[: math.prod(shape)].view(shape)
    torch.addmm(half_center_squares, x[rows], c.T, alpha=-1, out=excess)
    mixture.add(rows, excess)
    spaces.append(space)


class _Mixture:
    """Running log-sum-exp for every point and sigma, over tiles of half squared distances.

    A term further than sigma^2 log(N / epsilon) beyond the nearest center is smaller than epsilon / N of
    the largest term; N of these cannot make up more than epsilon of the sum, and are left out.
    """

    def __init__(
        self, n_points: int, sigmas: npt.NDArray[np.float64], n_centers: int, device: str | torch.device
    ) -> None:
        # To count and to pick out near terms, a card would be waited for: all are exponentiated there.
        self.picks = torch.device(device).type == "cpu"
        self.precisions = torch.as_tensor(sigmas**-2.0, device=device)
        self.nearest = torch.full((n_points,), torch.inf, dtype=torch.float32, device=device)
        self.sums = torch.zeros((n_points, len(sigmas)), dtype=torch.float64, device=device)
        reach = math.log(n_centers / RELATIVE_ERROR)
        # Widest first: what is too far for one sigma is too far for all that are narrower.
        self.plan = [
            (int(s), float(sigmas[s] ** -2.0), float(sigmas[s] ** 2.0 * reach)) for s in np.argsort(-sigmas)
        ]

    def add(self, rows: slice, half_distances: Tensor) -> None:
        """Take in a tile (points in `rows`, some centers); its contents are overwritten."""
        nearest = torch.minimum(self.nearest[rows], half_distances.amin(dim=1))
        # (inf - inf) cannot occur: after the first tile `nearest` is finite, and exp(-inf) clears the start.
        shift = (nearest - self.nearest[rows]).double().unsqueeze(1)
        sums = self.sums[rows].mul_(torch.exp(shift * self.precisions))
        self.nearest[rows] = nearest
        excess = half_distances.sub_(nearest.unsqueeze(1))
        n_columns = excess.shape[1]
        flat, row_of = excess.view(-1), None
        for s, precision, reach in self.plan:
            near = flat <= reach if self.picks else None
            if near is None or (row_of is None and int(near.count_nonzero()) > _DENSE_ABOVE * flat.numel()):
                sums[:, s] += excess.mul(-precision).exp_().sum(dim=1)
                continue
            kept = _places(near)
            flat = flat[kept]
            row_of = kept // n_columns if row_of is None else row_of[kept]
            sums[:, s].index_add_(0, row_of, flat.mul(-precision).exp_().double())

    def log_sums(self, half_squares: Tensor) -> Tensor:
        """Log sum_i exp(-||x - c_i||^2 / (2 sigma^2)), (n_points, n_sigmas)."""
        half_distance = (self.nearest.double() + half_squares).unsqueeze(1)
        return self.sums.log() - half_distance * self.precisions


def _places(mask: Tensor) -> Tensor:
    """Where a boolean vector is true, ascending. Few places are: eight entries are looked at in one go."""
    words = mask[: len(mask) // 8 * 8].view(torch.int64).nonzero()
    candidates = (8 * words + torch.arange(8, device=mask.device)).flatten()
    rest = torch.arange(len(mask) // 8 * 8, len(mask), device=mask.device)
    candidates = torch.cat([candidates, rest])
    return candidates[mask[candidates]]


def _half_squares(rows: Tensor) -> Tensor:
    """Half the squared length of each row, (n,) float64."""
    return rows.double().square_().sum(dim=1).mul_(0.5)


def _block(matrix: Matrix, start: int, stop: int, device: str | torch.device, dtype: torch.dtype) -> Tensor:
    rows = matrix[start:stop]
    if not isinstance(rows, Tensor):
        # A copy: torch takes no read-only memory, no foreign byte order and no negative strides.
        rows = torch.from_numpy(np.array(rows, np.float32, order="C"))
    return rows.detach().to(device=device, dtype=dtype)


def _check(points: Matrix, centers: Matrix, sigmas: npt.NDArray[np.float64]) -> None:
    if points.ndim != 2 or centers.ndim != 2 or points.shape[1] != centers.shape[1]:
        raise ValueError(
            "points and centers must be matrices of equal width, "
            f"not of shapes {tuple(points.shape)} and {tuple(centers.shape)}"
        )
    if len(points) == 0 or len(centers) == 0:
        raise ValueError(f"nothing to score: {len(points)} points, {len(centers)} centers")
    if sigmas.ndim != 1 or not len(sigmas) or not np.all(np.isfinite(sigmas) & (sigmas > 0)):
        raise ValueError(f"sigmas must be a list of positive numbers, not {sigmas.tolist()}")
