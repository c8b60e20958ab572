"""What is hashed is what was scored: a file that changes meanwhile is told, and no number of it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_repro import data
from gan_repro.scoring import api
from gan_repro.scoring.__main__ import main

Capture = pytest.CaptureFixture[str]
Change = Callable[[Path], object]

OTHER = np.random.default_rng(1).random((1000, 64), dtype=np.float32)


def write(path: Path, array: np.ndarray[Any, Any]) -> Path:
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez(path, array)
    elif path.suffix == ".pt":
        torch.save(torch.from_numpy(array), path)
    else:
        path.mkdir(exist_ok=True)
        for number, image in enumerate((array[:150] * 255).astype(np.uint8).reshape(-1, 8, 8)):
            Image.fromarray(image).save(path / f"{number:03}.png")
    return path


def replaced(path: Path) -> None:
    other = write(path.with_name(f"other{path.suffix}"), OTHER)
    if path.is_dir():
        shutil.rmtree(path)
    os.replace(other, path)


def overwritten(path: Path) -> None:
    """In place, with as many bytes; at the same time, so far as the clock of the file tells."""
    file = path / "007.png" if path.is_dir() else path
    times = file.stat()
    with file.open("r+b") as opened:
        opened.seek(-40, os.SEEK_END)
        opened.write(bytes(8))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def truncated(path: Path) -> None:
    file = path / "007.png" if path.is_dir() else path
    os.truncate(file, file.stat().st_size // 2)


def removed(path: Path) -> None:
    (shutil.rmtree if path.is_dir() else os.unlink)(path)


def added_to(path: Path) -> None:
    if path.is_dir():
        shutil.copy(path / "000.png", path / "zzz.png")
    else:
        with path.open("ab") as file:
            file.write(bytes(100))


@pytest.mark.parametrize("change", [replaced, overwritten, truncated, removed, added_to])
@pytest.mark.parametrize("name", ["s.npy", "s.npz", "s.pt", "pictures"])
def test_a_file_that_changes_while_it_is_scored_has_no_score(
    name: str,
    change: Change,
    digits: data.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    path = write(tmp_path / name, digits.train)
    evaluate = api.evaluate

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        change(path)
        return evaluate(*arguments, **options)

    monkeypatch.setattr(api, "evaluate", meanwhile)
    options = ["--dataset", "digits", "--protocol", "authors", "--save", "--name", "x"]
    assert main([str(path), *options, "--runs", str(tmp_path / "runs")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith(f"python -m gan_repro.scoring: {path}: changed while")
    assert not list((tmp_path / "runs").rglob("*.json"))


@pytest.mark.parametrize("change", [replaced, overwritten, truncated, removed])
def test_what_was_read_is_scored_whatever_becomes_of_the_file(
    change: Change, digits: data.Dataset, tmp_path: Path
) -> None:
    """Also a file that is cut short, which a mapped one could not outlive."""
    from tests.scoring.helpers import prepared

    path = write(tmp_path / "s.npy", digits.train)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = prepared(path, digits)
    change(path)
    assert np.array_equal(found.rows, digits.train)
    assert found.facts.sha256 == digest
    assert found.facts.rows_sha256 == hashlib.sha256(digits.train.tobytes()).hexdigest()
    with pytest.raises(ValueError, match="changed while it was being scored"):
        api.score_prepared(found)


def test_a_file_that_is_only_touched_is_scored(digits: data.Dataset, tmp_path: Path) -> None:
    from tests.scoring.helpers import prepared

    path = write(tmp_path / "s.npy", digits.train)
    found = prepared(path, digits)
    os.replace(write(tmp_path / "same.npy", digits.train), path)
    assert api.score_prepared(found).samples.sha256 == found.facts.sha256
