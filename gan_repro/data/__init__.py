"""The data sets: `load` one by name, `names` lists them.

Each is a module of this package with two functions, imported when first asked for:

- ``load(fold: int | None, root: Path | None) -> Dataset``
- ``verify(root: Path | None) -> list[Check]``: what is on this machine against what should be; no downloads.

One with folds has besides:

- ``read(root: Path | None) -> FaceSet``: all of it, to be cut into one fold after the other;
- ``present(root: Path | None) -> bool``, where `resolve` asks for it: whether it is there, not opening it.

Adding a data set: such a module, and an entry in `_ENTRIES` (docs/contributing.md). Data sets of others are
plug-ins (`gan_repro.util.plugins`); they call `register`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from gan_repro.data.dataset import Dataset
from gan_repro.data.fetch.sources import DataUnavailable
from gan_repro.util.plugins import Registry
from gan_repro.util.text import suggestion

__all__ = [
    "DataUnavailable",
    "Dataset",
    "Entry",
    "entry",
    "find",
    "load",
    "load_folds",
    "names",
    "register",
    "resolve",
]

Kind = Literal["digits", "faces", "colour"]
"""Of images: rows have settings for each."""

FACES = "faces"
"""Stands for the best face set that this machine has; see `resolve`."""


@dataclass(frozen=True)
class Entry:
    """What is known about a data set without importing it."""

    module_name: str
    """Dotted; with a leading dot it lies in this package."""
    about: str
    images: Kind = "digits"
    """For which kind of images a row has the settings that are used."""
    image_shape: tuple[int, ...] = (28, 28)
    """(height, width) or (height, width, channels)."""
    may_be_shown: bool = False
    """Whether figures may show its images. Photographs of people are never drawn."""
    folds: int = 0
    """How many folds it has, numbered from 0; 0 for a data set with one fixed cut."""
    shared_training: bool = False
    """Whether all its folds have the same training images, so that one model serves them all."""
    stand_in: bool = False
    """Whether it takes the place of the Toronto Face Database, and so reproduces nothing."""
    how_to_get: str = ""
    """What a user has to do, where `load` cannot fetch it."""

    def module(self) -> ModuleType:
        """Import the module that loads and verifies it."""
        return importlib.import_module(self.module_name, __name__)


def _faces(module_name: str, about: str, **more: Any) -> Entry:
    """Make the entry of a set of faces in TFD's layout: five folds, 48 x 48."""
    return Entry(module_name, about, images="faces", image_shape=(48, 48), folds=5, **more)


_ENTRIES = {
    "mnist": Entry(".mnist", "70,000 handwritten digits, 28 x 28; 55 MB, downloaded once", may_be_shown=True),
    "digits": Entry(
        ".digits",
        "1,797 handwritten digits, 8 x 8, from scikit-learn; no download",
        image_shape=(8, 8),
        may_be_shown=True,
    ),
    "cifar10": Entry(
        ".cifar10",
        "60,000 colour photographs, 32 x 32 x 3; 139 or 170 MB, downloaded once",
        images="colour",
        image_shape=(32, 32, 3),
        may_be_shown=True,
    ),
    "tfd": _faces(
        ".faces.tfd",
        "112,234 faces, 48 x 48, the Toronto Face Database; given out on request, never downloaded",
        shared_training=True,
        how_to_get="put TFD_48x48.mat, given out on request, into a folder that GAN_REPRO_DATA names",
    ),
    "fer2013": _faces(
        ".faces.fer2013",
        "33,870 faces, 48 x 48, a stand-in for tfd; made of your copy of FER2013 by import-faces",
        shared_training=True,
        stand_in=True,
        how_to_get="python -m gan_repro.data import-faces fer2013.csv",
    ),
    "orl": _faces(
        ".faces.orl",
        "400 faces of 40 people, 48 x 48, a stand-in for tfd; 5 MB, downloaded once",
        stand_in=True,
    ),
    "own_faces": _faces(
        ".faces.own",
        "face images of your own, 48 x 48, a stand-in for tfd; made by import-faces",
        shared_training=True,
        stand_in=True,
        how_to_get="python -m gan_repro.data import-faces FOLDER",
    ),
}
_FACES_IN_ORDER = ("tfd", "fer2013")

PLUGGED: Registry[Entry] = Registry(
    "data set",
    "gan_repro.datasets",
    _ENTRIES,
    lambda name, entry: None if isinstance(entry, Entry) else "is no gan_repro.data.Entry",
)
"""Data sets of others."""


def names() -> list[str]:
    """List the data sets that are here and loaded; `load` takes what installed packages offer, too."""
    return [*_ENTRIES, *PLUGGED.names()]


def register(name: str, entry: Entry) -> None:
    """Make a data set of your own known: ``register("mine", Entry(__name__, "what it is"))``.

    The module has `load` and `verify`, as above.

    Raises:
        ValueError: the name belongs to another data set.
    """
    PLUGGED.add(name, entry)


def find(name: str) -> Entry | None:
    """Look a data set up by name, here and in plug-ins; None where there is none.

    Raises:
        PluginError: its plug-in is broken.
    """
    return _ENTRIES.get(name) or PLUGGED.find(name)


def entry(name: str) -> Entry:
    """Look a data set up by name, here and in plug-ins.

    Raises:
        ValueError: there is none, with close matches; or its plug-in is broken.
    """
    if (found := find(name)) is not None:
        return found
    known = list(dict.fromkeys((*names(), *PLUGGED.offered())))
    hint = suggestion(name, known, f"known data sets: {', '.join(known)}")
    raise ValueError(f"no data set is called {name!r}; {hint}")


def load(name: str, *, fold: int | None = None, root: str | Path | None = None) -> Dataset:
    """Load a data set by name, downloading it on first use where it has to be.

    Args:
        name: one of `names()`.
        fold: which cut, counted from 0, for a data set that has several; None for one that has not.
        root: a folder of yours to look into first (else the one that GAN_REPRO_DATA names). Files there are
            checked and never changed.

    Raises:
        ValueError: an unknown name, or a fold that the data set does not have.
        DataUnavailable: no source had the data; the message says which files to put where.
    """
    found = entry(name)
    folds = found.folds
    if not folds and fold is not None:
        raise ValueError(f"{name} has one fixed cut and no folds; leave out fold={fold}")
    if folds and fold not in range(folds):
        raise ValueError(f"{name} has the folds 0 to {folds - 1}; choose one of them, not fold={fold}")
    return found.module().load(fold, None if root is None else Path(root))


def load_folds(name: str, *, root: str | Path | None = None) -> tuple[Dataset, ...]:
    """Load all folds of a data set, reading it once.

    Where the folds share their training images (`Entry.shared_training`), they share one array of them.

    Raises:
        ValueError: an unknown name, or a data set without folds.
        DataUnavailable: it cannot be had; the message says what to do.
    """
    found = entry(name)
    if not found.folds:
        raise ValueError(f"{name} has one fixed cut and no folds; load it with load({name!r})")
    face_set = found.module().read(None if root is None else Path(root))
    return tuple(face_set.cut(fold) for fold in range(found.folds))


def resolve(name: str, root: str | Path | None = None) -> str:
    """Turn "faces" into the data set it stands for on this machine; other names are left as they are.

    That is tfd where its file is there, else fer2013 where it was imported, else orl. Nothing is opened, so a
    damaged file counts as there: it is reported when loaded, rather than passed over for a stand-in.
    """
    if name != FACES:
        return name
    folder = None if root is None else Path(root)
    return next((name for name in _FACES_IN_ORDER if entry(name).module().present(folder)), "orl")
