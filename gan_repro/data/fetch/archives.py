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
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from gan_repro.data.fetch.sources import Files, SourceFailed

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


def unzip(packed: bytes, names: Collection[str], limit: int, what: str) -> Files:
    """Read the members `names` of the zip (or wheel) `packed`, each at most `limit` bytes.

    Raises:
        SourceFailed: `what` is damaged, lacks a member, or a member is larger.
    """
    try:
        files = _from_zip(io.BytesIO(packed), set(names), limit)
    except _BROKEN as error:
        raise SourceFailed(f"{what} cannot be read as a zip file: {error}") from error
    return _complete(files, names, what)


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
    return _complete(files, wanted, archive.name)


def _complete(files: Files, names: Collection[str], what: str) -> Files:
    if missing := set(names) - files.keys():
        raise SourceFailed(f"{what} does not hold {', '.join(sorted(missing))}")
    return files


def _from_zip(archive: Path | IO[bytes], wanted: set[str], limit: int) -> Files:
    files: Files = {}
    with zipfile.ZipFile(archive) as opened:
        for name in wanted & set(opened.namelist()):
            with opened.open(name) as member:
                files[name] = read_at_most(member, limit, name)
    return files


def _from_tar(archive: Path, wanted: set[str], limit: int) -> Files:
    return dict(_walk_tar(archive, wanted, limit))


def each_member(archive: Path, names: Collection[str], limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the members `names` of a gzipped tar, one at a time, in its own order.

    Raises:
        SourceFailed: the archive is damaged, a member is larger than `limit` bytes, or, said at the end, one
            is missing.
    """
    missing = set(names)
    try:
        for name, content in _walk_tar(archive, names, limit):
            missing.remove(name)
            yield name, content
    except _BROKEN as error:
        raise SourceFailed(f"{archive.name} cannot be read as an archive: {error}") from error
    if missing:
        raise SourceFailed(f"{archive.name} does not hold {', '.join(sorted(missing))}")


def _walk_tar(archive: Path, names: Collection[str], limit: int) -> Iterator[tuple[str, bytes]]:
    wanted = set(names)
    # As a stream ("r|gz"), so that members are passed by without being kept.
    with tarfile.open(archive, mode="r|gz") as opened:
        for entry in opened:
            member = opened.extractfile(entry) if entry.isfile() and entry.name in wanted else None
            if member is not None:
                wanted.remove(entry.name)
                yield entry.name, read_at_most(member, limit, entry.name)
                if not wanted:
                    break
