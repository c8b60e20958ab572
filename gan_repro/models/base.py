"""What every model promises: it is fitted to images and asked for samples, scikit-learn's two verbs.

A model sees the training images and its seed. It never sees the validation or test images, the results
folder, the command line or the global random state. Images are rows (n, d) with values in [0, 1].

There are two kinds: a `training.TrainedModel` is trained by minibatches and can stop anywhere and go on, a
`baselines.Baseline` is fitted in one go. Adding a model: subclass one of them, list it in
`gan_repro/models/__init__.py`, and run ``gan-repro check-model NAME`` (docs/contributing.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from torch import Tensor

# Also for those who write a model: all that its file needs is here.
from gan_repro.models.config import Deviation as Deviation
from gan_repro.models.config import ModelConfig as ModelConfig
from gan_repro.models.config import PrecisionConfig as PrecisionConfig
from gan_repro.models.config import TrainingConfig as TrainingConfig
from gan_repro.models.tensors import copy_tensors


class DivergedError(ArithmeticError):
    """Training produced a number that is not finite."""


class StateError(ValueError):
    """A saved state does not fit the model; a fit without it starts afresh."""


class NotFittedError(RuntimeError):
    """Samples were asked of a model that has not been fitted."""


@dataclass(frozen=True)
class EpochLog:
    """What one pass over the training images left behind."""

    epoch: int
    """How many epochs are now complete (1 after the first)."""
    losses: Mapping[str, float]
    """Means over the epoch's batches, by name."""
    learning_rate: float
    """As used by the last update of the epoch."""


class Observer(Protocol):
    """Watches a fit: to save checkpoints, to draw a progress bar, to stop it."""

    def after_batch(self, model: Model) -> None:
        """Hear of an update; `model.state()` taken here resumes with the same bits."""

    def after_epoch(self, model: Model, log: EpochLog) -> bool:
        """Hear of a complete epoch; True ends the fit."""


class Model(ABC):
    """A model of images. Subclasses give at least `name`, `fit` and `sample`.

    Args:
        config: the settings; None for the defaults of `Config`.
        seed: of everything random in `fit`.
        device: where its tensors lie.
        dtype: of its parameters and samples.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raised whenever the same settings and seed would give other bits than before."""
    Config: ClassVar[type[ModelConfig]] = ModelConfig
    deviations: ClassVar[tuple[Deviation, ...]] = ()
    tiny: ClassVar[Mapping[str, Any]] = {}
    """Settings at which it trains in a moment on 8 x 8 pixels, for `conformance`."""

    config: ModelConfig
    epoch: int | None = None
    """How many epochs of training are complete; None for a model that has none."""

    def __init__(
        self,
        config: ModelConfig | None = None,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.config = self.Config() if config is None else config
        self.seed = seed
        self.device = torch.device(device)
        self.dtype = dtype

    @property
    def random_device(self) -> torch.device:
        """Where the generators of `sample` draw: for what trains no net the CPU, alike on every device."""
        return torch.device("cpu")

    @abstractmethod
    def fit(self, train: np.ndarray | Tensor) -> Self:
        """Fit to images (n, d) in [0, 1].

        Raises:
            ValueError: `train` is not such a matrix.
        """

    @abstractmethod
    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw n samples, (n, d) in [0, 1], with `generator` (on `random_device`) the only randomness.

        Raises:
            NotFittedError: before `fit`.
        """

    def fit_observed(
        self, train: np.ndarray | Tensor, observer: Observer, state: Mapping[str, Any] | None = None
    ) -> Self:
        """Fit while `observer` watches, from an earlier `state()` if there is one.

        A model that is fitted in one go has nothing to show and no state.
        """
        return self.fit(train)

    def active_deviations(self) -> tuple[Deviation, ...]:
        """List the deviations from the reference that hold under this model's settings."""
        return self.deviations

    # --- Markov chains ---------------------------------------------------------------------------------

    def chain_shape(self, n: int) -> tuple[int, int]:
        """Return (chains, samples per chain) of `sample(n)`, whose rows come chain by chain.

        (n, 1) where samples are independent by construction.
        """
        return n, 1

    def sample_consecutive(
        self, n: int, *, generator: torch.Generator
    ) -> tuple[Tensor, tuple[int, int]] | None:
        """Draw n consecutive states (n, d) of a few long chains, to see how they mix, and their shape.

        None where samples are independent by construction.
        """
        return None

    # --- what a trial keeps of it ----------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether every part has begun training. What comes before is tracked, but is not the model yet."""
        return True

    def state(self) -> dict[str, Any] | None:
        """Return all that is needed to go on training with the same bits; None where there is no training."""
        return None

    def parameters(self) -> dict[str, Tensor]:
        """Return the live tensors from which `sample` works, by name; none for a model without training."""
        return {}

    def parameters_copy(self) -> dict[str, Tensor]:
        """Copy `parameters()`, to come back to with `load_parameters`."""
        return {name: tensor.clone() for name, tensor in self.parameters().items()}

    def load_parameters(self, saved: Mapping[str, Tensor]) -> None:
        """Put saved parameters in place of the present ones.

        Raises:
            ValueError: a name is missing or too many, or a shape differs.
        """
        copy_tensors(saved, self.parameters())
