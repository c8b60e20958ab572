"""The data sets: `load` one by name, `names` lists them.

Each is a module of this package with two functions, imported when first asked for:

- ``load(fold: int | None, root: Path | None) -> Dataset``
- ``verify(root: Path | None) -> list[Check]``: what is on this machine against what should be; no downloads.
"""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from gan_repro.data.dataset import Dataset
from gan_repro.data.sources import DataUnavailable

__all__ = ["DataUnavailable", "Dataset", "Entry", "entry", "load", "names"]


@dataclass(frozen=True)
class Entry:
    """What is known about a data set without importing it."""

    module_name: str
    about: str
    folds: int = 0
    """How many folds it has, numbered from 0; 0 for a data set with one fixed cut."""

    def module(self) -> ModuleType:
        """Import the module that loads and verifies it."""
        return importlib.import_module(f"gan_repro.data.{self.module_name}")


_ENTRIES = {
    "mnist": Entry("mnist", "70,000 handwritten digits, 28 x 28; 55 MB, downloaded once"),
    "digits": Entry("digits", "1,797 handwritten digits, 8 x 8, from scikit-learn; no download"),
}


def names() -> list[str]:
    """Return the names that `load` knows."""
    return list(_ENTRIES)


def entry(name: str) -> Entry:
    """Look a data set up by name; ValueError, with close matches, for an unknown one."""
    if name in _ENTRIES:
        return _ENTRIES[name]
    close = difflib.get_close_matches(name.lower(), _ENTRIES)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise ValueError(f"no data set is called {name!r}.{hint} There are: {', '.join(_ENTRIES)}")


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
