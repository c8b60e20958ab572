"""The models that checks of conformance are run on, and how they compare.

Models are fitted to 130 digits of 8 x 8 pixels, in batches of 20 for two epochs where they train.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_repro import models
from gan_repro.models.training import TrainedModel
from gan_repro.util.seeds import generator

N_IMAGES, BATCH_SIZE = 130, 20
BATCHES = math.ceil(N_IMAGES / BATCH_SIZE)
"""Of an epoch; the last one is short."""
N_SAMPLES = (1, 7, 13, 30)


class ConformanceError(ValueError):
    """A model does not keep a promise; one sentence."""


def require(kept: bool, promise: str) -> None:
    """Raise `ConformanceError` where a promise is not kept."""
    if not kept:
        raise ConformanceError(promise)


def digits() -> np.ndarray:
    """Return the training images (130, 64)."""
    from sklearn.datasets import load_digits

    images: np.ndarray = (load_digits().data[:N_IMAGES] / 16).astype(np.float32)
    return images


@dataclass(frozen=True)
class Case:
    """A model with settings at which it trains in a moment, and the images that it is fitted to."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """On top of its class's `tiny`."""
    train: np.ndarray = field(default_factory=digits, repr=False)
    """(130, 64)."""

    @property
    def trained(self) -> bool:
        """Whether it trains by minibatches."""
        return issubclass(models.model_class(self.model), TrainedModel)

    @property
    def whole_settings(self) -> dict[str, Any]:
        """All settings that differ from the model's defaults."""
        short = {"epochs": 2, "batch_size": BATCH_SIZE} if self.trained else {}
        return {**short, **models.model_class(self.model).tiny, **self.settings}

    def new(self, *, seed: int = 0, device: str = "cpu", **changed: Any) -> Any:
        """Make the model, not fitted yet."""
        return models.get(self.model, seed=seed, device=device, **{**self.whole_settings, **changed})

    def fitted(self, **options: Any) -> Any:
        """Make the model and fit it."""
        return self.new(**options).fit(self.train)


def draw(model: Any, n: int = 30, *, seed: int = 0) -> Tensor:
    """Draw n samples of a model (n, d)."""
    device = str(model.random_device)
    return torch.as_tensor(model.sample(n, generator=generator(seed, "samples", device=device)))


def through_a_file(state: Mapping[str, Any]) -> dict[str, Any]:
    """Save a state and read it back, as a checkpoint does."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    buffer.seek(0)
    read: dict[str, Any] = torch.load(buffer, weights_only=True)
    return read


def require_same(left: Any, right: Any, where: str) -> None:
    """Require equal bits, through nested mappings."""
    if isinstance(left, Mapping):
        require(left.keys() == right.keys(), f"{where} has other entries")
        for key in left:
            require_same(left[key], right[key], f"{where}[{key!r}]")
    elif isinstance(left, Tensor):
        require(left.dtype == right.dtype and torch.equal(left, right), f"{where} has other bits")
    else:
        require(left == right, f"{where} is {left!r} and {right!r}")
