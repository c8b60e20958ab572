"""HDF5: ``.h5`` files, and MATLAB's ``.mat`` of version 7.3; h5py is asked for only where one is given."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.scoring.container import LARGEST_UNPACKED, Candidate
from gan_repro.scoring.layout import Array

if TYPE_CHECKING:
    import h5py

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MATLAB_NUMBERS = {"double", "single", "logical"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def is_hdf5(content: bytes) -> bool:
    """Tell whether a file starts like HDF5, or does so behind the 512 bytes that MATLAB puts in front."""
    return _SIGNATURE in (content[:8], content[512:520])


def read_h5(content: bytes, path: Path) -> dict[str, Candidate]:
    """List the data sets of an HDF5 file by their paths, in groups too; they are read as they are taken."""
    return _list(content, path, _as_stored)


def read_matlab_hdf5(content: bytes, path: Path) -> dict[str, Candidate]:
    """List the variables of a ``.mat`` file of version 7.3, with MATLAB's order of dimensions and classes."""
    return _list(content, path, _as_matlab)


_Described = tuple[tuple[int, ...], str, bool, Callable[[Array], Array]]
"""Shape, type, whether it is numbers, and what makes the array of the one that is stored."""


def _as_stored(item: h5py.Dataset) -> _Described:
    return item.shape, str(item.dtype), item.dtype.kind in "fuib", lambda array: array


def _as_matlab(item: h5py.Dataset) -> _Described:
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    is_number = item.dtype.kind in "fuib" and (not kind or kind in _MATLAB_NUMBERS)
    # HDF5 has the dimensions of a MATLAB array in reverse.
    shape = item.shape[::-1]
    if kind == "logical":
        return shape, kind, is_number, lambda array: array.T.astype(bool)
    return shape, kind or str(item.dtype), is_number, lambda array: array.T


def _list(content: bytes, path: Path, describe: Callable[[h5py.Dataset], _Described]) -> dict[str, Candidate]:
    import_h5py(path)
    found: dict[str, Candidate] = {}

    def add(name: str, item: Any) -> None:
        import h5py

        # External storage and virtual sets would bring in the bytes of other files.
        own = isinstance(item, h5py.Dataset) and not item.is_virtual and not item.external
        if own and item.shape is not None:
            shape, dtype, is_number, finish = describe(item)
            found[name] = Candidate(shape, dtype, lambda: _load(content, path, name, finish), is_number)

    with _opened(content, path) as file:
        file.visititems(add)  # which follows no link out of the file
    return found


def _load(content: bytes, path: Path, name: str, finish: Callable[[Array], Array]) -> Array:
    with _opened(content, path) as file:
        item = file[name]
        if item.dtype.kind not in "fuib":
            raise _SampleError(f"{path}: {name!r} is of type {item.dtype}; save an array of float32 instead")
        size = item.size * item.dtype.itemsize
        if size > LARGEST_UNPACKED:
            raise _SampleError(
                f"{path}: {name!r} unpacks to {size:,} bytes, more than the {LARGEST_UNPACKED:,} that are "
                "read from HDF5; keep 10,000 samples"
            )
        return finish(np.asarray(item[()]))


class _SampleError(ValueError):
    """The file is sound, but what is asked for is no samples."""


@contextmanager
def _opened(content: bytes, path: Path) -> Iterator[Any]:
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except (_SampleError, MemoryError):
        raise
    except Exception as error:  # a damaged file can raise almost anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{path}: damaged, or not an HDF5 file ({reason}); save it again") from error


def import_h5py(path: Path) -> None:
    """Make sure that h5py is there.

    Raises:
        ValueError: it is not; the message says how to get it and how to do without.
    """
    try:
        import h5py  # noqa: F401
    except ImportError:
        raise ValueError(
            f"{path}: is an HDF5 file, which needs h5py: pip install h5py, or save the samples as .npy (from "
            "MATLAB with -v7)"
        ) from None
