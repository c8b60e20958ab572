"""How far images lie apart, and by how much less those of a collapsed net do.

A trained net has *collapsed* if the spread across its samples is below `COLLAPSED_BELOW` times the spread
across the training images (gan_repro/verdicts/rules.toml, [collapse]).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

COLLAPSED_BELOW = 0.5
"""The threshold of the rule; it is repeated here for those who stand below the rules, and a test compares."""

_ROWS_AT_A_TIME = 4096


def spread(images: npt.NDArray[np.floating] | Tensor) -> float:
    """Return the square root of the mean over pixels of the variance across images (n, d).

    In float64 whatever the images are, so that a spread near 0 is not rounding.

    Raises:
        ValueError: there is no image.
    """
    if not len(images):
        raise ValueError("the spread of no images is undefined")
    if isinstance(images, Tensor):
        if images.device.type != "cpu":
            # Where they lie: to fetch them from a card takes longer than the arithmetic.
            return float(images.double().var(dim=0, correction=0).mean().sqrt())
        images = images.numpy()
    mean = images.mean(axis=0, dtype=np.float64)
    squares = np.zeros(images.shape[1])
    for start in range(0, len(images), _ROWS_AT_A_TIME):
        squares += np.square(images[start : start + _ROWS_AT_A_TIME] - mean).sum(axis=0)
    return float(np.sqrt(squares.mean() / len(images)))
