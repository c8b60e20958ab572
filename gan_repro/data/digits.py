"""scikit-learn's digits: 1,797 real handwritten digits, 8 x 8, values 0 to 16; nothing to download.

Small enough to train and score a model in seconds, which is what it is for: tests and smoke runs.

Reference: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
Repository (1998); its test part, as scikit-learn carries it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.fetch.sources import DataUnavailable
from gan_repro.data.fetch.store import Check
from gan_repro.util.files import sha256_of_array

N_IMAGES, N_TRAIN, N_VALID = 1_797, 1_000, 300
STRIDE = 1_111
PIXELS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
"""SHA-256 of all bytes in the order of scikit-learn's file."""


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load the digits, cut 1,000 / 300 / 497 after a fixed reordering; `root` plays no part.

    The file is not shuffled (its labels start 0 to 9, three times), so its first 1,000 rows need not look
    like the rest. Row k of ours is row k * 1,111 mod 1,797 of the file: 1,111 has no factor in common with
    1,797 and is near its golden section, so each part is spread evenly over the file, and the order needs no
    random generator, whose stream might change between releases.

    Raises:
        DataUnavailable: scikit-learn carries other digits than those known here.
    """
    pixels = _pixels()
    if (digest := sha256_of_array(pixels)) != PIXELS_SHA256:
        raise DataUnavailable(
            f"digits: scikit-learn's load_digits has SHA-256 {digest}, expected {PIXELS_SHA256}; "
            "install another release of scikit-learn"
        )
    ours = pixels[np.arange(N_IMAGES) * STRIDE % N_IMAGES]
    train, valid, test = np.split(ours, [N_TRAIN, N_TRAIN + N_VALID])
    return Dataset("digits", train, valid, test, image_shape=(8, 8), maximum=16)


def verify(root: Path | None) -> list[Check]:
    """Compare scikit-learn's digits with those known here."""
    digest = sha256_of_array(_pixels())
    fault = "" if digest == PIXELS_SHA256 else f"has SHA-256 {digest}, expected {PIXELS_SHA256}"
    return [Check("corrupt" if fault else "ok", "sklearn.datasets.load_digits", fault)]


def _pixels() -> Pixels:
    """uint8 (1797, 64), in the order of the file."""
    from sklearn.datasets import load_digits

    return load_digits().data.astype(np.uint8)
