"""FER2013: 33,870 faces of 48 x 48 grey bytes, a stand-in for TFD at TFD's scale.

The set of Kaggle's "Challenges in Representation Learning", made by members of the paper's group, its labels
mapped to TFD's expressions; its faces are less aligned than TFD's. No licence to pass it on was found, so
all users import their own copies (``python -m gan_repro.data import-faces SOURCE``), and the SHA-256 of the
pixels says that these are the same.

The 26,804 images of the official training part (less copies and unclear rows, see fer2013_rows.txt) are the
unlabeled set: they train, for all folds. The 7,066 others, validation part before test part, are cut into
five folds: image i of them, from 0, is in group i mod 5; fold k tests on group k (1,413 images; 1,414 in fold
0) and validates on group (k + 1) mod 5. The five tests are disjoint and together are all 7,066.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces.layout import FaceSet
from gan_repro.data.fetch import store
from gan_repro.data.fetch.sources import DataUnavailable
from gan_repro.util.files import sha256_of_array

FILE_NAME = "fer2013_48x48.npz"
PIXELS_SHA256 = {
    "train": "8c02cd52952e2bc863fb73b561bc21eddd91a764c51841d38d4648a037eb00f7",
    "valid": "afddaa588ecade5c9229405771f69c176aae0c129879f28c07d0a999845b5753",
    "test": "9f233c3121d751ca8596b4b27d8703aabdb5e14221128e3f829ce389bb80c053",
}
"""Part, as FER2013 has them -> SHA-256 of its bytes."""
FACES_SHA256 = "189d5408b9c27961c5524bfef96e030402476e83f68842b73253c52ff80a4378"
"""`FaceSet.sha256` of the whole: images and folds."""
NOTES = (faces.STAND_IN.format(title="FER2013"), faces.SHARED_FOLDS)


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load one fold, 0 to 4; all folds train on the same images. See `read`."""
    return read(root).cut(fold or 0)


def read(root: Path | None) -> FaceSet:
    """Read the imported faces from the user's folder or the cache, and compare them with the known SHA-256.

    Raises:
        DataUnavailable: they were not imported, or the file is damaged; the message says what to do.
    """
    path = _find(root)
    if path is None:
        raise DataUnavailable(
            f"fer2013: {FILE_NAME} is not on this machine; get fer2013.csv or icml_face_data.csv of Kaggle's "
            "'Challenges in Representation Learning' and run python -m gan_repro.data import-faces CSV"
        )
    try:
        return _read(path)
    except ValueError as error:
        raise DataUnavailable(f"fer2013: {path}: {error}; delete it and import it again") from error


def present(root: Path | None) -> bool:
    """Whether `read` would find a file; it is not opened."""
    return _find(root) is not None


def verify(root: Path | None) -> list[store.Check]:
    """Compare the file that `read` would find, or that in `root`, with the known SHA-256."""
    return faces.check(_find(root, only_root=True), FILE_NAME, _read)


def assemble(parts: Mapping[str, Pixels]) -> FaceSet:
    """Make the set of the parts train, valid and test of FER2013, each uint8 (n, 48, 48).

    Raises:
        ValueError: their pixels are not the known ones.
    """
    for part, expected in PIXELS_SHA256.items():
        if (digest := sha256_of_array(parts[part])) != expected:
            raise ValueError(f"the {part} faces have SHA-256 {digest}, expected {expected}")
    images = np.concatenate([parts[part] for part in PIXELS_SHA256])
    folds = np.full((len(images), faces.N_FOLDS), faces.UNLABELED, np.uint8)
    n_train = len(parts["train"])
    folds[n_train:] = faces.five_folds(np.arange(len(images) - n_train) % faces.N_FOLDS)
    return FaceSet("fer2013", images, folds, notes=NOTES)


def rows() -> dict[str, npt.NDArray[np.int64]]:
    """Part -> the rows of fer2013.csv, counted from 0, that it consists of, in order."""
    text = resources.files(__package__).joinpath("fer2013_rows.txt").read_text("utf-8")
    found: dict[str, npt.NDArray[np.int64]] = {}
    for part, runs in re.findall(r"^\[(\w+)\]([^\[]+)", text, re.MULTILINE):
        ends = [[int(end) for end in run.split("-")] for run in runs.split()]
        found[part] = np.concatenate([np.arange(run[0], run[-1] + 1) for run in ends])
    return found


def _find(root: Path | None, *, only_root: bool = False) -> Path | None:
    return store.find("fer2013", [FILE_NAME], root, only_root=only_root)


def _read(path: Path) -> FaceSet:
    found = faces.read(path, "fer2013", NOTES)
    if found.sha256 != FACES_SHA256:
        raise ValueError(f"its images and folds have SHA-256 {found.sha256}, not FER2013's {FACES_SHA256}")
    return found
