"""Layers trained greedily, one after another, and sampled by a Markov chain in the topmost trained layer.

Layer l turns inputs (n, d_l) into codes (n, d_{l+1}), d_0 being the pixels. While layer l is in training
the layers below it stay as they are and only encode. Training may be watched at any time: samples come
from the layers whose training has begun.

A sample of n rows comes from parallel chains. Each starts at an image of noise (pixels drawn one by one with
the training images' means) or at a training image. It takes `burn_in` steps in the bottom layer, is encoded,
takes `burn_in` steps in the next layer, and so on to the top, where one state in every `thinning` is
recorded. The rows come chain by chain: the first chain's in the order of its steps, then the second's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from math import ceil
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from torch import Tensor

from gan_repro.models.chains import LONG_CHAINS, chain_shape
from gan_repro.models.config import PrecisionConfig
from gan_repro.models.tensors import bernoulli
from gan_repro.models.training import TrainedModel

LayerSizes = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
"""Hidden units of each layer, from the bottom up."""


class StackedConfig(PrecisionConfig):
    """Settings of any stack: its layers, how the epochs are shared among them, and its chains."""

    layers: LayerSizes
    epochs: int = Field(default=40, ge=0)
    epoch_shares: tuple[NonNegativeFloat, ...] | None = None
    """Each layer's share of the epochs, in any unit; None shares them equally."""
    batch_size: int = Field(default=100, ge=1)
    learning_rate: PositiveFloat = 0.05
    """At the start of a layer's training; it falls linearly towards 0 over that layer's epochs."""
    momentum: float = Field(default=0.5, ge=0, lt=1)
    chains: int = Field(default=10_000, ge=1)
    """Parallel chains from which a sample is taken, at most one for each of its rows."""
    start: Literal["noise", "train"] = "noise"
    """Where the chains start; with "train" the model keeps as many training images as there are chains."""
    burn_in: int = Field(default=100, ge=0)
    """Steps of each chain in each layer before its first sample."""
    thinning: int = Field(default=1, ge=1)
    """Steps of the chain from one sample to the next."""

    @model_validator(mode="after")
    def _shares_fit_layers(self) -> Self:
        shares = self.epoch_shares
        if shares is not None and len(shares) != len(self.layers):
            raise ValueError(f"epoch_shares has {len(shares)} entries for {len(self.layers)} layers")
        if shares is not None and not sum(shares):
            raise ValueError("epoch_shares leaves no layer any epoch; at least one share must be positive")
        return self

    def first_epochs(self) -> tuple[int, ...]:
        """List the epoch at which each layer's training begins, and last the number of epochs.

        Rounded up, so that when epochs are fewer than layers the lower layers are trained first.
        """
        shares = self.epoch_shares or (1.0,) * len(self.layers)
        parts = [sum(shares[:layer]) / sum(shares) * self.epochs for layer in range(len(shares) + 1)]
        return tuple(ceil(part - 1e-9) for part in parts)

    def last_part_begins(self) -> int:
        """Return after how many epochs the top layer begins training."""
        return self.first_epochs()[-2]

    def layer_at(self, epoch: int) -> int:
        """Return the layer that epoch `epoch` (from 0) trains."""
        return sum(first <= epoch for first in self.first_epochs()[1:-1])


class StackedModel(TrainedModel):
    """The loop over layers and the loop over chains; a subclass says what a layer is.

    A chain's state in a layer is a row of that layer's inputs. `depth`, a parameter because samples depend
    on it, counts the layers whose training has begun (at least one, so that an untrained model can sample).
    """

    Config: ClassVar[type[StackedConfig]]
    config: StackedConfig
    depth: Tensor
    starts: Tensor

    @abstractmethod
    def build_layers(self, train: Tensor, generator: torch.Generator) -> None:
        """Make the initial parameters of all layers, as `build` does."""

    @abstractmethod
    def train_layer(self, layer: int, inputs: Tensor) -> Mapping[str, Tensor]:
        """Update `layer` once from its inputs, at step size `rate(self.epoch)`; losses as 0-d tensors."""

    @abstractmethod
    def encode(self, layer: int, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Turn a layer's inputs into those of the layer above."""

    @abstractmethod
    def step(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Take each chain in `layer` one step on."""

    @abstractmethod
    def pixels(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Project the state of chains in `layer` down to images (chains, d) in [0, 1]."""

    def build(self, train: Tensor, generator: torch.Generator) -> None:
        """Make the initial parameters for training images (n, d)."""
        self.build_layers(train, generator)
        self.depth = torch.ones((), dtype=torch.int64, device=self.device)
        self.starts = train.mean(0, keepdim=True)
        if self.config.start == "train":
            chosen = torch.randint(len(train), (self.config.chains,), generator=generator)
            self.starts = train[chosen.to(self.device)]

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """Make one update of the layer whose turn it is, from images (batch, d)."""
        layer = self.config.layer_at(self.epoch)
        self.depth.fill_(layer + 1)
        inputs = batch
        for below in range(layer):
            inputs = self.encode(below, inputs, self.noise)
        return self.train_layer(layer, inputs)

    def first_rate(self, layer: int) -> float:
        """Return the step size at the start of a layer's training."""
        return self.config.learning_rate

    def rate(self, epoch: int) -> float:
        """Return the step size during `epoch` (from 0)."""
        borders = self.config.first_epochs()
        layer = self.config.layer_at(epoch)
        passed = (epoch - borders[layer]) / max(1, borders[layer + 1] - borders[layer])
        return self.first_rate(layer) * (1 - passed)

    @property
    def learning_rate(self) -> float:
        """The step size that the latest update used."""
        # Between epochs `epoch` already counts the one just completed.
        return self.rate(max(0, self.epoch - (self.batch == 0)))

    @property
    def complete(self) -> bool:
        """Whether the top layer has begun training: a stack that lacks it is a shallower model."""
        return int(self.depth) == len(self.config.layers)

    def chain_shape(self, n: int) -> tuple[int, int]:
        """Return (chains, samples per chain) of `sample(n)`; the last chain may end early."""
        return chain_shape(n, self.config.chains)

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw n samples, (n, d) in [0, 1], chain by chain.

        Raises:
            NotFittedError: before `fit`.
        """
        return self._run_chains(*self.chain_shape(n), self.config.thinning, generator)[:n]

    @torch.no_grad()
    def sample_consecutive(self, n: int, *, generator: torch.Generator) -> tuple[Tensor, tuple[int, int]]:
        """Draw n consecutive states (n, d) of long chains, and their shape."""
        shape = chain_shape(n, LONG_CHAINS)
        return self._run_chains(*shape, 1, generator)[:n], shape

    def _run_chains(self, chains: int, per_chain: int, thinning: int, generator: torch.Generator) -> Tensor:
        self.require_fitted()
        state = self._start(chains, generator)
        for layer in range(int(self.depth)):
            if layer:
                state = self.encode(layer - 1, state, generator)
            for _ in range(self.config.burn_in):
                state = self.step(layer, state, generator)
        recorded = []
        for index in range(per_chain):
            for _ in range(thinning if index else 1):
                state = self.step(layer, state, generator)
            recorded.append(self.pixels(layer, state, generator))
        return torch.stack(recorded, dim=1).flatten(0, 1)

    def _start(self, chains: int, generator: torch.Generator) -> Tensor:
        if self.config.start == "train":
            return self.starts[torch.arange(chains, device=self.device) % len(self.starts)]
        return bernoulli(self.starts.expand(chains, -1), generator)
