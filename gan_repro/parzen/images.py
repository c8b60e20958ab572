"""The range of pixels, [0, 1], and the messages on values outside it, shared by all that takes images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from torch import Tensor

ROUNDING = 1e-6
"""How far outside [0, 1] a value may lie, as arithmetic in float32 leaves it."""

_OVERFLOWS = 1e18
"""A difference beyond this has no square in float32: that is divergence, no unit, and the score says so."""


def check_images(
    samples: npt.NDArray[np.generic] | Tensor,
    valid: npt.NDArray[np.generic] | Tensor,
    test: npt.NDArray[np.generic] | Tensor,
) -> None:
    """Refuse samples in another unit than the images they are scored on, and images that are bytes.

    Points that are no images may lie anywhere, if samples and data do so alike.

    Raises:
        ValueError: NaN or infinite samples; pixels of 0 to 255; samples outside [0, 1] for images within it.
    """
    ranges = {"samples": value_range(samples), "valid": value_range(valid), "test": value_range(test)}
    low, high = ranges["samples"]
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("the samples hold NaN or infinite values; the model that drew them has diverged")
    for name in ("valid", "test"):
        if looks_like_bytes(*ranges[name]) and float(ranges[name][1]).is_integer():
            raise ValueError(_sentence(name, *ranges[name]))
    data_in_unit = all(in_unit_range(*ranges[name]) for name in ("valid", "test"))
    if data_in_unit and not in_unit_range(low, high) and max(-low, high) < _OVERFLOWS:
        raise ValueError(_sentence("samples", low, high))


def value_range(matrix: npt.NDArray[np.generic] | Tensor) -> tuple[float, float]:
    """Return the smallest and the largest value of a matrix, (nan, nan) for a NaN; (0, 0) of nothing."""
    if 0 in matrix.shape:
        return 0.0, 0.0
    return float(matrix.min()), float(matrix.max())


def in_unit_range(low: float, high: float) -> bool:
    """Tell whether values from `low` to `high` lie in [0, 1], but for rounding."""
    return low >= -ROUNDING and high <= 1 + ROUNDING


def looks_like_bytes(low: float, high: float) -> bool:
    """Tell whether values from `low` to `high` look like pixels of 0 to 255."""
    return low >= -ROUNDING and 2 < high <= 255


def cure(low: float, high: float) -> str:
    """Say what to do about values from `low` to `high`, which are not in [0, 1]."""
    if looks_like_bytes(low, high):
        return "this looks like pixels of 0 to 255: divide by 255"
    if -1 - ROUNDING <= low < -0.5 and high <= 1 + ROUNDING:
        return "this looks like -1 to 1, as tanh gives it: use (x + 1) / 2"
    return "rescale them as the data set is, or clip them if the model can leave that range"


def _sentence(name: str, low: float, high: float) -> str:
    return f"{name}: values run from {low:.4g} to {high:.4g}, not in [0, 1]; {cure(low, high)}"
