"""A folder of pictures: in which order they are read, and that nothing is passed over in silence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gan_repro
from gan_repro import data
from gan_repro.scoring.readers import open_path
from tests.scoring.helpers import made_up, prepared

BYTES = np.random.default_rng(0).integers(0, 256, (120, 4, 5), dtype=np.uint8)
GREY, COLOUR = made_up((4, 5)), made_up((4, 5, 3))


def write(folder: Path, names: list[str]) -> Path:
    for name, image in zip(names, BYTES, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name, "PNG")
    return folder


def numbered(folder: Path) -> Path:
    return write(folder, [f"{number:03}.png" for number in range(120)])


def test_pictures_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = [f"{number % 7}/{number:03}.PNG" for number in range(120)]
    rows = prepared(write(tmp_path, names), GREY).rows
    order = sorted(range(120), key=lambda number: names[number])
    assert np.array_equal(rows, BYTES[order].reshape(120, 20) / np.float32(255))


def test_what_is_passed_over_is_counted_by_suffix(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "s")
    for name in ("a.tif", "b.TIF", "c.txt", "README", ".DS_Store", "._000.png"):
        (folder / name).touch()
    write(folder / ".ipynb_checkpoints", [f"{number:03}.png" for number in range(120)])
    (folder / "link").symlink_to(tmp_path)
    found = prepared(folder, GREY)
    assert found.facts.n == 120
    (doubt,) = found.doubts
    assert doubt.startswith("passed over: ")
    kinds = {"2 .tif", "1 .txt", "1 README", "2 hidden files", "1 hidden folders", "1 linked folders"}
    assert set(doubt.removeprefix("passed over: ").split(", ")) == kinds


def test_grey_pictures_are_samples_of_either_kind(tmp_path: Path) -> None:
    folder = numbered(tmp_path)
    assert prepared(folder, GREY).facts.shape == (120, 4, 5)
    assert prepared(folder, COLOUR).facts.shape == (120, 4, 5, 3)


def test_transparency_that_hides_nothing_is_no_fault(tmp_path: Path) -> None:
    folder = numbered(tmp_path)
    for number, mode in enumerate(("RGBA", "LA", "P", "RGB")):
        Image.fromarray(BYTES[number]).convert(mode).save(folder / f"{number:03}.png")
    assert np.array_equal(prepared(folder, GREY).rows, BYTES.reshape(120, 20) / np.float32(255))


def test_the_digest_is_that_of_the_pictures_in_order(tmp_path: Path) -> None:
    one, same = numbered(tmp_path / "one"), numbered(tmp_path / "same")
    assert open_path(one).sha256 == open_path(same).sha256
    (same / "000.png").replace(same / "zzz.png")
    assert open_path(one).sha256 != open_path(same).sha256


def test_passing_over_is_a_warning_of_the_function(digits: data.Dataset, tmp_path: Path) -> None:
    for number, image in enumerate(digits.train_pixels[:120] * 15):
        Image.fromarray(image.reshape(8, 8)).save(tmp_path / f"{number:03}.png")
    (tmp_path / "late.tif").touch()
    with pytest.warns(gan_repro.SampleWarning, match="passed over: 1 .tif"):
        gan_repro.score(tmp_path, digits, "authors")


@pytest.mark.parametrize("suffix", [".h5", ".mat"])
def test_without_h5py_the_sentence_says_how_to_get_it(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / f"s{suffix}", "w") as file:
        file["x"] = BYTES
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"needs h5py: pip install h5py, or save the samples as \.npy"):
        prepared(tmp_path / f"s{suffix}", GREY)
