"""The Parzen window density: a Gaussian on every sample, and the log of their mean.

    log p(x) = log (1/N) sum_i exp(-||x - c_i||^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi))        [nats]

This is `parzen_ll.py` of goodfeli/adversarial (log-mean-exp over the samples, no clipping, no
dequantisation), computed another way. Where sigma is narrow, a lower bound on distances leaves a few centers
a point (`bounds`), whose distances are taken directly. Else, and where the bound does not pay, squared
distances come from one float32 matrix product a tile, which serves every sigma at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.parzen.mixture import Mixture
from gan_repro.parzen.scan import Matrix, Scan, read

Sigmas = Sequence[float] | npt.NDArray[np.float64]
Device = str | torch.device

Tile = tuple[int, int]
"""How many points and centers are held against each other at a time."""

_TILE = {"cpu": (500, 5000), "cuda": (10_000, 10_000)}
"""As many as a CPU multiplies at its full speed, or as keep a card busy for longer than it takes to tell it
what to do (400 MB, and as much again for their exponentials)."""


def log_density(
    points: Matrix,
    centers: Matrix,
    sigmas: Sigmas,
    *,
    device: Device | None = None,
    tile: Tile | None = None,
) -> npt.NDArray[np.float64]:
    """Compute the log-density in nats of each point under Gaussians of each width on all centers.

    Args:
        points: (n_points, d).
        centers: (n_centers, d); may be memory-mapped, as they are read a tile at a time.
        sigmas: the standard deviations, positive.
        device: where to compute; None means where `centers` lie (the CPU for arrays).
        tile: how many points and centers are held against each other at a time. Memory grows with the
            product of the two, with their rows and with the points, not with the number of centers. None: as
            suits the device.

    Returns:
        (n_points, n_sigmas) float64, rows in the order of `points`.

    Raises:
        ValueError: shapes do not fit, there is no center, or a sigma is not positive.
    """
    return _scan(points, centers, sigmas, device, tile).mixture.log_density()


def log_density_stream(
    points: Matrix,
    batches: Iterable[Matrix],
    sigmas: Sigmas,
    *,
    device: Device = "cpu",
    tile: Tile | None = None,
) -> npt.NDArray[np.float64]:
    """Compute `log_density` of points under centers that come in batches and are not kept.

    Time is linear in the number of centers; memory does not grow with it. How the centers are cut into
    batches makes no difference, not even of rounding.

    Args:
        points: (n_points, d).
        batches: matrices (n, d) of centers, of any lengths: from a generator that draws them, say.
        sigmas: the standard deviations, positive.
        device: where to compute.
        tile: as for `log_density`.

    Returns:
        (n_points, n_sigmas) float64, nats, rows in the order of `points`.

    Raises:
        ValueError: shapes do not fit, there is no center, or a sigma is not positive.
    """
    _check(points, points)
    if len(points) == 0:
        raise ValueError("nothing to score: 0 points")
    tile = tile or _suiting(points, torch.device(device))
    scan = Scan(points, _checked(sigmas), torch.device(device), tile, None)
    for block in _recut(batches, points, tile[1], device):
        scan.take(block)
    return scan.mixture.log_density()


class Density:
    """The density of some points under some centers, at one sigma after the other.

    The few terms that matter at narrow sigmas are kept when they have been found, and serve later calls.
    Where they are not few, or a sigma is wider, distances are computed anew.

    Args:
        points, centers, device: as for `log_density`.
    """

    def __init__(self, points: Matrix, centers: Matrix, *, device: Device | None = None) -> None:
        self._arguments = points, centers, device
        self._mixture: Mixture | None = None

    def log_density(self, sigmas: Sigmas) -> npt.NDArray[np.float64]:
        """Compute log-densities (n_points, n_sigmas) float64, nats.

        Raises:
            ValueError: shapes do not fit, there is no center, or a sigma is not positive.
        """
        kept = None if self._mixture is None else self._mixture.at(_checked(sigmas))
        if kept is None:
            points, centers, device = self._arguments
            kept = self._mixture = _scan(points, centers, sigmas, device, None, keep=True).mixture
        return kept.log_density()


def _scan(
    points: Matrix,
    centers: Matrix,
    sigmas: Sigmas,
    device: Device | None,
    tile: Tile | None,
    *,
    keep: bool = False,
) -> Scan:
    _check(points, centers)
    if len(points) == 0 or len(centers) == 0:
        raise ValueError(f"nothing to score: {len(points)} points, {len(centers)} centers")
    if device is None:
        device = centers.device if isinstance(centers, Tensor) else "cpu"
    tile = tile or _suiting(points, torch.device(device))
    scan = Scan(points, _checked(sigmas), torch.device(device), tile, len(centers), keep=keep)
    for low in range(0, len(centers), tile[1]):
        scan.take(centers[low : low + tile[1]])
    return scan


def _recut(batches: Iterable[Matrix], points: Matrix, size: int, device: Device) -> Iterator[Tensor]:
    """The same centers in blocks of `size`, but for the last; a block is overwritten by the next."""
    block, filled, seen = torch.empty(size, points.shape[1], device=device), 0, 0
    for batch in batches:
        _check(points, batch)
        low = 0
        while low < len(batch):
            part = batch[low : low + size - filled]
            block[filled : filled + len(part)] = read(part, torch.device(device))
            low, filled, seen = low + len(part), filled + len(part), seen + len(part)
            if filled == size:
                yield block
                filled = 0
    if filled:
        yield block[:filled]
    if not seen:
        raise ValueError(f"nothing to score: {len(points)} points, 0 centers")


def _suiting(points: Matrix, device: torch.device) -> Tile:
    """The tile for a device. On a CPU there are at least two tiles of points, for two threads to share."""
    if device.type != "cpu":
        return _TILE["cuda"]
    rows, columns = _TILE["cpu"]
    return min(rows, -(-len(points) // 2)), columns


def _check(points: Matrix, centers: Matrix) -> None:
    if points.ndim != 2 or centers.ndim != 2 or points.shape[1] != centers.shape[1]:
        raise ValueError(
            "points and centers must be matrices of equal width, "
            f"not of shapes {tuple(points.shape)} and {tuple(centers.shape)}"
        )


def _checked(sigmas: Sigmas) -> npt.NDArray[np.float64]:
    widths = np.asarray(sigmas, dtype=np.float64)
    if widths.ndim != 1 or not len(widths) or not np.all(np.isfinite(widths) & (widths > 0)):
        raise ValueError(f"sigmas must be a list of positive numbers, not {widths.tolist()}")
    return widths
