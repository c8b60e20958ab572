"""What the numbers of samples mean: their range, and the one they are brought to, [0, 1].

Bytes (uint8) are pixels of 0 to 255 and truth values are black and white, by their type. Floats must lie in
[0, 1]. Whatever else is meant has to be said, as a `value_range`: a range is never guessed from the values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gan_repro.parzen.images import ROUNDING, cure, in_unit_range
from gan_repro.scoring.layout import Array

_BLOCK_BYTES = 1 << 24

_SAY_IT = "--value-range {low:g} {high:g} (value_range=({low:g}, {high:g}) in Python)"


def seen_range(array: Array, where: str) -> tuple[float, float]:
    """Return the smallest and the largest value, looking at a block of samples at a time.

    Raises:
        ValueError: they are no real numbers, or some are NaN or infinite.
    """
    if array.dtype.kind not in "fuib":
        raise ValueError(f"{where}: the samples are of type {array.dtype}; convert them to float32 in [0, 1]")
    height = max(1, _BLOCK_BYTES // max(1, array[0].size * array.itemsize))
    not_finite, first, low, high = 0, -1, math.inf, -math.inf
    for start in range(0, len(array), height):
        block = array[start : start + height]
        smallest, largest = float(block.min()), float(block.max())
        if math.isfinite(smallest) and math.isfinite(largest):
            low, high = min(low, smallest), max(high, largest)
            continue
        finite = np.isfinite(block).reshape(len(block), -1)
        if not not_finite:
            first = start + int(np.argmin(finite.all(axis=1)))
        not_finite += int(finite.size - np.count_nonzero(finite))
    if not_finite:
        raise ValueError(
            f"{where}: NaN or infinite values: {not_finite:,}, the first in row {first} (counted from 0); "
            "the model that drew them has probably diverged: draw them from an earlier state of it"
        )
    return low, high


def parse_value_range(value_range: Sequence[float] | None) -> tuple[float, float] | None:
    """Return the range that the user says values have, (low, high): black and white.

    Raises:
        ValueError: these are not two finite numbers, the smaller first.
    """
    if value_range is None:
        return None
    try:
        low, high = (float(bound) for bound in value_range)
    except (TypeError, ValueError):
        raise ValueError(
            f"value_range={value_range!r}: give two numbers, black and white, as (0, 255)"
        ) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"value_range: {low:g} to {high:g} is no range; give black and then white, as 0 255")
    return low, high


def meant_range(
    dtype: np.dtype[Any], stated: tuple[float, float] | None, seen: tuple[float, float], where: str
) -> tuple[float, float]:
    """Return what is black and what is white in the samples: as stated, or as their type says.

    Args:
        dtype: of the samples.
        stated: the range that the user says they have, or None.
        seen: their smallest and largest value.
        where: what they are called in a message.

    Raises:
        ValueError: values lie outside that range, or whole numbers come without a stated one.
    """
    low, high = seen
    if stated is not None:
        slack = ROUNDING * (stated[1] - stated[0])
        if low < stated[0] - slack or high > stated[1] + slack:
            raise ValueError(
                f"{where}: values run from {low:.4g} to {high:.4g}, beyond the range of {stated[0]:g} to "
                f"{stated[1]:g} that they were said to have; give the range that the model was trained in"
            )
        return stated
    if dtype == np.uint8:
        return 0.0, 255.0
    if dtype.kind == "b":
        return 0.0, 1.0
    if dtype.kind in "ui":
        white = 255 if high > 1 else 1
        raise ValueError(
            f"{where}: the samples are {dtype} numbers from {low:g} to {high:g}, of which only you know what "
            f"is black and what white; say it with {_SAY_IT.format(low=0, high=white)}, or save pixels of 0 "
            "to 255 as uint8"
        )
    if not in_unit_range(low, high):
        raise ValueError(
            f"{where}: values run from {low:.4g} to {high:.4g}, not in [0, 1]; "
            f"{cure(low, high)}{_stated(low, high)}"
        )
    return 0.0, 1.0


def to_unit(rows: Array, black: float, white: float) -> npt.NDArray[np.float32]:
    """Bring rows (n, d) to [0, 1] as float32, in memory of their own and row-major."""
    if (black, white) == (0.0, 1.0):
        return np.array(rows, np.float32, order="C")
    if rows.dtype.kind in "ub" and black == 0:
        # As the data sets do it, so that the same bytes are the same floats.
        return np.divide(rows, np.float32(white), dtype=np.float32, order="C")
    unit = np.empty(rows.shape, np.float32)
    height = max(1, _BLOCK_BYTES // max(1, rows.shape[1] * 8))
    for start in range(0, len(rows), height):
        block = rows[start : start + height].astype(np.float64)
        unit[start : start + height] = (block - black) / (white - black)
    return unit


def _stated(low: float, high: float) -> str:
    """The other cure, where the range is one in common use."""
    if low >= -ROUNDING and 2 < high <= 255:
        return ", or say " + _SAY_IT.format(low=0, high=255)
    if -1 - ROUNDING <= low < -0.5 and high <= 1 + ROUNDING:
        return ", or say " + _SAY_IT.format(low=-1, high=1)
    return ""
