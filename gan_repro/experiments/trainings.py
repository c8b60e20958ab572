"""Adversarial nets that an experiment trains from nothing: how large they are, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from gan_repro.data.dataset import Dataset
from gan_repro.experiments import base
from gan_repro.models.base import DivergedError, Observer
from gan_repro.models.gan.model import GAN, GANConfig
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.stats.spread import COLLAPSED_BELOW, spread
from gan_repro.util.seeds import generator


class NetSettings(base.Settings):
    """On which images, how large, and how many samples are scored; the sizes are the paper's recipe's."""

    dataset: str = "mnist"
    generator_units: int = Field(1200, ge=1)
    """In each of G's two hidden layers."""
    discriminator_units: int = Field(240, ge=1)
    """In each of D's two hidden layers."""
    n_samples: int = Field(10_000, ge=2)

    @property
    def layers(self) -> dict[str, Any]:
        """What a model's settings say of the hidden layers."""
        return {
            "generator_hidden": [{"units": self.generator_units}] * 2,
            "discriminator_hidden": [self.discriminator_units] * 2,
        }


class Outcome(base.Part):
    """What came of one training."""

    valid: dict[str, float] | None
    """Mean validation log-likelihood in nats, by protocol; None if training diverged."""
    relative_spread: float | None
    """Across the samples, over that across the training images; None if training diverged."""

    @property
    def collapsed(self) -> bool:
        """Whether samples have lost their diversity, or training diverged."""
        return self.relative_spread is None or self.relative_spread < COLLAPSED_BELOW


def train(
    config: Mapping[str, Any],
    seed: int,
    images: Dataset,
    *,
    n_samples: int,
    protocols: Sequence[str],
    name: str,
    observer: Observer | None = None,
) -> Outcome:
    """Train adversarial nets, and score their samples on the validation images.

    Args:
        config: of the model, where it differs from its defaults.
        seed: of the training; with `name`, of the samples too.
        images: on which they are trained and scored.
        n_samples: that are scored.
        protocols: by which sigma is chosen.
        name: of the experiment.
        observer: watches the training.
    """
    try:
        model = GAN(GANConfig(**config), seed=seed).fit(images.train, observer=observer)
    except DivergedError:
        return Outcome(valid=None, relative_spread=None)
    samples = model.sample(n_samples, generator=generator(seed, name)).numpy()
    valid = {each: choose_sigma(samples, images.valid, protocol=each).valid_mean for each in protocols}
    return Outcome(valid=valid, relative_spread=spread(samples) / spread(images.train))
