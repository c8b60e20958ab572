"""IDX, the format of the MNIST files: big-endian integers (a magic number, then each size), then the bytes.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Pixels

_HEADER = struct.Struct(">4I")
_MAGIC = 2051
"""Two zero bytes, 8 for unsigned bytes, 3 for three dimensions."""
_LABEL_HEADER = struct.Struct(">2I")
_LABEL_MAGIC = 2049
"""Likewise, for one dimension."""

Labels = npt.NDArray[np.uint8]


def read_images(content: bytes) -> Pixels:
    """Read the images of an IDX file.

    Returns:
        uint8 (n, height, width), read-only, sharing memory with `content`.

    Raises:
        ValueError: not such a file, or its header and its length disagree.
    """
    if len(content) < _HEADER.size:
        raise ValueError(
            f"an IDX image file starts with {_HEADER.size} bytes, this one ends after {len(content)}"
        )
    magic, count, height, width = _HEADER.unpack_from(content)
    if magic != _MAGIC:
        raise ValueError(f"an IDX image file starts with the number {_MAGIC}, this one with {magic}")
    # Python's integers do not overflow, so that absurd sizes are simply a length that does not match.
    expected = _HEADER.size + count * height * width
    if not count * height * width or len(content) != expected:
        raise ValueError(
            f"this IDX header promises {count} images of {height} x {width}, {expected} bytes in all, "
            f"but there are {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=_HEADER.size).reshape(count, height, width)


def write_images(pixels: Pixels) -> bytes:
    """Make the IDX file of `pixels`, uint8 (n, height, width)."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise ValueError(
            f"IDX images are uint8 of shape (n, height, width), not {pixels.dtype} of {pixels.shape}"
        )
    return _HEADER.pack(_MAGIC, *pixels.shape) + pixels.tobytes()


def read_labels(content: bytes) -> Labels:
    """Read the labels of an IDX file, (n,), read-only.

    Raises:
        ValueError: not such a file, or its header and its length disagree.
    """
    size = _LABEL_HEADER.size
    if len(content) < size or _LABEL_HEADER.unpack_from(content) != (_LABEL_MAGIC, len(content) - size):
        raise ValueError(f"these {len(content)} bytes are not an IDX file of that many labels")
    return np.frombuffer(content, np.uint8, offset=size)


def write_labels(labels: npt.NDArray[np.integer]) -> bytes:
    """Make the IDX file of labels (n,)."""
    return _LABEL_HEADER.pack(_LABEL_MAGIC, len(labels)) + labels.astype(np.uint8).tobytes()
