"""Readers of samples, one file for each kind of container: bytes in, a `Container` out; none runs code.

Each is a function ``(content, path) -> dict of candidates`` that raises ValueError, with one sentence that
begins with the path, for what is damaged or of another kind; pictures are read by the folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gan_repro.scoring.container import (
    Candidate,
    Container,
    read_whole,
    sha256_of_bytes,
    without_warnings,
)

Reader = Callable[[bytes, Path], dict[str, Candidate]]

_READERS = {
    ".npy": "numpy_files:read_npy",
    ".npz": "numpy_files:read_npz",
    ".pt": "torch_files:read_pt",
    ".pth": "torch_files:read_pt",
    ".csv": "tables:read_csv",
    ".mat": "matlab:read_mat",
    ".h5": "hdf5:read_h5",
    ".hdf5": "hdf5:read_h5",
}
_NOUNS = {".pt": "tensor", ".pth": "tensor", ".mat": "variable", ".h5": "data set", ".hdf5": "data set"}

SUFFIXES = tuple(_READERS)
"""Endings of the files that are read."""


def open_path(path: Path) -> Container:
    """Open a file of samples, or a folder of pictures, by its ending.

    The whole file is read, once; what is in it is looked at when it is taken from the container.

    Raises:
        ValueError: it is missing, damaged, too large or of another kind.
    """
    try:
        with without_warnings():
            return _open(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise ValueError(f"{path}: does not fit into memory; keep 10,000 samples") from error


def _open(path: Path) -> Container:
    if path.is_dir():
        from gan_repro.scoring.readers.pictures import open_folder

        return open_folder(path)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        missing = "" if path.exists() else "; there is no such file"
        raise ValueError(
            f"{path}: samples are read from {', '.join(SUFFIXES)} files and folders of pictures, not from "
            f"{path.suffix!r}{missing}"
        )
    content = read_whole(path)
    module, _, name = _READERS[suffix].partition(":")
    reader: Reader = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    candidates = reader(content, path)
    return Container(
        where=str(path),
        kind=suffix,
        candidates=candidates,
        noun=_NOUNS.get(suffix, "array"),
        sha256=sha256_of_bytes(content),
        digest_again=partial(_digest, path),
        passed_over=", ".join(filter(None, (held.passed_over for held in candidates.values()))),
    )


def _digest(path: Path) -> str:
    return sha256_of_bytes(read_whole(path))
