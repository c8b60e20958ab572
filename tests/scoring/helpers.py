"""What tests of scoring share: a data set of any shape, and `prepare` without naming every option."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_repro.data.dataset import Dataset
from gan_repro.scoring.api import Prepared, prepare

OPTIONS: dict[str, Any] = {
    "protocol": "authors",
    "value_range": None,
    "layout": None,
    "key": None,
    "n_samples": 10_000,
    "device": "cpu",
    "fold": None,
    "root": None,
}


def made_up(image_shape: tuple[int, ...], name: str = "made-up") -> Dataset:
    """A data set of random images; few, so that scoring takes no time."""
    parts = np.random.default_rng(7).integers(0, 256, (3, 20, math.prod(image_shape)), dtype=np.uint8)
    return Dataset(name, *parts, image_shape=image_shape)


def prepared(x: Any, dataset: Dataset, **options: Any) -> Prepared:
    """Read and check samples."""
    return prepare(x, dataset, **{**OPTIONS, **options})
