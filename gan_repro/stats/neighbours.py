"""Nearest images by Euclidean distance, found exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

_POINTS_AT_A_TIME = 200
_SPARE = 4
"""So many more candidates than asked for are computed again: float32 may put near ties in another order."""


def nearest(
    points: Floats, images: Floats, k: int = 1
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Find the `k` images nearest to each point.

    A float32 matrix product proposes candidates; their distances are computed anew from the differences, so
    that an image is at distance 0 from itself.

    Args:
        points: (n, d).
        images: (m, d), at least `k` of them.
        k: how many neighbours.

    Returns:
        Distances (n, k), ascending, float64, and the rows of `images` (n, k). For k = 1 both are (n,).

    Raises:
        ValueError: the matrices do not fit together, are not floats or not finite, or there are
            fewer than `k` images.
    """
    import torch

    if points.ndim != 2 or images.ndim != 2 or points.shape[1] != images.shape[1] or len(images) < k:
        raise ValueError(
            f"points {points.shape} and images {images.shape} must be (n, d) and (m, d), m >= {k}"
        )
    if points.dtype.kind != "f" or images.dtype.kind != "f":
        raise ValueError(f"points and images must be floats, not {points.dtype} and {images.dtype}")
    if not (np.isfinite(points).all() and np.isfinite(images).all()):
        raise ValueError("points or images hold a number that is not finite")
    # Products of small numbers lose less to rounding.
    origin = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = torch.from_numpy(np.subtract(images, origin, dtype=np.float32))
    halves = torch.einsum("md,md->m", centred, centred).mul_(0.5)
    candidates = min(k + _SPARE, len(images))
    distances, rows = np.empty((len(points), k)), np.empty((len(points), k), np.intp)
    for start in range(0, len(points), _POINTS_AT_A_TIME):
        block = points[start : start + _POINTS_AT_A_TIME]
        here = torch.from_numpy(np.subtract(block, origin, dtype=np.float32))
        # Half the squared distance, short of a term that is the same along a row.
        proposed = torch.addmm(halves, here, centred.T, alpha=-1).topk(candidates, dim=1, largest=False)[1]
        chosen = np.sort(proposed.numpy(), axis=1)
        differences = images[chosen].astype(np.float64) - block[:, None].astype(np.float64)
        exact = np.sqrt(np.square(differences).sum(axis=2))
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        distances[start : start + len(block)] = np.take_along_axis(exact, order, axis=1)
        rows[start : start + len(block)] = np.take_along_axis(chosen, order, axis=1)
    return (distances[:, 0], rows[:, 0]) if k == 1 else (distances, rows)
