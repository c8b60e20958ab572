"""``.npy`` and ``.npz``: arrays as NumPy saves them, by any of its versions, under Python 2 or 3."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from gan_repro.scoring.container import LARGEST_UNPACKED, Candidate
from gan_repro.scoring.layout import Array

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Python unpacks the other kinds without a limit."""

_MOST_AXES = 32
"""As NumPy has had it until its second version, and more than any image needs."""

_LONGEST_HEADER = 1 << 16
"""Bytes that are unpacked to find a header; it may claim to have gigabytes."""

_Header = tuple[tuple[int, ...], bool, np.dtype[Any]]
_HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], _Header]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)


def read_npy(content: bytes, path: Path) -> dict[str, Candidate]:
    """Read a ``.npy`` file; its one array has no name."""
    header, start = _parse(content[:_LONGEST_HEADER], path)
    _require_bytes(len(content) - start, header, path)
    return {"": _candidate(header, partial(_array, content, start, header, path))}


def read_npz(content: bytes, path: Path) -> dict[str, Candidate]:
    """Read the table of contents of a ``.npz`` file; arrays are unpacked as they are taken."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if any(info.compress_type not in _PACKINGS for info in archive.infolist()):
            raise zipfile.BadZipFile("packed in a way that numpy.savez does not know")
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    found = {}
    for info in archive.infolist():
        if info.filename.endswith(".npy"):
            load = partial(_unpack, archive, info, path)
            try:
                with archive.open(info) as file:
                    header, start = _parse(file.read(_LONGEST_HEADER), path)
                _require_bytes(info.file_size - start, header, path)
                candidate = _candidate(header, load)
            except _DAMAGED:
                # It may be one that nobody asks for; `load` tells what is wrong with it.
                candidate = Candidate((), "unreadable", load, is_numeric=False)
            found[info.filename.removesuffix(".npy")] = candidate
    return found


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    if info.file_size > LARGEST_UNPACKED:
        name = info.filename.removesuffix(".npy")
        raise ValueError(
            f"{path}: {name!r} unpacks to {info.file_size:,} bytes, more than the {LARGEST_UNPACKED:,} that "
            "are read from a .npz; save it with numpy.save as a .npy"
        )
    try:
        with archive.open(info) as file:
            # Unbounded, it would unpack all there is before it noticed that the size was a lie.
            content = file.read(info.file_size)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    header, start = _parse(content[:_LONGEST_HEADER], path)
    return _array(content, start, header, path)


def _array(content: bytes, start: int, header: _Header, path: Path) -> Array:
    """The array behind a header, in the memory of `content`."""
    shape, column_major, dtype = header
    if dtype.hasobject:
        raise ValueError(
            f"{path}: holds pickled Python objects, which are never loaded, as they could run code; "
            "save an array of float32 instead"
        )
    _require_bytes(len(content) - start, header, path)
    flat = np.frombuffer(content, dtype, count=math.prod(shape), offset=start)
    return flat.reshape(shape, order="F" if column_major else "C")


def _candidate(header: _Header, load: Callable[[], Array]) -> Candidate:
    shape, _, dtype = header
    return Candidate(shape, str(dtype), load, is_numeric=dtype.kind in "fuib")


def _parse(content: bytes, path: Path) -> tuple[_Header, int]:
    """Shape, whether columns come first, and type of number of a ``.npy``; and where its data begin."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"format version {version} is not one that numbers need")
        shape, column_major, dtype = _HEADERS[version](file)
        if len(shape) > _MOST_AXES or any(type(extent) is not int for extent in shape):
            raise ValueError(f"no array has the shape {shape}")
    except Exception as error:  # the header is a Python literal, and a damaged one raises almost anything
        raise ValueError(f"{path}: damaged, or not an array of NumPy's; save it again") from error
    return (shape, column_major, dtype), file.tell()


def _require_bytes(found: int, header: _Header, path: Path) -> None:
    shape, _, dtype = header
    if dtype.hasobject:
        return  # how long a pickle is, the header does not say
    if min(shape, default=1) < 1:
        raise ValueError(f"{path}: an array of shape {shape} holds no samples")
    if math.prod(shape) * max(1, dtype.itemsize) > found:
        raise ValueError(
            f"{path}: cut short: {dtype} numbers of shape {shape} do not fit into the {found:,} bytes there "
            "are; save it again"
        )


def _damaged(path: Path, error: BaseException) -> ValueError:
    return ValueError(f"{path}: damaged, or not a .npz file ({error}); save it again")
