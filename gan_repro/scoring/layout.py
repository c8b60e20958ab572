"""How samples may be laid out, and how each becomes a row in the order of the data set.

A data set keeps an image as a row of height, width and channel, the channel changing fastest. Samples may
come as such rows, as images, or with the channel first, as PyTorch has it. Which of these an array of images
is can be read off its shape; of flat rows of colour images it cannot, and they are taken for the data set's
own order unless ``channels-first`` is asked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CHANNELS_LAST, CHANNELS_FIRST = "channels-last", "channels-first"
LAYOUTS = (CHANNELS_LAST, CHANNELS_FIRST)
_OTHER_NAMES = {"nhwc": CHANNELS_LAST, "hwc": CHANNELS_LAST, "nchw": CHANNELS_FIRST, "chw": CHANNELS_FIRST}


def parse_layout(name: str | None) -> str | None:
    """Return the layout of that name: `LAYOUTS`, with either kind of dash, or NHWC and NCHW; None stays None.

    Raises:
        ValueError: there is no such layout.
    """
    if name is None:
        return None
    plain = str(name).lower().replace("_", "-")
    found = _OTHER_NAMES.get(plain, plain)
    if found not in LAYOUTS:
        raise ValueError(f"no layout is called {name!r}; there are {' and '.join(LAYOUTS)}")
    return found


def shapes(image_shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the shapes that one sample may have: a row, an image, and an image with an axis of channels."""
    flat = (math.prod(image_shape),)
    if len(image_shape) == 2:
        return flat, image_shape, (1, *image_shape), (*image_shape, 1)
    return flat, image_shape, (image_shape[-1], *image_shape[:-1])


def fits(shape: tuple[int, ...], image_shape: tuple[int, ...]) -> bool:
    """Tell whether an array of `shape` can be samples of a data set with images of `image_shape`."""
    return len(shape) > 1 and shape[0] > 0 and shape[1:] in shapes(image_shape)


def expected(image_shape: tuple[int, ...]) -> str:
    """Name the shapes that samples of a data set have, for a message."""
    named = shapes(image_shape) if len(image_shape) == 3 else shapes(image_shape)[:2]
    return " or ".join(f"(n, {', '.join(map(str, shape))})" for shape in named)


def is_ambiguous(shape: tuple[int, ...], image_shape: tuple[int, ...]) -> bool:
    """Tell whether the order within a sample cannot be seen: flat rows of colour images."""
    return len(image_shape) == 3 and len(shape) == 2


def layout_of(
    shape: tuple[int, ...], image_shape: tuple[int, ...], layout: str | None, where: str
) -> str | None:
    """Return which of `LAYOUTS` an array of colour images has; None for grey ones, which have no channels.

    Args:
        shape: of the array, (n, ...); it `fits`.
        image_shape: of the data set.
        layout: what the user says; None leaves it to the shape, and rows to the data set's order.
        where: what the array is called in a message.

    Raises:
        ValueError: the shape is of the other layout than `layout` says.
    """
    if len(image_shape) == 2:
        return None
    if is_ambiguous(shape, image_shape):
        return layout or CHANNELS_LAST
    seen = CHANNELS_LAST if shape[1:] == image_shape else CHANNELS_FIRST
    if layout not in (None, seen):
        raise ValueError(f"{where}: samples of shape {shape} are {seen}; leave the layout out, or say {seen}")
    return seen


def to_rows(array: Array, image_shape: tuple[int, ...], layout: str | None) -> Array:
    """Lay out samples (n, ...) as rows (n, d) in the order of the data set; a view where possible."""
    if layout == CHANNELS_FIRST:
        height, width, channels = image_shape
        array = np.moveaxis(array.reshape(len(array), channels, height, width), 1, -1)
    return array.reshape(len(array), math.prod(image_shape))
