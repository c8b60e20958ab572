from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_repro.data.fetch import store
from gan_repro.data.fetch.sources import DataUnavailable, Files, NothingThere, Source, SourceFailed, Wanted

GOOD: Files = {"one": b"the first file", "two": b"the second"}
WANTED = [Wanted(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in GOOD.items()]
BAD = GOOD["one"].replace(b"first", b"First")


class Giver:
    """A source that counts how often it is asked, and gives files or fails."""

    def __init__(self, label: str, files: Files | Exception) -> None:
        self.files, self.asked = files, 0
        self.source = Source(label, self._fetch)

    def _fetch(self, scratch: Path) -> Files:
        self.asked += 1
        if isinstance(self.files, Exception):
            raise self.files
        return self.files


def obtain(*givers: Giver, root: Path | None = None) -> Files:
    return store.obtain("mnist", WANTED, [giver.source for giver in givers], root)


def fill(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_sources_are_asked_in_order_until_one_has_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    givers = [
        Giver("down", SourceFailed("no route")),
        Giver("broken", OSError("disk on fire")),
        Giver("incomplete", {"one": GOOD["one"]}),
        Giver("wrong", {**GOOD, "one": BAD}),
        Giver("short", {**GOOD, "one": b"the"}),
        Giver("empty", NothingThere("nothing yet")),
        Giver("good", {**GOOD, "extra": b"not asked for"}),
        Giver("never", GOOD),
    ]
    assert obtain(*givers) == GOOD
    assert [giver.asked for giver in givers] == [1] * 7 + [0]
    told = [line for line in capsys.readouterr().err.splitlines() if "asking" not in line]
    assert told[:3] == [
        "mnist: down: no route",
        "mnist: broken: disk on fire",
        "mnist: incomplete: did not hold two",
    ]
    assert told[3].startswith("mnist: wrong: one has SHA-256 ")
    assert told[4] == "mnist: short: one holds 3 bytes, the true file 14"
    assert told[5].startswith("mnist: kept in ")


def test_when_all_fail_it_says_what_was_tried_and_what_to_do(cache: Path, tmp_path: Path) -> None:
    own = fill(tmp_path / "own", {"one": BAD})
    with pytest.raises(DataUnavailable) as caught:
        obtain(Giver("first", SourceFailed("no route")), Giver("second", {"one": BAD}), root=own)
    message = str(caught.value)
    for part in (f"folder {own}: {own / 'one'}: has SHA-256", "first: no route", "second: one has SHA-256"):
        assert f"  - {part}" in message
    assert f"  - cache {cache}: one is not there yet; two is not there yet" in message
    assert "GAN_REPRO_DATA" in message
    for wanted in WANTED:
        assert f"  - {wanted.name}: {wanted.size} bytes, SHA-256 {wanted.sha256}" in message


def test_the_cache_saves_the_second_download(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    giver = Giver("good", GOOD)
    assert obtain(giver) == GOOD
    assert {path.name: path.read_bytes() for path in cache.iterdir() if path.name != ".lock"} == GOOD
    capsys.readouterr()
    assert obtain(giver) == GOOD
    assert giver.asked == 1
    assert capsys.readouterr().err == ""


def test_a_damaged_cache_file_is_moved_aside_and_fetched_again(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(cache, {**GOOD, "one": BAD})
    assert obtain(Giver("good", GOOD)) == GOOD
    assert (cache / "one.corrupt").read_bytes() == BAD
    assert (cache / "one").read_bytes() == GOOD["one"]
    assert not (cache / "two.corrupt").exists()
    assert f"{cache / 'one'} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("sub", ["", "mnist"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_users_folder_comes_first(
    sub: str, packed: bool, variable: bool, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    fill(own / sub, {f"{n}.gz": gzip.compress(c) for n, c in GOOD.items()} if packed else GOOD)
    giver = Giver("good", GOOD)
    if variable:
        monkeypatch.setenv("GAN_REPRO_DATA", str(own))
    assert obtain(giver, root=None if variable else own) == GOOD
    assert giver.asked == 0
    assert not cache.exists()


def test_the_argument_wins_over_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_REPRO_DATA", str(fill(tmp_path / "variable", {"one": BAD})))
    assert obtain(root=fill(tmp_path / "argument", GOOD)) == GOOD


@pytest.mark.parametrize(("name", "content"), [("one", BAD), ("one", b""), ("one.gz", b"not gzip")])
def test_a_damaged_file_of_the_users_is_reported_and_left_alone(
    name: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = fill(tmp_path / "own", {name: content, "two": GOOD["two"]})
    assert obtain(Giver("good", GOOD), root=own) == GOOD
    assert {path.name: path.read_bytes() for path in own.iterdir()} == {name: content, "two": GOOD["two"]}
    assert f"{own / name}: " in capsys.readouterr().err


def test_a_sound_copy_beside_a_damaged_one_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = fill(tmp_path / "own", {**GOOD, "one": BAD})
    fill(own / "mnist", {"one": GOOD["one"]})
    assert obtain(root=own) == GOOD
    assert f"{own / 'one'}: has SHA-256" in capsys.readouterr().err


def test_an_empty_folder_is_told_when_it_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    obtain(Giver("good", GOOD), root=tmp_path / "nowhere")
    assert "one is not there; two is not there" in capsys.readouterr().err
    # The variable may name a folder that holds other data sets only.
    monkeypatch.setenv("GAN_REPRO_DATA", str(tmp_path / "nowhere"))
    obtain()
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "file"))
    assert obtain(Giver("good", GOOD)) == GOOD
    assert "could not keep the files" in capsys.readouterr().err


PROCESS = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[1])
import test_store
from gan_repro.data.fetch import sources, store

def fetch(scratch):
    with open(sys.argv[2], "a") as log:
        log.write("fetched\\n")
    time.sleep(0.5)
    return test_store.GOOD

files = store.obtain("mnist", test_store.WANTED, [sources.Source("slow", fetch)], None)
sys.exit(files != test_store.GOOD)
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_processes_that_start_at_once_fetch_once(damaged: bool, cache: Path, tmp_path: Path) -> None:
    if damaged:
        fill(cache, {**GOOD, "one": BAD})
    log = tmp_path / "log"
    command = [sys.executable, "-c", PROCESS, str(Path(__file__).parent), str(log)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert log.read_text() == "fetched\n"
    assert (cache / "one").read_bytes() == GOOD["one"]
    if damaged:
        assert (cache / "one.corrupt").read_bytes() == BAD


def test_a_lock_that_is_never_released_is_not_waited_for_forever(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    cache.mkdir(parents=True)
    usual = store.LOCK_SECONDS
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    start = time.monotonic()
    with filelock.FileLock(cache / ".lock"):
        assert obtain(Giver("good", GOOD)) == GOOD
    assert time.monotonic() - start < usual


def test_check_compares_and_changes_nothing(cache: Path, tmp_path: Path) -> None:
    def states(root: Path | None = None) -> list[tuple[str, str]]:
        return [(check.state, Path(check.what).name) for check in store.check("mnist", WANTED, root)]

    assert states() == [("missing", "one"), ("missing", "two")]
    fill(cache, {**GOOD, "one": BAD})
    assert states() == [("corrupt", "one"), ("ok", "two")]
    assert (cache / "one").read_bytes() == BAD
    own = fill(tmp_path / "own", {"one": GOOD["one"]})
    assert states(own) == [("ok", "one"), ("missing", "two")]


def test_find_looks_where_obtain_does(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(root: Path | None = None, **options: bool) -> Path | None:
        return store.find("mnist", ["one", "sub/one"], root, **options)

    assert find() is None
    (cache / "one").mkdir(parents=True)
    assert find() is None, "a folder is not a file"
    in_cache = fill(cache / "sub", {"one": GOOD["one"]}) / "one"
    assert find() == in_cache
    own = fill(tmp_path / "own" / "mnist", GOOD) / "one"
    assert find(tmp_path / "own") == own
    monkeypatch.setenv("GAN_REPRO_DATA", str(tmp_path / "own"))
    assert find() == own
    assert find(tmp_path / "nowhere") == in_cache
    assert find(tmp_path / "nowhere", only_root=True) is None
    assert find(only_root=True) == own
