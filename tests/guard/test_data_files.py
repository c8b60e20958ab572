"""Data files that are damaged or no files at all, in the user's own folder and in the cache."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_repro.data import idx, mnist
from gan_repro.data.__main__ import main
from gan_repro.data.fetch.sources import Files
from tests.guard.oracle import Refuses, cases, sentence_of, status_of, tree

Damage = Callable[[Path], object]


def raw(content: bytes) -> Damage:
    return lambda path: path.write_bytes(content)


def bytewise(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def instead(make: Callable[[Path], object]) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def header(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


DAMAGES: dict[str, Damage] = {
    "empty": raw(b""),
    "one byte": raw(b"\0"),
    "cut by a byte": bytewise(lambda content: content[:-1]),
    "a byte too many": bytewise(lambda content: content + b"\0"),
    "a bit flipped": bytewise(lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:]),
    "the header flipped": bytewise(lambda content: b"\xff" + content[1:]),
    "its images in another order": bytewise(lambda content: content[:16] + content[16:][::-1]),
    "four billion images": bytewise(lambda content: header(2051, 2**32 - 1, 28, 28) + content[16:]),
    "labels": raw(header(2049, 60000) + bytes(60000)),
    "a web page": raw(b"<html><body>404 Not Found</body></html>"),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo),
    "endless zeros": instead(lambda path: path.symlink_to("/dev/zero")),
    "a terminal": instead(lambda path: path.symlink_to("/dev/ptmx")),
}  # fmt: skip

PACKED: dict[str, Damage] = {
    "empty": raw(b""),
    "cut in half": bytewise(lambda content: content[: len(content) // 2]),
    "its checksum cut off": bytewise(lambda content: content[:-8]),
    "its checksum flipped": bytewise(lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]),
    "a bomb": raw(gzip.compress(bytes(50_000_000))),
    "a bomb in a bomb": raw(gzip.compress(gzip.compress(bytes(50_000_000)))),
    "a thousand empty parts": raw(gzip.compress(b"") * 1000),
    "a pipe": instead(os.mkfifo),
}

FILES = {name: ("", damage) for name, damage in DAMAGES.items()} | {
    f"packed: {name}": (".gz", damage) for name, damage in PACKED.items()
}


def fill(folder: Path, files: Files, suffix: str = "") -> Path:
    """Write the files, packed where `suffix` says so; the path of the one to be damaged."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / (name + suffix)).write_bytes(gzip.compress(content) if suffix else content)
    return folder / (mnist.TRAIN.name + suffix)


@cases({f"verify: {name}": case for name, case in FILES.items()})
def test_verify_finds_a_users_damaged_file_and_leaves_it(
    case: tuple[str, Damage], tiny: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix, damage = case
    path = fill(tmp_path / "own", tiny, suffix)
    damage(path)
    before = tree(tmp_path)
    assert status_of(main, ["verify", "mnist", "--root", str(path.parent)]) == 1
    printed = capsys.readouterr()
    states = {
        Path(what).name: state for state, what, _ in (line.split("\t") for line in printed.out.splitlines())
    }
    assert states == {path.name: "corrupt", mnist.TEST.name + suffix: "ok"}
    assert "a file is not the true one" in sentence_of(printed.err)
    assert tree(tmp_path) == before


@cases({f"fetch: {name}": case for name, case in FILES.items()})
def test_a_damaged_file_of_the_users_is_never_loaded(
    case: tuple[str, Damage], tiny: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix, damage = case
    path = fill(tmp_path / "own", tiny, suffix)
    damage(path)
    before = tree(path.parent)
    assert status_of(main, ["fetch", "mnist", "--root", str(path.parent)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(path) in printed.err
    assert "no source had the data" in printed.err
    assert "Traceback" not in printed.err
    assert tree(path.parent) == before


@cases({f"cache: {name}": damage for name, damage in DAMAGES.items()})
def test_a_damaged_file_of_the_cache_is_moved_aside(
    case: Damage, tiny: Files, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = fill(tmp_path / "own", tiny).parent
    path = fill(cache, tiny)
    case(path)
    damaged = tree(cache)[path.name]
    assert status_of(main, ["fetch", "mnist"]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert tree(cache)[f"{path.name}.corrupt"] == damaged
    assert not os.path.lexists(path)
    assert status_of(main, ["fetch", "mnist", "--root", str(own)]) == 0


ROOTS: dict[str, Callable[[Path], str]] = {
    "a folder that is not there": lambda odd: f"{odd}/nowhere",
    "a file": lambda odd: f"{odd}/file",
    "a pipe": lambda odd: f"{odd}/pipe",
    "a device": lambda odd: f"{odd}/zeros",
    "a loop of links": lambda odd: f"{odd}/loop",
    "an empty folder": lambda odd: f"{odd}/folder",
    "the home of nobody": lambda odd: "~nobody-of-that-name/mnist",
    "too long a name": lambda odd: f"{odd}/" + "x" * 300,
    "a line break": lambda odd: f"{odd}/a\nb",
}


@cases({f"root: {name}": make for name, make in ROOTS.items()})
def test_a_root_without_the_data_is_refused(
    case: Callable[[Path], str], tiny: Files, odd: Path, refuses: Refuses, capsys: pytest.CaptureFixture[str]
) -> None:
    root = case(odd)
    before = tree(odd)
    assert status_of(main, ["verify", "mnist", "--root", root]) == 1
    printed = capsys.readouterr()
    assert "not complete on this machine" in sentence_of(printed.err)
    assert status_of(main, ["fetch", "mnist", "--root", root]) == 1
    assert "no source had the data" in capsys.readouterr().err
    assert tree(odd) == before


@pytest.mark.parametrize("place", ["file", "pipe", "loop", "zeros"])
def test_a_cache_that_cannot_be_is_no_reason_to_fail(
    place: str, tiny: Files, odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fill(tmp_path / "own", tiny).parent
    monkeypatch.setenv("GAN_REPRO_CACHE", str(odd / place))
    before = tree(odd)
    assert status_of(main, ["fetch", "mnist", "--root", str(own)]) == 0
    assert tree(odd) == before


def test_a_lock_that_is_a_link_does_not_empty_what_it_names(tiny: Files, cache: Path, tmp_path: Path) -> None:
    outside = tmp_path / "thesis.tex"
    outside.write_text("years of work")
    cache.mkdir(parents=True)
    (cache / ".lock").symlink_to(outside)
    assert status_of(main, ["fetch", "mnist"]) == 1
    assert outside.read_text() == "years of work"


def test_files_are_kept_beside_a_link_and_never_through_it(tiny: Files, cache: Path, tmp_path: Path) -> None:
    from gan_repro.data.fetch import store

    outside = tmp_path / "thesis.tex"
    outside.write_text("years of work")
    cache.mkdir(parents=True)
    (cache / mnist.TRAIN.name).symlink_to(outside)
    store._keep(tiny, cache, "mnist")
    assert outside.read_text() == "years of work"
    assert (cache / mnist.TRAIN.name).read_bytes() == tiny[mnist.TRAIN.name]


IDX: dict[str, bytes] = {
    "empty": b"",
    "a header cut off": header(2051, 1, 28),
    "a foreign magic": header(2049, 1, 28, 28) + bytes(784),
    "no images": header(2051, 0, 28, 28),
    "no pixels": header(2051, 5, 0, 28),
    "2^96 bytes": header(2051, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(784),
    "an image too few": header(2051, 2, 28, 28) + bytes(784),
    "an image too many": header(2051, 1, 28, 28) + bytes(1568),
    "the other byte order": (2051).to_bytes(4, "little") * 4 + bytes(784),
}


@cases({f"IDX: {name}": content for name, content in IDX.items()})
def test_what_is_no_idx_is_refused(case: bytes) -> None:
    with pytest.raises(ValueError, match="IDX"):
        idx.read_images(case)


def test_the_tiny_files_are_good(tiny: Files, tmp_path: Path) -> None:
    """Or all of the above would prove nothing."""
    for suffix in ("", ".gz"):
        own = fill(tmp_path / "own", tiny, suffix).parent
        assert status_of(main, ["fetch", "mnist", "--root", str(own)]) == 0
        shutil.rmtree(own)
