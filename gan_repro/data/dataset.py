"""What every data set looks like to the rest of the program."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Dataset:
    """Images cut into three parts, kept as the bytes they came in.

    `train`, `valid` and `test` are float32 in [0, 1], shape (n, d): the stored bytes over `maximum`. They
    are made anew on each access, so that memory holds only the bytes; keep the result where it is used twice.
    """

    name: str
    train_pixels: Pixels
    """(n_train, d) bytes, row-major."""
    valid_pixels: Pixels
    test_pixels: Pixels
    image_shape: tuple[int, ...]
    """(height, width) or (height, width, channels); its product is d."""
    maximum: int = 255
    """The byte that becomes 1.0. 255 everywhere but for scikit-learn's digits (16)."""
    fold: int | None = None
    notes: tuple[str, ...] = field(default=())
    """What a reader of a result must know: a stand-in is called one here."""

    def __post_init__(self) -> None:
        width = int(np.prod(self.image_shape))
        for part in ("train", "valid", "test"):
            pixels = getattr(self, f"{part}_pixels")
            if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != width:
                raise ValueError(
                    f"{self.name}: {part} pixels must be uint8 of shape (n, {width}), "
                    f"not {pixels.dtype} of shape {pixels.shape}"
                )
            if not len(pixels):
                raise ValueError(f"{self.name}: the {part} part holds no images")

    @property
    def train(self) -> Images:
        """Training images, float32 in [0, 1], (n_train, d)."""
        return self._scaled(self.train_pixels)

    @property
    def valid(self) -> Images:
        """Validation images, float32 in [0, 1], (n_valid, d)."""
        return self._scaled(self.valid_pixels)

    @property
    def test(self) -> Images:
        """Test images, float32 in [0, 1], (n_test, d)."""
        return self._scaled(self.test_pixels)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes of train, valid and test, in that order, as 64 hexadecimal digits."""
        return digests([self])[0]

    def _scaled(self, pixels: Pixels) -> Images:
        # Dividing (rather than multiplying by 1/255) makes the brightest pixel exactly 1.0.
        return np.divide(pixels, np.float32(self.maximum), dtype=np.float32)


def digests(datasets: Sequence[Dataset]) -> list[str]:
    """Return `Dataset.sha256` of each; an array of training pixels that several share is read once."""
    begun: dict[int, Any] = {}
    found = []
    for dataset in datasets:
        train = dataset.train_pixels
        if id(train) not in begun:
            begun[id(train)] = hashlib.sha256(np.ascontiguousarray(train).data)
        digest = begun[id(train)].copy()
        for pixels in (dataset.valid_pixels, dataset.test_pixels):
            digest.update(np.ascontiguousarray(pixels).data)
        found.append(digest.hexdigest())
    return found
