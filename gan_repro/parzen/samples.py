"""A user's samples, out of a .npy, .npz or .pt file of any origin.

`read` opens the file: nothing in it is ever run, and it costs no more memory than it takes on disk (of a
.npz: than `LARGEST_UNPACKED`). `as_rows` holds what it found against what the Parzen protocols need. Each
says in one sentence what is wrong, where, and what to do.
"""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gan_repro.util.files import check_saved_tensors

Array = npt.NDArray[Any]

FEWEST = 100
"""Fewer samples than this are refused: in hundreds of dimensions their score tells nothing of the model."""

MOST = 1_000_000
"""More samples than this are refused: a file with holes can claim any number, and cost days."""

LARGEST_UNPACKED = 1 << 30
"""Bytes that an array in a .npz may unpack to; a larger one belongs in a .npy, which is read in place."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Python unpacks the other kinds without a limit."""

_MOST_AXES = 32
"""As NumPy has had it until its second version, and more than any image needs."""

_BLOCK_BYTES = 1 << 24
_ROUNDING = 1e-6
"""How far outside [0, 1] a value may lie, as arithmetic in float32 leaves it."""

_HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(path: Path) -> Array:
    """Open a file of samples; what is in it has not been looked at yet.

    A .npy or .pt is mapped into memory and read as it is used; the array of a .npz is unpacked.

    Raises:
        ValueError: the file is missing, damaged, too large, of another kind, or holds more than an array.
    """
    readers = {".npy": _read_npy, ".npz": _read_npz, ".pt": _read_pt}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path}: samples are read from .npy, .npz or .pt files, not from {path.suffix!r}")
    try:
        # Anything else with that name (a folder, a pipe) would fail late or never end.
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: not a file; give a .npy, .npz or .pt file of samples")
        return readers[path.suffix.lower()](path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error


def as_rows(array: Array, image_shape: tuple[int, ...], path: Path) -> Array:
    """Check samples and lay each out as a row: (n, d) float, values in [0, 1]; a view where possible.

    Args:
        array: (n, d) or (n, *image_shape), for grey images with an axis of length 1 for the channel, too.
        image_shape: of the data set they are to be scored on; its product is d.
        path: where they come from, for the message.

    Raises:
        ValueError: wrong type of number, shape or range, values that are not finite, or too few samples.
    """
    width = math.prod(image_shape)
    allowed = [(width,), image_shape]
    if len(image_shape) == 2:
        allowed += [(1, *image_shape), (*image_shape, 1)]
    if array.shape[1:] not in allowed:
        shapes = " or ".join(f"(n, {', '.join(map(str, shape))})" for shape in allowed[:2])
        raise ValueError(
            f"{path}: the array has shape {array.shape}; samples of this data set have shape {shapes}"
        )
    if array.dtype.kind in "iub":
        raise ValueError(
            f"{path}: the samples are {array.dtype} numbers; convert them to float32 in [0, 1], "
            "dividing by 255 if they are pixels of 0 to 255"
        )
    if array.dtype.kind != "f":
        raise ValueError(f"{path}: the samples are of type {array.dtype}; convert them to float32 in [0, 1]")
    if len(array) < FEWEST:
        raise ValueError(
            f"{path}: {len(array)} samples are too few for a score to mean anything; draw 10,000, "
            f"and in no case fewer than {FEWEST}"
        )
    if len(array) > MOST:
        raise ValueError(
            f"{path}: {len(array):,} samples are more than the {MOST:,} that are scored at most; "
            "keep 10,000, as Table 1 uses"
        )
    rows = array.reshape(len(array), width)
    _check_values(rows, path)
    return rows


def _check_values(rows: Array, path: Path) -> None:
    """Look at every value, a block of rows at a time."""
    height = max(1, _BLOCK_BYTES // (rows.shape[1] * rows.itemsize))
    not_finite, first, low, high = 0, -1, math.inf, -math.inf
    for start in range(0, len(rows), height):
        block = rows[start : start + height]
        smallest, largest = float(block.min()), float(block.max())
        if math.isfinite(smallest) and math.isfinite(largest):
            low, high = min(low, smallest), max(high, largest)
            continue
        finite = np.isfinite(block)
        if not not_finite:
            first = start + int(np.argmin(finite.all(axis=1)))
        not_finite += int(finite.size - np.count_nonzero(finite))
    if not_finite:
        raise ValueError(
            f"{path}: NaN or infinite values: {not_finite:,}, the first in row {first} (counted from 0); "
            "the model that drew them has probably diverged"
        )
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ValueError(
            f"{path}: values run from {low:.4g} to {high:.4g}, not in [0, 1]; {_cure(low, high)}"
        )


def _cure(low: float, high: float) -> str:
    if low >= -_ROUNDING and 2 < high <= 255:
        return "this looks like pixels of 0 to 255: divide by 255"
    if -1 - _ROUNDING <= low < -0.5 and high <= 1 + _ROUNDING:
        return "this looks like -1 to 1, as tanh gives it: use (x + 1) / 2"
    return "rescale them as the data set is, or clip them if the model can leave that range"


def _read_npy(path: Path) -> Array:
    with path.open("rb") as file:
        shape, column_major, dtype = _header(file, path)
        start = file.tell()
    _require_bytes(path.stat().st_size - start, shape, dtype, path)
    order = "F" if column_major else "C"
    return np.memmap(path, dtype, mode="r", offset=start, shape=shape, order=order)  # type: ignore[call-overload]


def _read_npz(path: Path) -> Array:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if any(info.compress_type not in _PACKINGS for info in archive.infolist()):
                raise zipfile.BadZipFile("packed in a way that numpy.savez does not know")
            arrays = [name.removesuffix(".npy") for name in sizes if name.endswith(".npy")]
            name = _only_or_samples(arrays, "array", path) + ".npy"
            if sizes[name] > LARGEST_UNPACKED:
                raise ValueError(
                    f"{path}: {name!r} unpacks to {sizes[name]:,} bytes, more than the {LARGEST_UNPACKED:,} "
                    "that are read from a .npz; save it with numpy.save as a .npy, which may be of any size"
                )
            with archive.open(name) as file:
                shape, column_major, dtype = _header(file, path)
                # Unbounded, it would unpack all there is before it noticed that the size was a lie.
                content = file.read(sizes[name])
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: damaged, or not a .npz file ({error}); save it again") from error
    _require_bytes(len(content), shape, dtype, path)
    flat = np.frombuffer(content, dtype, count=math.prod(shape))
    return flat.reshape(shape, order="F" if column_major else "C")


def _read_pt(path: Path) -> Array:
    import torch  # here, so that the other formats fail fast where they fail

    try:
        check_saved_tensors(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError:
        raise
    except Exception as error:  # a damaged file can raise almost anything
        raise ValueError(
            f"{path}: damaged, or not a torch.save of tensors alone (nothing else is loaded, as it could run "
            "code); save the samples again with torch.save(samples, FILE)"
        ) from error
    if isinstance(found, dict):
        found = found[_only_or_samples([k for k, v in found.items() if torch.is_tensor(v)], "tensor", path)]
    if not torch.is_tensor(found):
        raise ValueError(f"{path}: holds a {type(found).__name__}; save a tensor, or a dict with one tensor")
    try:
        array: Array = found.detach().numpy()
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{path}: a tensor of {found.dtype} and layout {found.layout} cannot be read; "
            "save samples.float().to_dense() instead"
        ) from error
    # A tensor may repeat the same bytes without end; checking it would take as long.
    _require_bytes(path.stat().st_size, array.shape, array.dtype, path)
    return array


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of number of a .npy; leaves `file` where the data begin."""
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"format version {version} is not one that numbers need")
        shape, column_major, dtype = _HEADERS[version](file)
        if len(shape) > _MOST_AXES or any(type(extent) is not int for extent in shape):
            raise ValueError(f"no array has the shape {shape}")
    except OSError:
        raise
    except Exception as error:  # the header is a Python literal, and a damaged one raises almost anything
        raise ValueError(f"{path}: damaged, or not an array of NumPy's; save it again") from error
    if dtype.hasobject:
        raise ValueError(
            f"{path}: holds pickled Python objects, which are never loaded, as they could run code; "
            "save an array of float32 instead"
        )
    return shape, column_major, dtype


def _require_bytes(found: int, shape: tuple[int, ...], dtype: np.dtype[Any], path: Path) -> None:
    if min(shape, default=1) < 1:
        raise ValueError(f"{path}: an array of shape {shape} holds no samples")
    if math.prod(shape) * max(1, dtype.itemsize) > found:
        raise ValueError(
            f"{path}: cut short: {dtype} numbers of shape {shape} do not fit into the {found:,} bytes there "
            "are; save it again"
        )


def _only_or_samples(names: list[Any], kind: str, path: Path) -> Any:
    if "samples" in names:
        return "samples"
    if len(names) != 1:
        held = ", ".join(repr(name)[:60] for name in names[:5]) or "none"
        raise ValueError(
            f"{path}: holds {len(names)} {kind}s ({held}); keep one, or call the right one 'samples'"
        )
    return names[0]
