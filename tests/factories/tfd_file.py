"""A file with the layout of the Toronto Face Database, without a face in it: its images are digits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Pixels
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces.resize import resize


@dataclass
class MadeUp:
    """The variables of TFD: `n_unlabeled` images without a label come first, then `n_labelled` with one."""

    images: Pixels
    folds: npt.NDArray[np.uint8]
    labs_ex: npt.NDArray[np.int16]

    @classmethod
    def make(cls, n_unlabeled: int = 150, n_labelled: int = 50) -> MadeUp:
        from sklearn.datasets import load_digits

        n = n_unlabeled + n_labelled
        folds = np.zeros((n, 5), np.uint8)
        folds[n_unlabeled:] = faces.five_folds(np.arange(n_labelled) % 5)
        labels = np.where(np.arange(n) < n_unlabeled, -1, np.arange(n) % 7 + 1)
        images = resize(load_digits().images[:n].astype(np.uint8) * 15, faces.SIDE)
        return cls(images, folds, labels.astype(np.int16)[:, None])

    def variables(self) -> dict[str, npt.NDArray[np.generic]]:
        return dict(vars(self))

    def write(self, path: Path) -> None:
        """Write them as TFD_48x48.mat has them."""
        import scipy.io

        scipy.io.savemat(path, self.variables())
