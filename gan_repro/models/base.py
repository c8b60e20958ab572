"""What a model is here: scikit-learn's two verbs, and a training loop that can stop anywhere and go on.

A model is fitted to images and asked for samples. It never sees the validation or test images, the results
folder, the command line or the global random state. Whoever fits it may watch through an `Observer`.

Adding a model: subclass `TrainedModel` (or `baselines.Reference`, if it is fitted in one go), list it in
`gan_repro/models/__init__.py`, and run ``pytest tests/models/test_conformance.py``.
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
from gan_repro.models.config import TrainingConfig as TrainingConfig
from gan_repro.models.denormals import flushed_denormals
from gan_repro.models.tensors import as_training_images, copy_tensors
from gan_repro.util.seeds import generator


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
    """Whoever watches a fit: to save checkpoints, to draw a progress bar, to stop it."""

    def after_batch(self, model: TrainedModel) -> None:
        """Called after each update; `model.state()` taken here resumes with the same bits."""

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        """Called after each epoch; True ends the fit."""


class TrainedModel(ABC):
    """A model trained by minibatches, on CPU or GPU, whose every step is a function of its seed.

    Subclasses give five things: `build`, `train_batch`, `sample`, `parameters` and `optimiser_tensors`.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raised whenever the same settings and seed would give other bits than before."""
    Config: ClassVar[type[TrainingConfig]]
    deviations: ClassVar[tuple[Deviation, ...]] = ()

    def __init__(
        self,
        config: TrainingConfig | None = None,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.config: Any = self.Config() if config is None else config  # type: ignore[call-arg]
        self.seed = seed
        self.device = torch.device(device)
        self.dtype = dtype
        self.epoch = 0
        self.batch = 0
        self.updates = 0
        self.stopped = False
        self._fitted = False
        self._totals: dict[str, Tensor] = {}

    # --- what a subclass gives -------------------------------------------------------------------------

    @abstractmethod
    def build(self, train: Tensor, generator: torch.Generator) -> None:
        """Make the initial parameters for training images (n, d); draw them from `generator` (on the CPU)."""

    @abstractmethod
    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """One update from images (batch, d), with random numbers from `self.noise`; losses as 0-d tensors."""

    @abstractmethod
    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw n samples, (n, d) in [0, 1], with `generator` (on the model's device) the only randomness.

        Raises:
            NotFittedError: before `fit`.
        """

    @abstractmethod
    def parameters(self) -> dict[str, Tensor]:
        """The live tensors from which `sample` works, by name."""

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """The live tensors that only training needs (velocities, persistent chains), by name."""
        return {}

    def active_deviations(self) -> tuple[Deviation, ...]:
        """The deviations that hold under this model's settings."""
        return self.deviations

    @property
    def learning_rate(self) -> float:
        """The step size that the latest update used, a pure function of `updates` and `epoch`."""
        return 0.0

    @property
    def complete(self) -> bool:
        """Whether every part has begun training. What comes before is tracked, but is not the model yet."""
        return True

    def chain_shape(self, n: int) -> tuple[int, int]:
        """(chains, samples per chain) of `sample(n)`, its rows chain by chain; (n, 1): independent."""
        return n, 1

    def sample_consecutive(
        self, n: int, *, generator: torch.Generator
    ) -> tuple[Tensor, tuple[int, int]] | None:
        """Draw n consecutive states (n, d) of a few long chains, to see how they mix, and their shape.

        None where samples are independent by construction.
        """
        return None

    # --- the loop --------------------------------------------------------------------------------------

    def fit(
        self,
        train: np.ndarray | Tensor,
        *,
        observer: Observer | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> Self:
        """Train on images (n, d) in [0, 1]; from `state`, an earlier `state()`, go on as if never stopped.

        Raises:
            ValueError: `train` is not such a matrix, or `state` belongs to other settings.
            DivergedError: a loss is no longer finite.
        """
        data = as_training_images(train).to(self.device, self.dtype)
        self.noise = generator(self.seed, self.name, "noise", device=self.device)
        self.build(data, generator(self.seed, self.name, "parameters"))
        self.epoch = self.batch = self.updates = 0
        self.stopped = False
        self._totals = {}
        self._fitted = True
        if state is not None:
            try:
                self._load(state)
            except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
                raise StateError(str(error)) from error
        while self.epoch < self.config.epochs and not self.stopped:
            with flushed_denormals():
                self._train_epoch(data, observer)
            log = self._close_epoch()
            self.stopped = observer is not None and observer.after_epoch(self, log)
        return self

    def _train_epoch(self, data: Tensor, observer: Observer | None) -> None:
        # Seeded by the epoch and not by the model: every model sees the images in the same order, and a
        # checkpoint needs no more than the number of batches already taken.
        order = torch.randperm(len(data), generator=generator(self.seed, "order", self.epoch))
        for index in order.to(self.device).split(self.config.batch_size)[self.batch :]:
            for name, loss in self.train_batch(data[index]).items():
                total = self._totals.get(name)
                self._totals[name] = loss.double() if total is None else total + loss
            self.batch += 1
            self.updates += 1
            if observer is not None:
                observer.after_batch(self)

    def _close_epoch(self) -> EpochLog:
        losses = {name: float(total) / self.batch for name, total in self._totals.items()}
        self.epoch += 1
        self.batch = 0
        self._totals = {}
        for name, loss in losses.items():
            if not np.isfinite(loss):
                raise DivergedError(f"{self.name}: the {name} became {loss} in epoch {self.epoch}")
        return EpochLog(self.epoch, losses, self.learning_rate)

    # --- state -----------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything needed to go on with the same bits: tensors, numbers and strings only."""
        return {
            "model": self.name,
            "version": self.version,
            "config": self.config.model_dump_json(),
            "seed": self.seed,
            "epoch": self.epoch,
            "batch": self.batch,
            "updates": self.updates,
            "stopped": self.stopped,
            "totals": dict(self._totals),
            "noise": self.noise.get_state(),
            "tensors": {name: tensor.clone() for name, tensor in self._tensors().items()},
        }

    def parameters_copy(self) -> dict[str, Tensor]:
        """A copy of `parameters()`, to come back to."""
        return {name: tensor.clone() for name, tensor in self.parameters().items()}

    def load_parameters(self, saved: Mapping[str, Tensor]) -> None:
        """Put saved parameters in place of the present ones.

        Raises:
            ValueError: a name is missing or too many, or a shape differs.
        """
        copy_tensors(saved, self.parameters())

    def _tensors(self) -> dict[str, Tensor]:
        return {**self.parameters(), **{f"optimiser/{k}": v for k, v in self.optimiser_tensors().items()}}

    def _load(self, state: Mapping[str, Any]) -> None:
        mine = (self.name, self.version, self.config.model_dump_json(), self.seed)
        theirs = tuple(state.get(key) for key in ("model", "version", "config", "seed"))
        if mine != theirs:
            raise ValueError(f"the saved state belongs to {theirs}, not to {mine}; start afresh")
        # Stages may add tensors as they begin, so the counters come before the template is asked for.
        self.epoch, self.batch, self.updates = counters = state["epoch"], state["batch"], state["updates"]
        if any(type(count) is not int or count < 0 for count in counters) or self.epoch > self.config.epochs:
            raise ValueError(f"epoch, batch and updates cannot be {counters}")
        self.stopped = bool(state["stopped"])
        copy_tensors(state["tensors"], self._tensors())
        self._totals = {name: total.to(self.device) for name, total in state["totals"].items()}
        self.noise.set_state(state["noise"].cpu())

    def require_fitted(self) -> None:
        """Raise `NotFittedError` before `fit`."""
        if not self._fitted:
            raise NotFittedError(f"{self.name} has not been fitted; call fit(train) before sample(n)")
