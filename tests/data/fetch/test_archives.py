from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from gan_repro.data.fetch.archives import each_member, gunzip, read_members, unzip
from gan_repro.data.fetch.sources import SourceFailed

MEMBERS = {"package/data/one": b"first", "package/data/two": b"second", "package/rest": b"x" * 5000}


@pytest.fixture(params=["zip", "tar"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "archive"
    if request.param == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in MEMBERS.items():
                opened.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz") as opened:
            for name, content in MEMBERS.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                opened.addfile(entry, io.BytesIO(content))
    return path


def test_the_named_members_are_read_and_nothing_is_extracted(archive: Path) -> None:
    found = read_members(archive, ["package/data/one", "package/data/two"], 6)
    assert found == {"package/data/one": b"first", "package/data/two": b"second"}
    assert list(archive.parent.iterdir()) == [archive]


def test_a_member_past_its_limit_is_refused(archive: Path) -> None:
    with pytest.raises(SourceFailed, match="package/rest holds more than the 4,999 bytes"):
        read_members(archive, ["package/rest"], 4999)


def test_a_missing_member_is_named(archive: Path) -> None:
    with pytest.raises(SourceFailed, match="does not hold package/three"):
        read_members(archive, ["package/data/one", "package/three"], 100)


def test_members_come_one_at_a_time_until_one_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with tarfile.open(path, "w:gz") as opened:
        for name, content in MEMBERS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            opened.addfile(entry, io.BytesIO(content))
    members = each_member(path, ["package/three", "package/data/two"], 6)
    assert next(members) == ("package/data/two", b"second")
    with pytest.raises(SourceFailed, match="does not hold package/three"):
        next(members)
    with pytest.raises(SourceFailed, match="more than the 5 bytes"):
        list(each_member(path, ["package/data/two"], 5))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(SourceFailed, match="cannot be read as an archive"):
        list(each_member(path, ["package/rest"], 5000))


def test_a_damaged_archive_is_a_failed_source(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(SourceFailed, match="cannot be read as an archive"):
        read_members(archive, ["package/rest"], 5000)


def test_a_zip_in_memory_keeps_the_same_rules() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("one", b"first")
        opened.writestr("bomb", bytes(1_000_000))
    content = packed.getvalue()
    assert unzip(content, ["one"], 5, "a.zip") == {"one": b"first"}
    with pytest.raises(SourceFailed, match="bomb holds more than the 5 bytes"):
        unzip(content, ["bomb"], 5, "a.zip")
    with pytest.raises(SourceFailed, match=r"a\.zip does not hold two"):
        unzip(content, ["one", "two"], 5, "a.zip")
    with pytest.raises(SourceFailed, match=r"a\.zip cannot be read as a zip file"):
        unzip(content[:60], ["one"], 5, "a.zip")


def test_gunzip_stops_at_its_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert gunzip(gzip.compress(b"abc"), 3, "abc.gz") == b"abc"
    with pytest.raises(SourceFailed, match=r"abc\.gz holds more than the 3 bytes"):
        gunzip(bomb, 3, "abc.gz")


@pytest.mark.parametrize(
    "packed",
    [b"plain text", gzip.compress(b"abc")[:5], gzip.compress(b"abc" * 1000)[:-9]],
    ids=["plain text", "cut in the header", "cut before the end"],  # gzip notes the time: no names for tests
)
def test_what_is_not_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(SourceFailed, match=r"abc\.gz"):
        gunzip(packed, 2999, "abc.gz")
