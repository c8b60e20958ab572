"""Writing files so that a reader finds the old one or the new one, never half of either."""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt


def atomic_write(path: Path, write: Callable[[BinaryIO], object] | bytes | str) -> None:
    """Replace `path` in one step by what `write` puts out; create its folder if need be.

    The bytes go to a temporary file in the same folder, are flushed to disk, and only then take the name.
    On any failure, an interrupt included, the old file stands untouched and nothing is left behind.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(write, str):
                file.write(write.encode())
            elif isinstance(write, bytes):
                file.write(write)
            else:
                write(file)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private to their owner; results are meant to be read and committed.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_unfinished(*paths: Path) -> None:
    """Remove what an `atomic_write` to `paths` left behind whose process was killed. Under a lock on them."""
    for path in paths:
        for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            part.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Make sure that `folder` exists and takes a file, before hours are spent on what should go there.

    Raises:
        OSError: with one sentence that says which folder and why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe.") as probe:
            probe.write(b"probe")
            probe.flush()
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            f"cannot write to {folder}: {reason}; choose another folder or free some space"
        ) from error


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_array(array: npt.NDArray[np.generic]) -> str:
    """SHA-256 of an array's elements in row-major order; its shape and type do not count."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
