"""``.mat``: variables of MATLAB. Files of version 5 to 7.2 are read by SciPy, those of 7.3 (HDF5) by h5py.

A variable has the class that MATLAB gave it, however it was stored: doubles that happen to be small whole
numbers are kept as bytes in such files, and logical ones too.
"""

from __future__ import annotations

import io
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.scoring.container import LARGEST_UNPACKED, Candidate
from gan_repro.scoring.layout import Array
from gan_repro.scoring.readers.hdf5 import is_hdf5, read_matlab_hdf5

_TYPES: dict[str, np.dtype[Any]] = {
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
    "logical": np.dtype(bool),
    **{f"{sign}int{bits}": np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""MATLAB's classes of numbers."""


def read_mat(content: bytes, path: Path) -> dict[str, Candidate]:
    """List the variables of a ``.mat`` file of any version from 5 on; they are read as they are taken."""
    if is_hdf5(content):
        return read_matlab_hdf5(content, path)
    import scipy.io

    try:
        header = scipy.io.whosmat(io.BytesIO(content), appendmat=False)
    except Exception as error:  # a damaged file can raise almost anything, here and below
        raise _damaged(path, error) from error
    found = {}
    for name, shape, kind in header:
        shape = tuple(int(extent) for extent in shape)
        load = partial(_load, content, path, name, shape, kind)
        found[name] = Candidate(shape, kind, load, is_numeric=kind in _TYPES)
    return found


def _load(content: bytes, path: Path, name: str, shape: tuple[int, ...], kind: str) -> Array:
    import scipy.io

    if kind not in _TYPES:
        raise ValueError(
            f"{path}: {name!r} is a {kind}, expected an array of numbers; save it with single(x)"
        )
    size = math.prod(shape) * _TYPES[kind].itemsize
    if size > LARGEST_UNPACKED:
        raise ValueError(
            f"{path}: {name!r} unpacks to {size:,} bytes, more than the {LARGEST_UNPACKED:,} that are read "
            "from a .mat; keep 10,000 samples"
        )
    try:
        array = scipy.io.loadmat(io.BytesIO(content), appendmat=False, variable_names=[name])[name]
    except Exception as error:
        raise _damaged(path, error) from error
    # Where it was stored in a smaller type than its class; complex numbers are left for others to refuse.
    return np.asarray(array) if array.dtype.kind == "c" else array.astype(_TYPES[kind])


def _damaged(path: Path, error: Exception) -> ValueError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return ValueError(f"{path}: damaged, or not a .mat file ({reason}); save it again")
