"""Training by minibatches: a loop whose every step is a function of the seed, and that can stop and go on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from gan_repro.models import precision, products
from gan_repro.models.base import DivergedError, EpochLog, Model, NotFittedError, Observer, StateError
from gan_repro.models.config import ROUNDED_PRODUCTS, Deviation, PrecisionConfig, TrainingConfig
from gan_repro.models.denormals import Denormals, flushed_denormals
from gan_repro.models.graphs import CapturedStep, can_capture, captured
from gan_repro.models.heap import kept_heap
from gan_repro.models.precision import Precision, products_in
from gan_repro.models.products import Products, products_by
from gan_repro.models.tensors import as_training_images, copy_tensors
from gan_repro.util.device import card_failed, out_of_memory
from gan_repro.util.seeds import generator


class TrainedModel(Model):
    """A model trained by minibatches, on CPU or GPU.

    Subclasses give five things: `build`, `train_batch`, `sample`, `parameters` and `learning_rate`; and
    `optimiser_tensors` where training has tensors that samples do not need. Their `Config` is a
    `TrainingConfig` with a default for every setting.
    """

    Config: ClassVar[type[TrainingConfig]]

    config: TrainingConfig
    noise: torch.Generator
    """The randomness of `train_batch`; its state is part of `state()`."""
    products: Products = "torch"
    """Who takes the matrix products of `fit`: it changes last digits, and speed."""
    denormals: Denormals = "flushed"
    """Whether `fit` takes denormal numbers as zero: likewise."""

    def __init__(
        self,
        config: TrainingConfig | None = None,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, seed=seed, device=device, dtype=dtype)
        self.epoch: int = 0
        self.batch = 0
        self.updates = 0
        self.stopped = False
        self.reseeded: list[int] = []
        """After how many updates the noise was seeded anew, for a state from another kind of device."""
        self._fitted = False
        self._totals: dict[str, Tensor] = {}
        self.captures = self.device.type == "cuda" and can_capture()
        """Whether `fit` captures its steps as CUDA graphs, where they can be: the same bits, sooner."""
        self._captured: CapturedStep | None = None

    # --- what a subclass gives -------------------------------------------------------------------------

    @abstractmethod
    def build(self, train: Tensor, generator: torch.Generator) -> None:
        """Make all tensors, for training images (n, d); draw parameters from `generator` (on the CPU)."""

    @abstractmethod
    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """Make one update from images (batch, d), with random numbers from `noise`; losses as 0-d tensors."""

    @abstractmethod
    def parameters(self) -> dict[str, Tensor]:
        """Return the live tensors from which `sample` works, by name."""

    @property
    @abstractmethod
    def learning_rate(self) -> float:
        """The step size that the latest update used, a pure function of `updates` and `epoch`."""

    def baked(self) -> Hashable:
        """Return all that decides what `train_batch` does but images and rate; None: it is not captured."""
        return None

    def set_rate(self) -> None:
        """Put this update's learning rate where a captured step reads it."""

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """Return the live tensors that only training needs (velocities, persistent chains), by name."""
        return {}

    @property
    def precision(self) -> Precision:
        """Of the factors of a training step's products: "float32" unless the settings can say otherwise."""
        return self.config.precision if isinstance(self.config, PrecisionConfig) else "float32"

    def active_deviations(self) -> tuple[Deviation, ...]:
        """List the standing deviations, and the rounded products where they are rounded."""
        return self.deviations + ((ROUNDED_PRODUCTS,) if self.precision != "float32" else ())

    @property
    def random_device(self) -> torch.device:
        """The device of the model: nets draw too many numbers to send them there."""
        return self.device

    # --- the loop --------------------------------------------------------------------------------------

    def fit(
        self,
        train: np.ndarray | Tensor,
        *,
        observer: Observer | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> Self:
        """Train on images (n, d) in [0, 1]; from `state`, an earlier `state()`, go on as if never stopped.

        From a state of another kind of device (CPU, card) everything goes on but the noise, which is seeded
        anew; `reseeded` says where.

        Raises:
            ValueError: `train` is not such a matrix, or `products` or `precision` cannot be had here.
            StateError: `state` is damaged, or belongs to other settings.
            DivergedError: a loss is no longer finite.
        """
        self.require_arithmetic()
        data = as_training_images(train).to(self.device, self.dtype)
        self.noise = generator(self.seed, self.name, "noise", device=self.device)
        self.build(data, generator(self.seed, self.name, "parameters"))
        self.epoch = self.batch = self.updates = 0
        self.stopped = False
        self.reseeded = []
        self._totals = {}
        self._fitted = True
        if state is not None:
            try:
                self._load(state)
            except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
                if out_of_memory(error) or card_failed(error):
                    raise  # no fault of the state
                raise StateError(str(error)) from error
        capture = captured(self.train_batch, self.noise, self.config.batch_size, self.captures)
        with kept_heap(), capture as self._captured:
            while self.epoch < self.config.epochs and not self.stopped:
                flushed = flushed_denormals() if self.denormals == "flushed" else nullcontext()
                with flushed, products_by(self.products), products_in(self.precision):
                    self._train_epoch(data, observer)
                log = self._close_epoch()
                self.stopped = observer is not None and observer.after_epoch(self, log)
        return self

    def fit_observed(
        self, train: np.ndarray | Tensor, observer: Observer, state: Mapping[str, Any] | None = None
    ) -> Self:
        """Fit, with `observer` and `state` given to `fit`."""
        return self.fit(train, observer=observer, state=state)

    def _train_epoch(self, data: Tensor, observer: Observer | None) -> None:
        # Seeded by the epoch and not by the model: every model sees the images in the same order, and a
        # checkpoint needs no more than the number of batches already taken.
        order = torch.randperm(len(data), generator=generator(self.seed, "order", self.epoch))
        for index in order.to(self.device).split(self.config.batch_size)[self.batch :]:
            for name, loss in self._update(data, index).items():
                total = self._totals.get(name)
                self._totals[name] = loss.double() if total is None else total + loss
            self.batch += 1
            self.updates += 1
            if observer is not None:
                observer.after_batch(self)

    def _update(self, data: Tensor, index: Tensor) -> Mapping[str, Tensor]:
        baked = self.baked()
        if baked is None or self._captured is None:
            return self.train_batch(data[index])
        self.set_rate()
        return self._captured(baked, data, index)

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
        """Return all that is needed to go on with the same bits: tensors, numbers and strings only."""
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
            "device": self.device.type,
            "reseeded": list(self.reseeded),
            "noise": self.noise.get_state(),
            "tensors": {name: tensor.clone() for name, tensor in self._tensors().items()},
        }

    def _tensors(self) -> dict[str, Tensor]:
        return {**self.parameters(), **{f"optimiser/{k}": v for k, v in self.optimiser_tensors().items()}}

    def _load(self, state: Mapping[str, Any]) -> None:
        mine = (self.name, self.version, self.config.model_dump_json(), self.seed)
        theirs = tuple(state.get(key) for key in ("model", "version", "config", "seed"))
        if mine != theirs:
            raise ValueError(f"the saved state belongs to {theirs}, not to {mine}; start afresh")
        self.epoch, self.batch, self.updates = counters = state["epoch"], state["batch"], state["updates"]
        if any(type(count) is not int or count < 0 for count in counters) or self.epoch > self.config.epochs:
            raise ValueError(f"epoch, batch and updates cannot be {counters}")
        self.stopped = bool(state["stopped"])
        copy_tensors(state["tensors"], self._tensors())
        self._totals = {name: total.to(self.device) for name, total in state["totals"].items()}
        self.reseeded = [int(count) for count in state.get("reseeded", ())]
        kind = state.get("device", "cpu")  # states from before this was kept come from CPUs
        if kind not in ("cpu", "cuda"):
            raise ValueError(f"a state cannot come from a device of kind {kind!r}")
        if kind == self.device.type:
            self.noise.set_state(state["noise"].cpu())
        else:
            # A CPU and a card neither have each other's generators nor draw the same numbers.
            self.noise = generator(self.seed, self.name, "noise", self.updates, device=self.device)
            self.reseeded.append(self.updates)

    def require_arithmetic(self) -> None:
        """Refuse products or a precision that this machine has not.

        Raises:
            ValueError: as `products.require` and `precision.require`.
        """
        products.require(self.products, self.device)
        precision.require(self.precision, self.device)

    def require_fitted(self) -> None:
        """Raise `NotFittedError` before `fit`."""
        if not self._fitted:
            raise NotFittedError(f"{self.name} has not been fitted; call fit(train) before sample(n)")
