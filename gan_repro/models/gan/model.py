"""The adversarial net of Goodfellow et al. 2014, after the released code.

A generator G maps noise z (n, 100) to images (n, d); a discriminator D maps images to the log-odds s of
being data. With D(x) = sigmoid(s(x)), each update takes m data and m noise vectors and goes down

    L_D = 1/2 [ mean softplus(-s(x)) + mean softplus(s(G(z))) ]        (equation 1, negated, halved)
    L_G = mean softplus(-s(G(z))) = -mean log D(G(z))                  (section 3's alternative)

in nats, both from the same forward pass of D, dropout mask included, and from the same parameters
(simultaneous, not alternating as Algorithm 1 is printed): goodfeli/adversarial, `AdversaryCost2` in
__init__.py with mnist.yaml. The printed variants are options.

The other nets of the authors are other settings of the same (`RECIPES`). Their faces come from two stages: a
generator is trained, a front of new layers is put before it, and the whole is trained on against a new D.

One backward pass through D serves both objectives. L_D and L_G reach an example only through its s, so its
two gradients are the same vector d s / d(.) times two numbers; the vector is found once and weighted twice.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.models.base import Deviation
from gan_repro.models.gan import schedule
from gan_repro.models.gan.config import GANConfig, Hidden
from gan_repro.models.gan.contrast import ContrastNormalization
from gan_repro.models.gan.layers import Layer, tensors, velocities
from gan_repro.models.gan.nets import discriminator_layers, front_layers, generator_layers
from gan_repro.models.gan.recipes import RECIPES, VARIANTS
from gan_repro.models.graphs import capturing
from gan_repro.models.training import TrainedModel
from gan_repro.util.seeds import generator

__all__ = ["GAN", "RECIPES", "GANConfig", "Hidden"]


class GAN(TrainedModel):
    """Generative adversarial net, trained by the released recipe."""

    name: ClassVar[str] = "gan"
    Config = GANConfig
    tiny: ClassVar = {
        "noise_dimension": 5,
        "generator_hidden": ({"units": 12}, {"units": 10, "activation": "sigmoid"}),
        "discriminator_hidden": (6, 5),
        "pieces": 2,
    }
    deviations: ClassVar[tuple[Deviation, ...]] = (
        Deviation(
            id="gan-random-streams",
            what="random numbers from torch's generators, with seeds of our own",
            why="the authors' numbers depend on Theano, NumPy and a GTX 580 of June 2014",
            expected_effect="none beyond the spread between seeds",
        ),
        Deviation(
            id="gan-stopping",
            what="training ends after a number of epochs that is fixed beforehand; which generator is scored,"
            " the last or the best on validation images, is part of the trial",
            why="mnist.yaml has no termination, and neither paper nor code says which generator was scored",
            expected_effect="lower where the likelihood would still have risen",
        ),
    )

    config: GANConfig
    _rate: Tensor | None = None
    """On a card the present update's rate, where a captured step reads it; on a CPU it is a number."""
    _front_update = 0  # the update (from 0) with which the second stage begins

    def active_deviations(self) -> tuple[Deviation, ...]:
        """List the standing deviations, and those of the options in use."""
        in_use = tuple(deviation for holds, deviation in VARIANTS if holds(self.config))
        return super().active_deviations() + in_use

    @property
    def learning_rate(self) -> float:
        """The step size that the latest update used."""
        return self.learning_rate_at(max(self.updates - 1, 0))

    @property
    def complete(self) -> bool:
        """Whether the front, if there is to be one, has begun training."""
        return not self.config.front or bool(self.front_begun)

    def build(self, train: Tensor, generator: torch.Generator) -> None:
        """Draw both nets; sigmoid outputs of G start with biases at the log-odds of the mean image.

        Raises:
            ValueError: the images do not have the settings' shape, or a layer does not fit its input.
        """
        config = self.config
        self.contrast = ContrastNormalization(train) if config.preprocessing == "gcn" else None
        self.generator = generator_layers(config, train, generator)
        self.discriminator = discriminator_layers(config, train, generator)
        self.front = front_layers(config, train, self._front_random("parameters"))
        # On the CPU, where asking for it waits for no card.
        self.front_begun = torch.zeros((), dtype=torch.int64)
        self._front_update = self._front_epoch * math.ceil(len(train) / config.batch_size)
        self._rate = None if self.device.type == "cpu" else train.new_zeros(())

    def baked(self) -> Hashable:
        """Return momentum and stage, which last an epoch; None where an epoch's steps differ."""
        if self.config.discriminator_steps > 1 or self.config.discriminator_convolutions:
            return None
        return self.momentum, self.epoch >= self._front_epoch

    def set_rate(self) -> None:
        """Put this update's learning rate where a captured step reads it."""
        if self._rate is not None:
            self._rate.fill_(self.learning_rate_at(self.updates))

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """Make one update of D, and one of G unless Algorithm 1's inner loop is still at D."""
        if not self.complete and self.epoch >= self._front_epoch:
            self._begin_front(batch)
        if self.contrast is not None:
            batch = self.contrast.normalize(batch)
        fakes = self.generate(self.draw_noise(len(batch), self.noise))
        if self.config.update == "simultaneous":
            return self.step(batch, fakes)
        losses = self.step(batch, fakes, update_generator=False)
        if (self.updates + 1) % self.config.discriminator_steps == 0:
            fakes = self.generate(self.draw_noise(len(batch), self.noise))
            losses |= self.step(batch[:0], fakes, update_discriminator=False)
        return losses

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw independent samples G(z), (n, d), without the front as long as it has not begun training."""
        self.require_fitted()
        return self.images(self.draw_noise(n, generator))

    def images(self, z: Tensor) -> Tensor:
        """Return G(z) as images (n, d) in [0, 1], of noise (n, noise_dimension)."""
        output = self.generate(z)
        if self.contrast is not None:
            return self.contrast.invert(output)
        return output.clamp(0, 1) if self.config.output_activation == "linear" else output

    def parameters(self) -> dict[str, Tensor]:
        """Return the generator's weights and biases, and what else its samples depend on."""
        parameters = tensors({**self.front, **self.generator})
        if self.front:
            parameters["front_begun"] = self.front_begun
        if self.contrast is not None:
            parameters |= {"contrast/mean": self.contrast.mean, "contrast/contrast": self.contrast.contrast}
        return parameters

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """Return both velocities, and the discriminator."""
        moved = velocities({**self.front, **self.generator})
        return {**moved, **tensors(self.discriminator), **velocities(self.discriminator)}

    def step(
        self, real: Tensor, fake: Tensor, *, update_discriminator: bool = True, update_generator: bool = True
    ) -> dict[str, Tensor]:
        """Update one net or both from real images (m, d) and the latest output of `generate` (k, d).

        One forward and one backward pass through D, at the rate and momentum of the present update and epoch.
        Without D's update `real` may be empty.

        Returns:
            The losses of the nets that were moved, nats, as 0-d tensors.
        """
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

        rate, momentum, losses = self.learning_rate_at(self.updates), self.momentum, {}
        if self._rate is not None:
            if not capturing():
                self.set_rate()
            rate = 1.0  # derivatives are taken times `_rate` instead
        if update_generator:
            saturating = self.config.generator_loss == "saturating"
            losses["generator loss"] = (-softplus(on_fake) if saturating else softplus(-on_fake)).mean()
            slope = -torch.sigmoid(on_fake if saturating else -on_fake) / len(fake)
            gradient = gradient * self._times_rate(slope)
            net = self._generator_net()
            first = next(iter(net))
            for name, layer in reversed(net.items()):
                gradient = layer.backward(gradient, rows=None if name == first else slice(None))
        if update_discriminator:
            losses["discriminator loss"] = (softplus(-on_real).mean() + softplus(on_fake).mean()) / 2
            weights = torch.cat(
                [-torch.sigmoid(-on_real) / (2 * n_real), torch.sigmoid(on_fake) / (2 * len(fake))]
            )
            weights = self._times_rate(weights)
            for layer in self.discriminator.values():
                layer.update(rate, momentum, weights)
        if update_generator:
            for layer in self._generator_net().values():
                layer.update(rate, momentum)
        return losses

    def _times_rate(self, derivative: Tensor) -> Tensor:
        return derivative if self._rate is None else derivative * self._rate

    def _generator_net(self) -> dict[str, Layer]:
        return {**self.front, **self.generator} if self.complete else self.generator

    def generate(self, z: Tensor) -> Tensor:
        """Return G(z), (n, d), of noise (n, noise_dimension), as D sees it; `step` needs the latest."""
        for layer in self._generator_net().values():
            z = layer(z)
        return z

    def _begin_front(self, batch: Tensor) -> None:
        # As a new run of the authors begins: all that it takes over is the generator.
        self.discriminator = discriminator_layers(self.config, batch, self._front_random("discriminator"))
        for velocity in velocities(self.generator).values():
            velocity.zero_()
        self.front_begun.fill_(1)

    def _front_random(self, part: str) -> torch.Generator:
        # Apart from the first stage's, so that a checkpoint need not say how far that had come.
        return generator(self.seed, self.name, "front", part)

    def draw_noise(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw noise z (n, noise_dimension) of unit variance."""
        z = torch.empty((n, self.config.noise_dimension), device=self.device, dtype=self.dtype)
        if self.config.noise == "gaussian":
            return z.normal_(generator=generator)
        return z.uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)

    @property
    def _front_epoch(self) -> int:
        return self.config.front_epoch or 0

    def learning_rate_at(self, update: int) -> float:
        """Return the step size of an update (from 0): learning_rate / decay^update, not below the floor."""
        return schedule.learning_rate(self.config, update, self._front_update)

    @property
    def momentum(self) -> float:
        """The momentum of the present epoch, rising linearly to its final value."""
        return schedule.momentum(self.config, self.epoch, self._front_epoch)
