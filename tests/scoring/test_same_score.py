"""The same images in whatever they come: one score. They are black and white, which every type holds."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

import gan_repro
from gan_repro import data
from gan_repro.data.dataset import Dataset

Images = np.ndarray[Any, np.dtype[np.bool_]]
N = 300


@pytest.fixture(scope="module")
def small() -> Dataset:
    """Digits with few validation and test images, so that scoring is quick."""
    digits = data.load("digits")
    return Dataset(
        "digits",
        digits.train_pixels,
        digits.valid_pixels[:50],
        digits.test_pixels[:50],
        digits.image_shape,
        maximum=16,
    )


@pytest.fixture(scope="module")
def images(small: Dataset) -> Images:
    """(n, 8, 8) truth values."""
    return (small.train[:N] > 0.5).reshape(N, 8, 8)


@pytest.fixture(scope="module")
def expected(images: Images, small: Dataset) -> float:
    return gan_repro.score(images.astype(np.float32), small, "authors").mean


def as_bytes(images: Images) -> np.ndarray:
    return images.astype(np.uint8) * 255


def npy(convert: Callable[[Images], np.ndarray]) -> Callable[[Images, Path], Path]:
    def write(images: Images, folder: Path) -> Path:
        np.save(folder / "s.npy", convert(images))
        return folder / "s.npy"

    return write


def npz(images: Images, folder: Path) -> Path:
    np.savez_compressed(folder / "s.npz", images=as_bytes(images), labels=np.arange(len(images)))
    return folder / "s.npz"


def pt(
    convert: Callable[[torch.Tensor], Any], name: str = "s.pt", **options: Any
) -> Callable[[Any, Path], Path]:
    def write(images: Images, folder: Path) -> Path:
        torch.save(convert(torch.from_numpy(images).float()), folder / name, **options)
        return folder / name

    return write


def csv(images: Images, folder: Path) -> Path:
    names = ",".join(f"pixel{k}" for k in range(64))
    np.savetxt(folder / "s.csv", images.reshape(-1, 64), "%g", ",", header=names, comments="")
    return folder / "s.csv"


def mat(convert: Callable[[Images], np.ndarray], **options: Any) -> Callable[[Images, Path], Path]:
    def write(images: Images, folder: Path) -> Path:
        scipy.io.savemat(folder / "s.mat", {"x": convert(images), "y": np.arange(len(images))}, **options)
        return folder / "s.mat"

    return write


def mat_7_3(images: Images, folder: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "s.mat", "w", userblock_size=512) as file:
        file["x"] = images.astype(np.uint8).T
        file["x"].attrs["MATLAB_class"] = np.bytes_("logical")
    return folder / "s.mat"


def h5(images: Images, folder: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "s.h5", "w") as file:
        file.create_dataset("model/samples", data=as_bytes(images), compression="gzip")
        file["model/loss"] = np.zeros(5)
    return folder / "s.h5"


def pictures(suffix: str, mode: str = "L", **options: Any) -> Callable[[Images, Path], Path]:
    def write(images: Images, folder: Path) -> Path:
        for number, image in enumerate(as_bytes(images)):
            Image.fromarray(image).convert(mode).save(folder / f"{number:04}{suffix}", **options)
        return folder

    return write


def loader(images: Images, folder: Path) -> Any:
    labels = torch.arange(len(images))
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(images).float().unsqueeze(1), labels)
    return torch.utils.data.DataLoader(pairs, batch_size=64)


def draw(images: Images, folder: Path) -> Any:
    return lambda n: torch.from_numpy(as_bytes(images))[:n]


FORMS: dict[str, tuple[Callable[[Any, Path], Any], dict[str, Any]]] = {
    "truth values": (lambda images, folder: images, {}),
    "bytes": (lambda images, folder: as_bytes(images), {}),
    "rows in columns": (lambda images, folder: np.asfortranarray(images.reshape(-1, 64), np.float64), {}),
    "a tensor, channel first": (lambda images, folder: torch.from_numpy(images).float()[:, None], {}),
    "a bfloat16 tensor": (lambda images, folder: torch.from_numpy(images).bfloat16(), {}),
    "what tanh gives": (lambda images, folder: images * 2.0 - 1, {"value_range": (-1, 1)}),
    "whole numbers": (lambda images, folder: images.astype(np.int64) * 255, {"value_range": (0, 255)}),
    "a DataLoader with labels": (loader, {"n_samples": N}),
    "an iterator": (lambda images, folder: iter(np.split(images, 10)), {}),
    "a function": (draw, {"n_samples": N}),
    ".npy of half precision": (npy(lambda images: images.astype(np.float16)), {}),
    ".npy of the other byte order": (npy(lambda images: images.astype(">f8")), {}),
    ".npz with labels": (npz, {}),
    ".pt": (pt(lambda tensor: tensor), {}),
    ".pth of bfloat16": (pt(lambda tensor: tensor.bfloat16(), "s.pth"), {}),
    ".pt before zip": (pt(lambda tensor: tensor, _use_new_zipfile_serialization=False), {}),
    ".pt with an array": (pt(lambda tensor: {"x": tensor.numpy(), "epoch": 3}), {}),
    ".csv": (csv, {}),
    ".mat of version 5": (mat(lambda images: images.astype(np.float64)), {}),
    ".mat of version 7, bytes": (mat(as_bytes, do_compression=True), {}),
    ".mat of version 5, logical": (mat(lambda images: images.reshape(-1, 64)), {}),
    ".mat of version 7.3, logical": (mat_7_3, {}),
    ".h5": (h5, {}),
    "a folder of PNG": (pictures(".png"), {}),
    "a folder of PNG in colour": (pictures(".png", "RGB"), {}),
    "a folder of PNG of one bit": (pictures(".png", "1"), {}),
    "a folder of WebP": (pictures(".webp", "RGB", lossless=True), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_images_have_the_same_score(
    form: str, images: Images, small: Dataset, expected: float, tmp_path: Path
) -> None:
    give, options = FORMS[form]
    report = gan_repro.score(give(images, tmp_path), small, "authors", **options)
    assert report.mean == pytest.approx(expected, abs=1e-3)
    assert report.samples.n == N


def test_they_differ_where_the_images_do(images: Images, small: Dataset, expected: float) -> None:
    with pytest.warns(gan_repro.SampleWarning, match="black and white exchanged"):
        assert abs(gan_repro.score(1.0 - images, small, "authors").mean - expected) > 10


def test_a_folder_of_jpeg_is_read_as_it_decodes(images: Images, small: Dataset, tmp_path: Path) -> None:
    folder = pictures(".jpg", quality=100)(images, tmp_path)
    decoded = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])
    found = gan_repro.score(folder, small, "authors")
    assert found.mean == gan_repro.score(decoded, small, "authors").mean


def test_doubles_that_matlab_stored_as_bytes_are_doubles(
    images: Images, small: Dataset, tmp_path: Path
) -> None:
    """MATLAB keeps whole numbers of a double array in as few bytes as they need; they are no pixels."""
    scipy.io.savemat(tmp_path / "s.mat", {"x": as_bytes(images)})
    content = bytearray((tmp_path / "s.mat").read_bytes())
    place = content.index(bytes([6, 0, 0, 0, 8, 0, 0, 0])) + 8  # the flags, whose first byte is the class
    assert content[place] == 9  # uint8
    content[place] = 6  # double
    (tmp_path / "s.mat").write_bytes(content)
    assert scipy.io.loadmat(io.BytesIO(bytes(content)))["x"].dtype == np.uint8
    with pytest.raises(ValueError, match="values run from 0 to 255, not in"):
        gan_repro.score(tmp_path / "s.mat", small)
    assert gan_repro.score(tmp_path / "s.mat", small, "authors", (0, 255)).samples.dtype == "float64"
