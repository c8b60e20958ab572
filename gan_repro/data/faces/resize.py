"""Bringing images to one size with arithmetic of our own, so that the bits depend on no image library."""

from __future__ import annotations

import numpy as np

from gan_repro.data.dataset import Pixels


def centre_square(pixels: Pixels) -> Pixels:
    """Cut out the middle square of images, uint8 (..., height, width) -> (..., side, side)."""
    height, width = pixels.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[..., top : top + side, left : left + side]


def resize(pixels: Pixels, side: int) -> Pixels:
    """Resize images to `side` x `side` by area: each new pixel is the mean over what it covers.

    A box filter with fractional borders; halves are rounded up. It works with whole numbers below 2^53, which
    float64 holds exactly, so that the result is the same bits everywhere.

    Args:
        pixels: uint8 (..., height, width).
        side: height and width of the result.

    Returns:
        uint8 (..., side, side).
    """
    height, width = pixels.shape[-2:]
    down, across = _overlaps(height, side), _overlaps(width, side)
    rows = np.empty((*pixels.shape[:-2], side, width))
    # Band by band: a photograph as float64 would take eight times its size.
    for index, weights in enumerate(down):
        first, last = index * height // side, -(-(index + 1) * height // side)
        rows[..., index, :] = weights[first:last] @ pixels[..., first:last, :]
    area = height * width
    return ((2 * (rows @ across.T).astype(np.int64) + area) // (2 * area)).astype(np.uint8)


def _overlaps(old: int, new: int) -> np.ndarray:
    """How much of each old pixel each new one covers, in parts of 1 / new: float64 (new, old)."""
    start = np.arange(new)[:, None] * old
    pixel = np.arange(old)[None, :] * new
    covered = np.minimum(start + old, pixel + new) - np.maximum(start, pixel)
    return np.maximum(covered, 0).astype(np.float64)
