"""Class balance: whether samples show the digits as often as images do.

    TV = 1/2 sum_c |share of samples taken for c - share of images taken for c|

the total variation distance between the classes that one classifier gives to samples and to images: 0 where
the shares agree, 1 where no class is shared. What it would take to move samples between classes until they
agree is a share TV of them. It sees missing and overrepresented digits, and nothing within a digit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gan_repro.measures.jackknife import GROUPS, Value, bounds

Classes = npt.NDArray[np.integer]


def shares(classes: Classes, n_classes: int) -> npt.NDArray[np.float64]:
    """Share of each class, (n_classes,)."""
    return np.bincount(classes, minlength=n_classes) / len(classes)


def class_imbalance(samples: Classes, images: Classes, n_classes: int) -> Value:
    """Total variation distance between classes of samples (m,) and images (n,), with its error over draws."""
    expected = shares(images, n_classes)

    def variation(classes: Classes) -> float:
        return float(np.abs(shares(classes, n_classes) - expected).sum() / 2)

    without = [variation(np.delete(samples, rows)) for rows in bounds(len(samples), GROUPS)]
    return Value.of(variation(samples), without)
