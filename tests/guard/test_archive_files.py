"""Archives with tricks: paths, links and devices inside, encryption, odd packing, damage."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_repro.data.fetch.archives import gunzip, read_members
from gan_repro.data.fetch.sources import SourceFailed
from tests.guard.oracle import cases, tree, within

WANTED = "package/images"
LIMIT = 1000

Change = Callable[[tarfile.TarInfo], None]


def tarred(*entries: tarfile.TarInfo, content: bytes = b"x" * 100, mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for entry in entries:
            if entry.isreg():
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return file.getvalue()


def entry(name: str = WANTED, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def zipped(name: str = WANTED, content: bytes = b"x" * 100, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def lying(**changes: int) -> bytes:
    """A zip whose table of contents says something else of its only member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(WANTED, b"x" * 100)
        for name, value in changes.items():
            setattr(archive.infolist()[0], name, value)
    return file.getvalue()


ARCHIVES: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(2000),
    "text": b"this is no archive",
    "gzip of no tar": gzip.compress(b"this is no tar"),
    "gzip of nothing": gzip.compress(b""),
    "zip, empty": zipped()[-22:],
    "zip, cut": zipped()[:-30],
    "zip, its middle flipped": zipped(content=bytes(range(256)) * 3)[:60] + b"\xff" * 20 + zipped()[80:],
    "zip, another member": zipped("package/other"),
    "zip, a member too large": zipped(content=bytes(LIMIT + 1)),
    "zip, a bomb": zipped(content=bytes(50_000_000)),
    "zip, packed by bzip2, a bomb": zipped(content=bytes(50_000_000), packing=zipfile.ZIP_BZIP2),
    "zip, encrypted": lying(flag_bits=1),
    "zip, packed in an unknown way": lying(compress_type=99),
    "zip, stored but called LZMA": lying(compress_type=14),
    "zip, stored but called bzip2": lying(compress_type=12),
    "zip, a wrong checksum": lying(CRC=1),
    "zip, out of its parent": zipped("../" + WANTED),
    "zip, absolute": zipped("/" + WANTED),
    "zip, with backslashes": zipped("package\\..\\images"),
    "zip, a name in other letters": zipped(WANTED.upper()),
    "tar, not packed": tarred(entry(), mode="w"),
    "tar, packed by bzip2": tarred(entry(), mode="w:bz2"),
    "tar, cut": tarred(entry())[:60],
    "tar, a member too large": tarred(entry(), content=bytes(LIMIT + 1)),
    "tar, another member": tarred(entry("package/other")),
    "tar, out of its parent": tarred(entry("../" + WANTED)),
    "tar, absolute": tarred(entry("/" + WANTED)),
    "tar, a link out": tarred(entry(kind=tarfile.SYMTYPE, target="/etc/hostname")),
    "tar, a hard link out": tarred(entry(kind=tarfile.LNKTYPE, target="/etc/hostname")),
    "tar, a link to itself": tarred(entry(kind=tarfile.SYMTYPE, target=WANTED)),
    "tar, a folder": tarred(entry(kind=tarfile.DIRTYPE)),
    "tar, a pipe": tarred(entry(kind=tarfile.FIFOTYPE)),
    "tar, a device": tarred(entry(kind=tarfile.CHRTYPE)),
    "tar, a disk": tarred(entry(kind=tarfile.BLKTYPE)),
}


@cases(ARCHIVES)
def test_an_archive_with_tricks_is_a_failed_source(case: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(case)
    before = tree(tmp_path)
    with within(), pytest.raises(SourceFailed) as failed:
        read_members(archive, [WANTED], LIMIT)
    assert "\n" not in str(failed.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("content", [zipped(), tarred(entry())], ids=["zip", "tar"])
def test_an_honest_archive_is_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(content)
    assert read_members(tmp_path / "archive", [WANTED], LIMIT) == {WANTED: b"x" * 100}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    whole=st.sampled_from([zipped(), tarred(entry()), zipped(packing=zipfile.ZIP_LZMA)]),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_flipped_bytes_are_a_failed_source_or_harmless(
    whole: bytes, flips: list[tuple[int, int]], tmp_path: Path
) -> None:
    content = bytearray(whole)
    for place, change in flips:
        content[place % len(content)] ^= change
    (tmp_path / "archive").write_bytes(content)
    try:
        found = read_members(tmp_path / "archive", [WANTED], LIMIT)
    except SourceFailed:
        return
    assert found.keys() == {WANTED}
    assert len(found[WANTED]) <= LIMIT


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"\x1f\x8b\x08\0" + tail))
def test_gunzip_gives_bytes_or_a_failed_source(packed: bytes) -> None:
    try:
        length = len(gunzip(packed, 100, "file.gz"))
    except SourceFailed:
        length = 0
    assert length <= 100
