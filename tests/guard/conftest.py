"""The oracle as a fixture, and things with which files can be replaced that are no files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gan_repro import data
from tests.data.conftest import cache as cache
from tests.data.conftest import tiny as tiny
from tests.guard.oracle import Refuses


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "refusal: one of the bad inputs that docs/reliability.md counts")


@pytest.fixture
def refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refuses:
    """``refuses(main, arguments, says)``: see `oracle`."""
    return Refuses(capsys, tmp_path)


@pytest.fixture
def fast_digits(digits: data.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digits without reading them anew for each case."""
    load = data.load

    def known(name: str, **options: object) -> data.Dataset:
        return digits if name == "digits" and options.get("fold") is None else load(name, **options)

    monkeypatch.setattr(data, "load", known)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with everything that is no ordinary file, and a file of 5 bytes."""
    folder = tmp_path / "odd"
    (folder / "folder").mkdir(parents=True)
    (folder / "file").write_bytes(b"bytes")
    os.mkfifo(folder / "pipe")
    (folder / "zeros").symlink_to("/dev/zero")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    return folder
