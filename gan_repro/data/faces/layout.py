"""The one format of the face data sets: that of the Toronto Face Database (TFD), images with five folds.

An image has, for each fold, a code that says which part it is in. In TFD the unlabeled images train (as the
paper's authors did), and the images that carry a label are cut five times into train, valid and test; a model
is trained once and scored on each fold. Kept on disk as one npz file of bytes with its own SHA-256.

Source of the layout: pylearn2's ``datasets/tfd.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.fetch.store import Check
from gan_repro.util.files import atomic_write
from gan_repro.util.text import first_line

SIDE = 48
"""Images are SIDE x SIDE pixels."""
N_FOLDS = 5
UNLABELED, TRAIN, VALID, TEST = range(4)
"""The codes in `FaceSet.folds`."""
CODE_NAMES = ("unlabeled", "train", "valid", "test")
MAX_IMAGES = 200_000
"""The most images read from a file: 461 MB of pixels. TFD has 112,234."""

STAND_IN = (
    "{title} is a stand-in for the Toronto Face Database (TFD): it shows the experiment at work, reproduces "
    "no number of the paper, and is not to be compared with the paper's TFD column."
)
"""The note that each data set carries that takes TFD's place."""
SHARED_FOLDS = (
    "The folds share images (one fold's validation images are other folds' test images), so their five means "
    "are not independent and the standard error over folds is not that of five separate sets."
)


@dataclass(frozen=True)
class FaceSet:
    """Face images with five ways to cut them, checked when made.

    Raises:
        ValueError: one sentence on what does not have the layout.
    """

    name: str
    images: Pixels
    """uint8 (n, 48, 48)."""
    folds: npt.NDArray[Any]
    """(n, 5): column k holds the codes of fold k, as any type of number; kept as uint8."""
    notes: tuple[str, ...] = ()
    """What `Dataset.notes` will say."""
    training: int = UNLABELED
    """The code of the images that train. UNLABELED: one training part for all folds."""
    augment: Callable[[Pixels], Pixels] | None = None
    """Makes more of the training images, (n, 2304) -> (m, 2304); never sees the other parts."""

    def __post_init__(self) -> None:
        check_shapes(self.images.shape, self.folds.shape)
        if self.images.dtype != np.uint8:
            raise ValueError(f"images must be bytes (uint8), not {self.images.dtype}")
        # The dataclass is frozen for its users; here it is still being made.
        object.__setattr__(self, "images", np.ascontiguousarray(self.images))
        object.__setattr__(self, "folds", _codes(self.folds))
        self._check_parts()

    def cut(self, fold: int) -> Dataset:
        """Make the data set of one fold, 0 to 4.

        Where unlabeled images train, the folds of one FaceSet share the very same array of training pixels.
        """
        valid, test = self._part(fold, VALID), self._part(fold, TEST)
        train = self._shared if self.training == UNLABELED else self._train(fold)
        return Dataset(self.name, train, valid, test, (SIDE, SIDE), fold=fold, notes=self.notes)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes of the images and then of the folds, as 64 hexadecimal digits."""
        digest = hashlib.sha256(self.images.data)
        digest.update(self.folds.data)
        return digest.hexdigest()

    @cached_property
    def _shared(self) -> Pixels:
        return self._train(0)

    def _train(self, fold: int) -> Pixels:
        pixels = self._part(fold, self.training)
        if self.augment is not None:
            pixels = self.augment(pixels)
        pixels.setflags(write=False)
        return pixels

    def _part(self, fold: int, code: int) -> Pixels:
        return self.images[self.folds[:, fold] == code].reshape(-1, SIDE * SIDE)

    def _check_parts(self) -> None:
        for fold in range(N_FOLDS):
            for code in (self.training, VALID, TEST):
                if code not in self.folds[:, fold]:
                    raise ValueError(f"fold {fold} has no {CODE_NAMES[code]} images (code {code})")
        if self.training == UNLABELED:
            unlabeled = self.folds == UNLABELED
            if not (unlabeled == unlabeled[:, :1]).all():
                raise ValueError(
                    "the folds differ in which images are unlabeled (code 0); they must agree, since one "
                    "model is trained on these for all folds"
                )


def check_shapes(images: tuple[int, ...], folds: tuple[int, ...]) -> None:
    """Compare the shapes of images and folds with the layout, before any of them need be read.

    Raises:
        ValueError: one sentence on what is wrong.
    """
    if len(images) != 3:
        raise ValueError(f"images must have the shape (n, {SIDE}, {SIDE}), not {images}")
    if images[1:] != (SIDE, SIDE):
        raise ValueError(f"the images are {images[1]} x {images[2]} pixels, expected {SIDE} x {SIDE}")
    if not 0 < images[0] <= MAX_IMAGES:
        raise ValueError(f"there are {images[0]:,} images, expected 1 to {MAX_IMAGES:,}")
    if folds != (images[0], N_FOLDS):
        raise ValueError(f"folds must have the shape ({images[0]}, {N_FOLDS}), one row an image, not {folds}")


def five_folds(groups: npt.NDArray[np.integer[Any]]) -> Pixels:
    """Make codes of five groups: fold k tests on group k, validates on the next and trains on the rest.

    The tests of the five folds are disjoint and together are all images.

    Args:
        groups: integers 0 to 4, (n,).

    Returns:
        uint8 (n, 5), codes TRAIN, VALID and TEST.
    """
    steps = (groups[:, None] - np.arange(N_FOLDS)) % N_FOLDS
    return np.choose(steps, [TEST, VALID, TRAIN, TRAIN, TRAIN]).astype(np.uint8)


def write(path: Path, face_set: FaceSet) -> None:
    """Write images, folds and their SHA-256 to an npz file, in one step.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    images, folds, digest = face_set.images, face_set.folds, np.array(face_set.sha256)
    atomic_write(path, lambda file: np.savez(file, images=images, folds=folds, sha256=digest))


def read(path: Path, name: str, notes: tuple[str, ...]) -> FaceSet:
    """Read what `write` wrote.

    Raises:
        ValueError: one sentence: it is damaged, or no such file.
    """
    limit = MAX_IMAGES * (SIDE * SIDE + N_FOLDS) + 65_536
    try:
        if path.stat().st_size > limit:
            raise ValueError(f"it is larger than {limit:,} bytes")
        # Opened here: of an archive that it cannot open, np.load leaves the file to the garbage collector.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = FaceSet(name, arrays["images"], arrays["folds"], notes=notes)
            expected = str(arrays["sha256"])
    except Exception as error:  # a damaged archive can raise almost anything
        raise ValueError(f"it cannot be read as a face file: {first_line(error)}") from error
    if found.sha256 != expected:
        raise ValueError(
            f"its images and folds have SHA-256 {found.sha256}, not {expected} as when it was written"
        )
    return found


def check(path: Path | None, file_name: str, read_file: Callable[[Path], FaceSet]) -> list[Check]:
    """Say what `read_file` makes of the file at `path`; None for one that is not there."""
    if path is None:
        return [Check("missing", file_name)]
    try:
        read_file(path)
    except (ValueError, OSError) as error:
        return [Check("corrupt", str(path), str(error))]
    return [Check("ok", str(path))]


def _codes(folds: npt.NDArray[Any]) -> Pixels:
    wrong = np.argwhere(~np.isin(folds, range(len(CODE_NAMES))))
    if len(wrong):
        row, fold = wrong[0]
        raise ValueError(
            f"image {row} has the code {folds[row, fold]} in fold {fold}; codes are 0 unlabeled, 1 train, "
            "2 valid, 3 test"
        )
    return np.ascontiguousarray(folds, np.uint8)
