"""The Toronto Face Database (TFD): 112,234 grey faces of 48 x 48 bytes, given out on request only.

A user who has it puts ``TFD_48x48.mat`` into the data folder. Its unlabeled images train; its 4,178 images
that carry an expression label are cut into five folds, of which validation and test images are used.

Both kinds of .mat file are read: those of MATLAB 5 to 7.2 by SciPy, those of 7.3 (HDF5) by h5py where that is
installed. Names, shapes and types are compared with TFD's before any array is read, so that a cell, a struct
or an object is refused unread.

Source of the layout: pylearn2's ``datasets/tfd.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gan_repro.data.dataset import Dataset
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces.layout import FaceSet
from gan_repro.data.fetch import store
from gan_repro.data.fetch.own import DATA_VARIABLE
from gan_repro.data.fetch.sources import DataUnavailable, tell

FILE_NAME = "TFD_48x48.mat"
PLACES = (FILE_NAME, f"faces/TFD/{FILE_NAME}")
"""In the data folder, or where pylearn2 expects it below its own data folder."""
MD5 = "9d113650c197719b750ecc6864faf87c"
"""As a third party gives it; unconfirmed, so that another digest is told and no more."""
MAX_BYTES = 2_000_000_000
"""The largest file that is opened. TFD's images take 258,587,136 bytes."""

_VARIABLES = ("images", "folds")
_NUMBERS = {"double", "single", "logical", "bool", "float64", "float32"}
_NUMBERS |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}

_Arrays = dict[str, npt.NDArray[Any]]
_Header = Mapping[str, tuple[tuple[int, ...], str]]
"""Variable -> its shape as MATLAB has it, and its type."""


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load one fold, 0 to 4; all folds train on the same images. See `read`."""
    return read(root).cut(fold or 0)


def read(root: Path | None) -> FaceSet:
    """Read TFD from the user's folder (or, put there by hand, from the cache).

    Raises:
        DataUnavailable: it is not there, or the file is not TFD; the message says what to do.
    """
    path = _find(root)
    if path is None:
        raise DataUnavailable(
            f"tfd: {FILE_NAME} is not on this machine; the Toronto Face Database is given out on request by "
            f"its authors: put the file into a folder that root=, --root or {DATA_VARIABLE} names (or "
            f"into {store.cache_folder('tfd')})"
        )
    try:
        found = read_mat(path)
    except (ValueError, OSError) as error:
        raise DataUnavailable(f"tfd: {path} {error}") from error
    if remark := _remark(path):
        tell("tfd", f"{path} {remark}; going on, since it has TFD's layout")
    return found


def present(root: Path | None) -> bool:
    """Whether `read` would find a file; it is not opened."""
    return _find(root) is not None


def verify(root: Path | None) -> list[store.Check]:
    """Check the layout of the file that `read` would find, or that in `root`; its MD5 is only told."""
    path = _find(root, only_root=True)
    checks = faces.check(path, FILE_NAME, read_mat)
    if path is not None and checks[0].state == "ok":
        checks = [store.Check("ok", str(path), _remark(path))]
    return checks


def read_mat(path: Path) -> FaceSet:
    """Read a .mat file with TFD's layout.

    Raises:
        ValueError: a sentence, to stand after the path, on what is wrong with it.
        OSError: it cannot be opened.
    """
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"holds {size:,} bytes, more than the {MAX_BYTES:,} that are read")
    arrays = (_read_hdf5 if _is_hdf5(path) else _read_mat5)(path)
    try:
        return FaceSet("tfd", arrays["images"], arrays["folds"], notes=(faces.SHARED_FOLDS,))
    except ValueError as error:
        raise ValueError(f"does not have TFD's layout: {error}") from error


def _find(root: Path | None, *, only_root: bool = False) -> Path | None:
    return store.find("tfd", PLACES, root, only_root=only_root)


def _remark(path: Path) -> str:
    """What is to be said of the file's MD5; empty where it is the known one."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return "" if digest == MD5 else f"has MD5 {digest}, not {MD5} as reported (by one source) of TFD"


def _is_hdf5(path: Path) -> bool:
    """Whether it starts like HDF5, or does so behind the 512 bytes that MATLAB puts in front."""
    with path.open("rb") as file:
        start = file.read(520)
    return b"\x89HDF\r\n\x1a\n" in (start[:8], start[512:])


def _read_mat5(path: Path) -> _Arrays:
    import scipy.io

    try:
        header = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path, appendmat=False)}
    except Exception as error:  # a damaged file can raise almost anything, here and below
        raise _damaged(error) from error
    _check_header(header)
    try:
        arrays = scipy.io.loadmat(path, appendmat=False, variable_names=list(_VARIABLES))
        return {name: np.asarray(arrays[name]) for name in _VARIABLES}
    except Exception as error:
        raise _damaged(error) from error


def _read_hdf5(path: Path) -> _Arrays:
    try:
        import h5py
    except ImportError:
        raise ValueError(
            "is a .mat file of version 7.3 (HDF5), which needs h5py: pip install h5py, or save it anew in "
            "MATLAB with -v7"
        ) from None
    try:
        with h5py.File(path, "r") as file:
            # Links, external storage and virtual sets could bring in the bytes of other files.
            here = {
                name: file[name] for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)
            }
            own = {
                name: item
                for name, item in here.items()
                if isinstance(item, h5py.Dataset) and not item.is_virtual and not item.external
            }
            # HDF5 has the dimensions of a MATLAB array in reverse.
            header = {name: (item.shape[::-1], str(item.dtype)) for name, item in own.items()}
            _check_header(header)
            return {name: own[name][()].T for name in _VARIABLES}
    except _NotTFD:
        raise
    except Exception as error:
        raise _damaged(error) from error


class _NotTFD(ValueError):  # noqa: N818
    """The file is sound, but not TFD."""


def _check_header(header: _Header) -> None:
    """Compare what a file says of its variables with TFD's layout."""
    held = ", ".join(sorted(header)[:10]) or "nothing"
    for name in _VARIABLES:
        if name not in header:
            raise _NotTFD(f"has no variable {name!r}, but {held}: it is another file, or was cut short")
        if (kind := header[name][1]) not in _NUMBERS:
            raise _NotTFD(f"holds {name!r} as {kind}, expected an array of numbers")
    if (kind := header["images"][1]) != "uint8":
        raise _NotTFD(f"holds images as {kind}, expected bytes (uint8)")
    try:
        faces.check_shapes(header["images"][0], header["folds"][0])
    except ValueError as error:
        raise _NotTFD(f"does not have TFD's layout: {error}") from error


def _damaged(error: Exception) -> ValueError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return ValueError(f"cannot be read as a .mat file ({reason}): it is damaged or cut short")
