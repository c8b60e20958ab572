"""Writing files so that a reader finds the old one or the new one, never half of either."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import stat
import tempfile
import zipfile
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


def open_regular(path: Path) -> BinaryIO:
    """Open an ordinary file for reading. Anything else of that name could be read without end, or never.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe or a device.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not an ordinary file", str(path))
    return path.open("rb")


def read_regular(path: Path, limit: int) -> bytes:
    """Read an ordinary file of at most `limit` bytes.

    Raises:
        OSError: as `open_regular`, or the file is larger.
    """
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than any such file ({limit:,} bytes)", str(path))
    return content


def check_saved_tensors(path: Path, *, checksums: bool = True) -> None:
    """Check the frame of a `torch.save`, which torch itself takes on trust: checksums, and nothing packed.

    Args:
        path: the file.
        checksums: read it all for these; without, its tensors may be damaged.

    Raises:
        zipfile.BadZipFile: it is no such file, is damaged, or would unpack to more than it takes on disk.
        OSError: as `open_regular`.
    """
    with open_regular(path) as file:
        check_tensor_archive(file, path.stat().st_size, checksums=checksums)


def check_tensor_archive(file: BinaryIO, size: int, *, checksums: bool = True) -> None:
    """Check the frame of a `torch.save` of `size` bytes that is open already; see `check_saved_tensors`.

    Raises:
        zipfile.BadZipFile: as there.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise zipfile.BadZipFile("torch.save packs nothing, so a packed file is not one of its own")
        if sum(member.file_size for member in members) > size:
            raise zipfile.BadZipFile("its parts claim more bytes than the file has")
        if checksums and (damaged := archive.testzip()):
            raise zipfile.BadZipFile(f"{damaged!r} does not match its checksum")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_array(array: npt.NDArray[np.generic]) -> str:
    """SHA-256 of an array's elements in row-major order; its shape and type do not count."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
