"""The adversarial net of Goodfellow et al. 2014, after the released code.

A generator G maps noise z (n, 100) to images (n, d); a discriminator D maps images to the log-odds s of
being data. With D(x) = sigmoid(s(x)), each update takes m data and m noise vectors and goes down

    L_D = 1/2 [ mean softplus(-s(x)) + mean softplus(s(G(z))) ]        (equation 1, negated, halved)
    L_G = mean softplus(-s(G(z))) = -mean log D(G(z))                  (section 3's alternative)

in nats, both from the same forward pass of D, dropout mask included, and from the same parameters
(simultaneous, not alternating as Algorithm 1 is printed): goodfeli/adversarial, `AdversaryCost2` in
__init__.py with mnist.yaml. The printed variants are options.

One backward pass through D serves both objectives. L_D and L_G reach an example only through its s, so its
two gradients are the same vector d s / d(.) times two numbers; the vector is found once and weighted twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.models.base import Deviation, ModelConfig, TrainedModel, TrainingConfig
from gan_repro.models.layers import Activation, Dense, Layer, Maxout, tensors, uniform, velocities


class Hidden(ModelConfig):
    """A hidden layer of the generator."""

    units: int = Field(ge=1)
    activation: Activation = "relu"


class GANConfig(TrainingConfig):
    """The settings of mnist.yaml. It has no termination: `epochs` is a ceiling, and the trial stops it."""

    epochs: int = Field(2000, ge=0)
    batch_size: int = Field(100, ge=1)
    noise: Literal["uniform", "gaussian"] = "uniform"
    """U(-sqrt 3, sqrt 3) or N(0, 1): unit variance either way."""
    noise_dimension: int = Field(100, ge=1)
    generator_hidden: tuple[Hidden, ...] = (Hidden(units=1200), Hidden(units=1200))
    generator_range: float = Field(0.05, gt=0)
    """Weights start as U(-range, range)."""
    discriminator_hidden: tuple[int, ...] = Field((240, 240), min_length=1)
    """Maxout units of each hidden layer."""
    pieces: int = Field(5, ge=1)
    discriminator_range: float = Field(0.005, gt=0)
    keep_input: float = Field(0.8, gt=0, le=1)
    """Probability with which D keeps a pixel while training."""
    keep_hidden: float = Field(0.5, gt=0, le=1)
    max_column_norm: float | None = Field(None, gt=0)
    learning_rate: float = Field(0.1, gt=0)
    learning_rate_decay: float = Field(1.000004, ge=1)
    """The rate is divided by this after every update."""
    learning_rate_floor: float = Field(1e-6, ge=0)
    momentum: float = Field(0.5, ge=0, lt=1)
    """In the first epoch."""
    final_momentum: float = Field(0.7, ge=0, lt=1)
    momentum_epochs: int = Field(250, ge=2)
    """The epoch in which the final momentum is reached, linearly from epoch 1."""
    update: Literal["simultaneous", "alternating"] = "simultaneous"
    discriminator_steps: int = Field(1, ge=1)
    """k of Algorithm 1; more than 1 only with alternating updates."""
    generator_loss: Literal["non-saturating", "saturating"] = "non-saturating"

    @model_validator(mode="after")
    def _steps_need_alternation(self) -> GANConfig:
        if self.update == "simultaneous" and self.discriminator_steps != 1:
            raise ValueError("discriminator_steps other than 1 needs update='alternating'")
        return self


_VARIANTS = {
    ("noise", "gaussian"): Deviation(
        id="gan-gaussian-noise",
        what="z ~ N(0, 1) instead of U(-sqrt 3, sqrt 3)",
        why="mnist.yaml had it for one day (17 June 2014) and went back",
        expected_effect="small: the authors' commit message calls uniform noise ok",
    ),
    ("update", "alternating"): Deviation(
        id="gan-alternating",
        what="k updates of D on fresh noise, then one of G on fresh noise, as Algorithm 1 is printed",
        why="the paper's text; no released yaml uses it",
        expected_effect="unknown; an update costs one more pass through each net",
    ),
    ("generator_loss", "saturating"): Deviation(
        id="gan-saturating",
        what="G goes down mean log(1 - D(G(z)))",
        why="Algorithm 1 and equation 1 as printed; the released code never does",
        expected_effect="weak gradients while D rejects the samples with confidence (section 3)",
    ),
}


class GAN(TrainedModel):
    """Generative adversarial net, trained by the released recipe."""

    name: ClassVar[str] = "gan"
    Config = GANConfig
    deviations: ClassVar[tuple[Deviation, ...]] = (
        Deviation(
            id="gan-random-streams",
            what="random numbers from torch's generators, with seeds of our own",
            why="the authors' numbers depend on Theano, NumPy and a GTX 580 of June 2014",
            expected_effect="none beyond the spread between seeds",
        ),
        Deviation(
            id="gan-stopping",
            what="of the generators seen in training, the one with the best validation likelihood is scored",
            why="paper and code leave the rule open; the group's conditional GAN paper states this one",
            expected_effect="raises the score where the likelihood falls again, else none",
        ),
    )

    config: GANConfig

    def active_deviations(self) -> tuple[Deviation, ...]:
        """The standing deviations, and those of the options in use."""
        return self.deviations + tuple(
            deviation
            for (option, value), deviation in _VARIANTS.items()
            if getattr(self.config, option) == value
        )

    @property
    def learning_rate(self) -> float:
        """learning_rate / decay^t before update t (0-based), not below the floor."""
        done = max(self.updates - 1, 0)
        return self._learning_rate_at(done)

    def build(self, train: Tensor, generator: torch.Generator) -> None:
        """Draw both nets; G's output biases start at the log-odds of the mean image."""
        config, pixels = self.config, train.shape[1]

        def weight(bound: float, inputs: int, columns: int) -> Tensor:
            return uniform(generator, bound, inputs, columns).to(self.device, self.dtype)

        def zeros(columns: int) -> Tensor:
            return torch.zeros(columns, device=self.device, dtype=self.dtype)

        norm = config.max_column_norm
        self.generator: dict[str, Layer] = {}
        width = config.noise_dimension
        for number, hidden in enumerate(config.generator_hidden):
            w = weight(config.generator_range, width, hidden.units)
            self.generator[f"g{number}"] = Dense(
                w, zeros(hidden.units), hidden.activation, max_column_norm=norm
            )
            width = hidden.units
        mean = train.double().mean(dim=0).clamp(1e-7, 1 - 1e-7)
        w = weight(config.generator_range, width, pixels)
        self.generator["g_out"] = Dense(w, mean.logit().to(self.dtype), "sigmoid", max_column_norm=norm)

        self.discriminator: dict[str, Layer] = {}
        width, keep = pixels, config.keep_input
        for number, units in enumerate(config.discriminator_hidden):
            w = weight(config.discriminator_range, width, units * config.pieces)
            self.discriminator[f"d{number}"] = Maxout(
                w, zeros(units * config.pieces), config.pieces, keep=keep, max_column_norm=norm
            )
            width, keep = units, config.keep_hidden
        w = weight(config.discriminator_range, width, 1)
        # The sigmoid belongs to the loss, which is computed from the log-odds.
        self.discriminator["d_out"] = Dense(w, zeros(1), "linear", keep=keep, max_column_norm=norm)

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """One update of D, and one of G unless Algorithm 1's inner loop is still at D."""
        fakes = self._generate(self._draw_noise(len(batch), self.noise))
        if self.config.update == "simultaneous":
            return self._step(batch, fakes)
        losses = self._step(batch, fakes, update_generator=False)
        if (self.updates + 1) % self.config.discriminator_steps == 0:
            fakes = self._generate(self._draw_noise(len(batch), self.noise))
            losses |= self._step(batch[:0], fakes, update_discriminator=False)
        return losses

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Independent samples G(z), (n, d)."""
        self.require_fitted()
        return self._generate(self._draw_noise(n, generator))

    def parameters(self) -> dict[str, Tensor]:
        """The generator's weights and biases."""
        return tensors(self.generator)

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """Both velocities, and the discriminator."""
        return {
            **velocities(self.generator),
            **tensors(self.discriminator),
            **velocities(self.discriminator),
        }

    def _step(
        self, real: Tensor, fake: Tensor, *, update_discriminator: bool = True, update_generator: bool = True
    ) -> dict[str, Tensor]:
        """Forward and backward once through D on real and fake images, then move whichever nets are due."""
        n_real = len(real)
        log_odds = torch.cat([real, fake])
        for layer in self.discriminator.values():
            log_odds = layer(log_odds, dropout=self.noise)
        on_real, on_fake = log_odds[:n_real], log_odds[n_real:]

        gradient = torch.ones_like(log_odds)
        first = next(iter(self.discriminator))
        for name, layer in reversed(self.discriminator.items()):
            rows = slice(None) if name != first else slice(n_real, None) if update_generator else None
            gradient = layer.backward(gradient, rows=rows)

        rate, momentum = self._learning_rate_at(self.updates), self._momentum()
        losses = {}
        if update_generator:
            saturating = self.config.generator_loss == "saturating"
            losses["generator loss"] = (-softplus(on_fake) if saturating else softplus(-on_fake)).mean()
            slope = -torch.sigmoid(on_fake if saturating else -on_fake) / len(fake)
            gradient = gradient * slope
            for name, layer in reversed(self.generator.items()):
                gradient = layer.backward(gradient, rows=None if name == "g0" else slice(None))
        if update_discriminator:
            losses["discriminator loss"] = (softplus(-on_real).mean() + softplus(on_fake).mean()) / 2
            weights = torch.cat(
                [-torch.sigmoid(-on_real) / (2 * n_real), torch.sigmoid(on_fake) / (2 * len(fake))]
            )
            for layer in self.discriminator.values():
                layer.update(rate, momentum, weights)
        if update_generator:
            for layer in self.generator.values():
                layer.update(rate, momentum)
        return losses

    def _generate(self, z: Tensor) -> Tensor:
        for layer in self.generator.values():
            z = layer(z)
        return z

    def _draw_noise(self, n: int, generator: torch.Generator) -> Tensor:
        z = torch.empty((n, self.config.noise_dimension), device=self.device, dtype=self.dtype)
        if self.config.noise == "gaussian":
            return z.normal_(generator=generator)
        return z.uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)

    def _learning_rate_at(self, update: int) -> float:
        decayed = self.config.learning_rate * math.exp(-update * math.log(self.config.learning_rate_decay))
        return max(decayed, self.config.learning_rate_floor)

    def _momentum(self) -> float:
        # MomentumAdjustor is advanced once before the first epoch, so epoch 1 has the initial value.
        part = min(self.epoch / (self.config.momentum_epochs - 1), 1.0)
        return self.config.momentum + (self.config.final_momentum - self.config.momentum) * part
