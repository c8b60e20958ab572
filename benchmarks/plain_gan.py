"""The adversarial net as a PyTorch user would write it: modules, torch.optim, Algorithm 1 with k = 1.

Same sizes, dropout and momentum as `gan_repro.models.gan.model`. D's step: fresh noise, samples without a
graph, data and samples in one batch. G's step: fresh noise again, through D as it now is. `freeze` keeps
autograd from finding gradients of D that G's step throws away; most code in circulation does not.
"""

from __future__ import annotations

import math
import shutil

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from benchmarks.common import ONLY_TESTED
from gan_repro.models.gan.model import GANConfig


class Maxout(nn.Module):
    """The largest of several affine maps."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.affine, self.shape = nn.Linear(inputs, units * pieces), (pieces, units)

    def forward(self, x: Tensor) -> Tensor:
        return self.affine(x).unflatten(1, self.shape).amax(dim=1)


class PlainGAN:
    """Two nets and two optimisers."""

    def __init__(
        self, config: GANConfig, pixels: int, device: str, *, freeze: bool = False, compiled: bool = False
    ) -> None:
        torch.manual_seed(0)
        self.noise_dimension, self.freeze = config.noise_dimension, freeze
        layers: list[nn.Module] = []
        width = config.noise_dimension
        for hidden in config.generator_hidden:
            layers += [nn.Linear(width, hidden.units), nn.ReLU()]
            width = hidden.units
        self.generator = nn.Sequential(*layers, nn.Linear(width, pixels), nn.Sigmoid()).to(device)

        layers, width, keep = [], pixels, config.keep_input
        for units in config.discriminator_hidden:
            layers += [nn.Dropout(1 - keep), Maxout(width, units, config.pieces)]
            width, keep = units, config.keep_hidden
        self.discriminator = nn.Sequential(*layers, nn.Dropout(1 - keep), nn.Linear(width, 1)).to(device)

        if compiled:
            self._compile()
        self.optimisers = [
            torch.optim.SGD(net.parameters(), lr=config.learning_rate, momentum=config.momentum)
            for net in (self.discriminator, self.generator)
        ]

    def step(self, real: Tensor) -> None:
        """One update of D, then one of G, from images (m, d)."""
        for_discriminator, for_generator = self.optimisers
        with torch.no_grad():
            fake = self.generator(self._noise(real))
        log_odds = self.discriminator(torch.cat([real, fake]))
        is_real = torch.cat([torch.ones_like(log_odds[: len(real)]), torch.zeros_like(log_odds[len(real) :])])
        for_discriminator.zero_grad()
        cross_entropy(log_odds, is_real).backward()
        for_discriminator.step()

        if self.freeze:
            self.discriminator.requires_grad_(False)
        log_odds = self.discriminator(self.generator(self._noise(real)))
        for_generator.zero_grad()
        cross_entropy(log_odds, torch.ones_like(log_odds)).backward()
        for_generator.step()
        if self.freeze:
            self.discriminator.requires_grad_(True)

    def _compile(self) -> None:
        """Put both nets through torch.compile; compiling itself is not timed.

        Raises:
            NotImplementedError: there is no compiler here, or it takes minutes where only tests are run.
        """
        if ONLY_TESTED or shutil.which("c++") is None:
            raise NotImplementedError("torch.compile needs a C++ compiler and half a minute")
        self.generator, self.discriminator = map(torch.compile, (self.generator, self.discriminator))

    def _noise(self, like: Tensor) -> Tensor:
        return like.new_empty(len(like), self.noise_dimension).uniform_(-math.sqrt(3), math.sqrt(3))
