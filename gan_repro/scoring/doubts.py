"""Samples that are legal and surely not what was meant: each doubt is one sentence beside the score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Dataset
from gan_repro.scoring.layout import CHANNELS_FIRST, to_rows

Rows = npt.NDArray[np.float32]

_DIM = 0.25
"""Samples whose brightest value is below this are probably in another unit: all data sets here reach 1."""

_LOOKED_AT = 500
"""Samples on which the order of values is judged."""

_SMOOTHER = 0.8
"""Neighbouring pixels of the other order differ by less than this share of those of the order assumed."""

_NEARER = 0.25
"""The mean sample, turned, is that much nearer to the mean image, in squared distance, than as it is."""

_LEAST_DISTANCE = {"black and white": 0.2, "rows and columns": 0.05, "top and bottom": 0.05}
"""What may be exchanged; and how far, per pixel, the mean sample is then from the mean image at least."""


def doubts(rows: Rows, dataset: Dataset, assumed: str | None) -> Iterator[str]:
    """Tell what of samples (n, d) in [0, 1] can hardly be meant.

    Args:
        rows: in the order of the data set.
        dataset: what they are to be scored on.
        assumed: one of `layout.LAYOUTS` where the samples were flat rows of colour images and nothing was
            said of their order; else None.
    """
    highest = float(rows.max())
    if highest < _DIM:
        yield (
            f"the largest value is {highest:.4g}, far below 1: the samples were perhaps divided by 255 "
            "twice, or are in a range of their own, which --value-range (value_range=) tells"
        )
    distinct = len({hash(row.tobytes()) for row in rows})
    if distinct == 1:
        yield f"all {len(rows):,} samples are equal"
    elif 2 * distinct <= len(rows):
        yield (
            f"only {distinct:,} of {len(rows):,} samples are distinct: the same noise was perhaps drawn for "
            "each batch"
        )
    if distinct > 1:
        for exchanged in _exchanged(rows, dataset):
            yield (
                f"with {exchanged} exchanged the samples look more like {dataset.name} than as they are: "
                "compare one with an image of the data set"
            )
    if assumed is not None and _other_order_is_smoother(rows, dataset.image_shape):
        yield (
            "these flat rows look like planes of red, green and blue, and were read with the channel "
            "changing fastest; if they are planes, say --layout channels-first (layout=), and channels-last "
            "if not"
        )


def _exchanged(rows: Rows, dataset: Dataset) -> Iterator[str]:
    """What to exchange so that the mean of the samples comes near the mean of the data set's images."""
    shape = dataset.image_shape
    usual = dataset.valid_pixels.mean(axis=0).reshape(shape) / dataset.maximum
    mean = rows.mean(axis=0, dtype=np.float64).reshape(shape)
    turned = {"black and white": 1 - mean, "top and bottom": mean[::-1]}
    if shape[0] == shape[1]:
        turned["rows and columns"] = mean.swapaxes(0, 1)
    distance = float(np.square(mean - usual).mean())
    for exchanged, other in turned.items():
        far = distance > _LEAST_DISTANCE[exchanged] ** 2
        if far and np.square(other - usual).mean() < _NEARER * distance:
            yield exchanged


def _other_order_is_smoother(rows: Rows, image_shape: tuple[int, ...]) -> bool:
    few = rows[:_LOOKED_AT]
    as_read = few.reshape(-1, *image_shape)
    as_planes = to_rows(few, image_shape, CHANNELS_FIRST).reshape(-1, *image_shape)
    return _roughness(as_planes) < _SMOOTHER * _roughness(as_read)


def _roughness(images: npt.NDArray[np.float32]) -> float:
    """Mean difference between neighbours, down and across, of images (n, height, width, channels)."""
    return float(sum(np.abs(np.diff(images, axis=axis)).mean() for axis in (1, 2)))
