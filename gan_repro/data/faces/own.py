"""Faces of the user's own: whatever ``python -m gan_repro.data import-faces FOLDER`` found there.

The images are in the order of their paths. The first four fifths are the unlabeled set: they train, for all
folds. The last fifth is cut into five blocks; fold k tests on block k and validates on block (k + 1) mod 5.
Blocks rather than every fifth image, so that the pictures of one person, which mostly lie side by side in a
folder, are not spread over training and test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces.layout import FaceSet
from gan_repro.data.fetch import store
from gan_repro.data.fetch.sources import DataUnavailable

FILE_NAME = "own_faces_48x48.npz"
MIN_IMAGES = 25
"""So that each fold has an image to test and one to validate on."""
NOTES = (
    faces.STAND_IN.format(title="This set of the user's own faces"),
    "Nobody has checked that no person is in both its training and its test part.",
    faces.SHARED_FOLDS,
)


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load one fold, 0 to 4; all folds train on the same images. See `read`."""
    return read(root).cut(fold or 0)


def read(root: Path | None) -> FaceSet:
    """Read the imported faces from the user's folder or the cache; the file carries its own SHA-256.

    Raises:
        DataUnavailable: none were imported, or the file is damaged; the message says what to do.
    """
    path = _find(root)
    if path is None:
        raise DataUnavailable(
            f"own_faces: {FILE_NAME} is not on this machine; make it of a folder of face images: python -m "
            "gan_repro.data import-faces FOLDER"
        )
    try:
        return _read(path)
    except ValueError as error:
        raise DataUnavailable(f"own_faces: {path}: {error}; delete it and import it again") from error


def verify(root: Path | None) -> list[store.Check]:
    """Compare the file that `read` would find, or that in `root`, with the SHA-256 that it carries."""
    return faces.check(_find(root, only_root=True), FILE_NAME, _read)


def assemble(images: Pixels) -> FaceSet:
    """Make the set of images uint8 (n, 48, 48).

    Raises:
        ValueError: there are too few of them, or too many.
    """
    if len(images) < MIN_IMAGES:
        raise ValueError(f"{len(images)} different faces are too few for five folds; {MIN_IMAGES} are needed")
    n_train = len(images) * 4 // 5
    n_rest = len(images) - n_train
    folds = np.full((len(images), faces.N_FOLDS), faces.UNLABELED, np.uint8)
    folds[n_train:] = faces.five_folds(np.arange(n_rest) * faces.N_FOLDS // n_rest)
    return FaceSet("own_faces", images, folds, notes=NOTES)


def _find(root: Path | None, *, only_root: bool = False) -> Path | None:
    return store.find("own_faces", [FILE_NAME], root, only_root=only_root)


def _read(path: Path) -> FaceSet:
    return faces.read(path, "own_faces", NOTES)
