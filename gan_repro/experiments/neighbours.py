"""Nearest images, found exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gan_repro.experiments.base import Floats


def nearest(points: Floats, images: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Euclidean distance (n,) from each point (n, d) to its nearest image (m, d), and that image's row.

    Distances are computed anew from the pair, so that an image is at distance 0 from itself.
    """
    import torch
    from sklearn.metrics import pairwise_distances_argmin
    from threadpoolctl import threadpool_limits

    with threadpool_limits(torch.get_num_threads()):
        rows = pairwise_distances_argmin(points, images)
    difference = np.asarray(points, np.float64) - np.asarray(images, np.float64)[rows]
    return np.sqrt(np.square(difference).sum(axis=1)), rows
