"""A cache of its own for each test, and a MNIST of seven images with sources that never reach the network."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan_repro.data import idx, mnist
from gan_repro.data.fetch.sources import Files, Wanted
from gan_repro.util.files import sha256_of_array
from tests.factories.tfd_file import MadeUp


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, empty; no folder of the user's."""
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GAN_REPRO_DATA", raising=False)
    return tmp_path / "cache" / "mnist"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Files:
    """Puts five training images (cut 3 / 2) and two test images in MNIST's place; no source has them."""
    pixels = np.arange(7 * 784, dtype=np.uint32).astype(np.uint8).reshape(7, 28, 28)
    files = {mnist.TRAIN.name: idx.write_images(pixels[:5]), mnist.TEST.name: idx.write_images(pixels[5:])}
    for attribute, (name, content) in zip(("TRAIN", "TEST"), files.items(), strict=True):
        true = replace(wanted(name, content), aliases=getattr(mnist, attribute).aliases)
        monkeypatch.setattr(mnist, attribute, true)
    digests = {"train": pixels[:3], "valid": pixels[3:5], "test": pixels[5:]}
    monkeypatch.setattr(mnist, "PIXELS_SHA256", {part: sha256_of_array(a) for part, a in digests.items()})
    monkeypatch.setattr(mnist, "N_TRAIN", 3)
    packed = {
        name: hashlib.md5(gzip.compress(content, mtime=0)).hexdigest() for name, content in files.items()
    }
    monkeypatch.setattr(mnist, "GZ_HASHES", {name: f"md5:{digest}" for name, digest in packed.items()})
    monkeypatch.setattr(mnist, "sources", list)
    return files


@pytest.fixture
def made_up() -> MadeUp:
    """What a file of TFD holds, with digits for faces: 150 without a label, then 50 with one."""
    return MadeUp.make()


def wanted(name: str, content: bytes) -> Wanted:
    return Wanted(name, len(content), hashlib.sha256(content).hexdigest())
