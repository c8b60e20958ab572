"""The maximum of a smooth curve of a positive quantity, between the points at which it was computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = Sequence[float] | npt.NDArray[np.floating]


def parabola_maximum(points: Values, values: Values) -> float | None:
    """Find where the parabola through three values over the logarithms of three points is highest.

    Args:
        points: three positive numbers, ascending (bandwidths, say).
        values: the curve at these points.

    Returns:
        The place of the maximum; None where the parabola has none, as it opens upwards or is a line.
    """
    a, b, _ = np.polyfit(np.log(points) - np.log(points[1]), np.array(values) - values[1], 2)
    return float(points[1] * np.exp(-b / (2 * a))) if a < 0 else None
