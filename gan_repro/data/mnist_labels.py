"""The labels of MNIST, for the net whose features samples are measured on; no model is trained on them.

They lie beside the images, in the same folders, packages and order, and are checked by SHA-256 likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_repro.data import idx, mnist, mnist_sources
from gan_repro.data.fetch import store
from gan_repro.data.fetch.sources import Source, Wanted
from gan_repro.data.idx import Labels
from gan_repro.data.mnist_sources import Pair, Part

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
    known, test = (idx.read_labels(files[wanted.name]) for wanted in (TRAIN, TEST))
    return MnistLabels(known[: mnist.N_TRAIN], known[mnist.N_TRAIN :], test)


def pair() -> Pair:
    """The two files of labels, and how they are written."""
    return Pair(TRAIN, TEST, GZ_HASHES, _write)


def sources() -> list[Source]:
    """Where the labels can be had from, in the order they are asked."""
    return mnist_sources.sources(pair())


def _write(parts: Sequence[Part]) -> bytes:
    return idx.write_labels(np.concatenate([labels for _, labels in parts]))
