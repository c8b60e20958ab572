"""Plug-ins are found by name, and a broken one is one sentence."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gan_repro.util import plugins
from gan_repro.util.plugins import PluginError, PluginFile, PluginPackage, Registry


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[Any]]:
    """A registry of numbers, in which one is ours, and the only one there is."""
    monkeypatch.setattr(plugins, "_registries", [])
    loaded = set(sys.modules)
    made = Registry(
        "number", "some.numbers", {"one": 1}, lambda name, x: None if isinstance(x, int) else "is none"
    )
    sys.modules["numbers_of_ours"] = SimpleNamespace(REGISTRY=made)  # type: ignore[assignment]
    yield made
    for name in set(sys.modules) - loaded:
        if name.startswith("gan_repro_plugin_") or name == "numbers_of_ours":
            del sys.modules[name]


def write(folder: Path, text: str) -> PluginFile:
    path = folder / "mine.py"
    path.write_text(f"from numbers_of_ours import REGISTRY\n{text}\n")
    return PluginFile.read(path)


def test_a_file_registers_and_is_told_by_name_and_hash(registry, tmp_path) -> None:
    file = write(tmp_path, "REGISTRY.add('two', 2)")
    file.load()
    assert registry.find("two") == 2
    assert registry.source("two") == file
    digest = hashlib.sha256((tmp_path / "mine.py").read_bytes()).hexdigest()
    assert file.told() == {"file": "mine.py", "sha256": digest}
    assert plugins.loaded() == (file,)


def test_a_file_is_run_once_and_travels_without_its_folder(registry, tmp_path) -> None:
    file = write(tmp_path, "REGISTRY.add('two', 2)\nimport sys\nsys.runs = getattr(sys, 'runs', 0) + 1")
    (tmp_path / "mine.py").unlink()
    sent = pickle.loads(pickle.dumps(file))
    sent.load()
    file.load()
    assert sys.runs == 1  # type: ignore[attr-defined]
    del sys.runs  # type: ignore[attr-defined]


def test_what_the_program_itself_registers_has_no_source(registry) -> None:
    registry.add("three", 3)
    assert registry.find("three") == 3
    assert registry.source("three") is None
    assert plugins.loaded() == ()


BROKEN = {
    "raises": ("1 / 0", ", line 3: ZeroDivisionError: division by zero"),
    "is no Python": ("x = (", ", line 3: SyntaxError: '(' was never closed"),
    "ends the program": ("raise SystemExit(0)", ", line 3: SystemExit: 0"),
    "is for another world": ("import no_such_library", "No module named 'no_such_library'"),
    "takes our name": (
        "REGISTRY.add('one', 1)",
        "a number called 'one' is there already; choose another name",
    ),
    "has the wrong thing": ("REGISTRY.add('two', 'two')", "number two is none"),
    "has no name": ("REGISTRY.add('../two', 2)", "'../two' is no name for a number"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_one_sentence_and_leaves_nothing(what, registry, tmp_path) -> None:
    text, said = BROKEN[what]
    file = write(tmp_path, f"REGISTRY.add('zero', 0)\n{text}")
    with pytest.raises(PluginError) as found:
        file.load()
    assert said in str(found.value)
    assert str(found.value).startswith(f"plug-in {tmp_path / 'mine.py'}, line ")
    assert "\n" not in str(found.value)
    assert registry.names() == ()
    good = write(tmp_path, "REGISTRY.add('zero', 0)")
    good.load()
    assert registry.find("zero") == 0


def test_a_file_that_registers_nothing_is_refused(registry, tmp_path) -> None:
    with pytest.raises(PluginError, match=r"registers nothing; it calls models\.register"):
        write(tmp_path, "x = 1").load()


def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(PluginError, match=r"plug-in .* cannot be read: "):
            PluginFile.read(path)


class Point:
    """An entry point of a package."""

    def __init__(self, name: str, thing: Any, package: str = "theirs") -> None:
        self.name, self.thing = name, thing
        self.dist = SimpleNamespace(name=package, version="1.2")
        self.loads = 0

    def load(self) -> Any:
        self.loads += 1
        if isinstance(self.thing, BaseException):
            raise self.thing
        return self.thing


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch):
    """Makes entry points."""

    def offering(*points: Point) -> None:
        def entry_points(group: str, name: str | None = None) -> list[Point]:
            assert group == "some.numbers"
            return [point for point in points if name in (None, point.name)]

        monkeypatch.setattr(metadata, "entry_points", entry_points)

    return offering


def test_a_package_is_loaded_only_for_a_name_that_is_not_ours(registry, offer) -> None:
    one, two = Point("one", 100), Point("two", 2)
    offer(one, two)
    assert registry.find("one") is None
    assert registry.offered() == ("one", "two")
    assert registry.names() == ()
    assert (one.loads, two.loads) == (0, 0)
    assert registry.find("two") == registry.find("two") == 2
    assert (one.loads, two.loads) == (0, 1)
    assert registry.source("two").told() == {"package": "theirs", "version": "1.2"}
    assert registry.find("three") is None


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (ImportError("no module of ours"), "ImportError: no module of ours"),
        (SystemExit(3), "SystemExit: 3"),
        ("two", "number two is none"),
    ],
)
def test_a_broken_package_is_one_sentence(thing, said, registry, offer) -> None:
    offer(Point("two", thing))
    with pytest.raises(PluginError, match=f"^plug-in theirs 1.2, number two, cannot be loaded: {said}$"):
        registry.find("two")


def test_two_packages_of_one_name_are_refused(registry, offer) -> None:
    offer(Point("two", 2), Point("two", 2, "others"))
    with pytest.raises(
        PluginError, match=r"^others and theirs both offer a number called 'two'; uninstall one"
    ):
        registry.find("two")


def test_a_package_that_a_worker_lacks_is_named() -> None:
    PluginPackage("numpy", "1").load()
    with pytest.raises(PluginError, match=r"plug-in theirs 1\.2 is not installed on this machine"):
        PluginPackage("theirs", "1.2").load()
