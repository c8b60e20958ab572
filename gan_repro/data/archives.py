"""Reading from compressed files in memory, never more than the caller allows and never onto the disk.

Nothing is extracted, so no path inside an archive can point anywhere; and nothing is unpacked past its
limit, so a small file that unpacks to gigabytes costs no more than an honest one.
"""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO

from gan_repro.data.sources import Files, SourceFailed

_BROKEN = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of the standard library raise for damaged or encrypted files."""


def read_at_most(file: IO[bytes] | gzip.GzipFile, limit: int, what: str) -> bytes:
    """Read the rest of `file`, which must be no longer than `limit` bytes.

    Raises:
        SourceFailed: `what` is longer.
    """
    content = file.read(limit + 1)
    if len(content) > limit:
        raise SourceFailed(f"{what} holds more than the {limit:,} bytes expected of it")
    return content


def gunzip(packed: bytes, limit: int, what: str) -> bytes:
    """Unpack the gzip file `packed`, to at most `limit` bytes.

    Raises:
        SourceFailed: `what` is damaged, cut short, or larger.
    """
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            return read_at_most(file, limit, what)
    except _BROKEN as error:
        raise SourceFailed(f"{what} does not unpack as gzip: {error}") from error


def read_members(archive: Path, names: Collection[str], limit: int) -> Files:
    """Read the members `names` of a zip (or wheel) or a gzipped tar, each at most `limit` bytes.

    Raises:
        SourceFailed: the archive is damaged, lacks a member, or a member is larger.
    """
    wanted = set(names)
    try:
        files = (_from_zip if zipfile.is_zipfile(archive) else _from_tar)(archive, wanted, limit)
    except _BROKEN as error:
        raise SourceFailed(f"{archive.name} cannot be read as an archive: {error}") from error
    if missing := wanted - files.keys():
        raise SourceFailed(f"{archive.name} does not hold {', '.join(sorted(missing))}")
    return files


def _from_zip(archive: Path, wanted: set[str], limit: int) -> Files:
    files: Files = {}
    with zipfile.ZipFile(archive) as opened:
        for name in wanted & set(opened.namelist()):
            with opened.open(name) as member:
                files[name] = read_at_most(member, limit, name)
    return files


def _from_tar(archive: Path, wanted: set[str], limit: int) -> Files:
    files: Files = {}
    # As a stream ("r|gz"), so that members are passed by without being kept.
    with tarfile.open(archive, mode="r|gz") as opened:
        for entry in opened:
            member = opened.extractfile(entry) if entry.isfile() and entry.name in wanted else None
            if member is not None:
                files[entry.name] = read_at_most(member, limit, entry.name)
                if len(files) == len(wanted):
                    break
    return files
