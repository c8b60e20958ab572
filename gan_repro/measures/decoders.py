"""Which models have a likelihood to bound, and the adversarial net's generator as a density."""

from __future__ import annotations

import math
from typing import Any

from gan_repro.measures.latent import Decoder, normal, uniform
from gan_repro.models.gan.model import GAN

NO_DENSITY = {
    "cae": "a stacked contractive autoencoder",
    "gsn": "a generative stochastic network",
}
"""Models whose samples are states of a Markov chain with a stationary density that cannot be evaluated."""


def decoder_of(model: Any) -> Decoder:
    """A fitted adversarial net's generator, its mean images being its samples.

    Its noise is U(-sqrt 3, sqrt 3) in each component, or N(0, 1).

    Raises:
        ValueError: the model is another one; the sentence says why there is nothing to bound, or where to
            look.
        NotFittedError: it has not been fitted.
    """
    if model.name in NO_DENSITY:
        raise ValueError(
            f"{NO_DENSITY[model.name]} defines no density that can be evaluated: its samples are states of a "
            "Markov chain; measure their quality instead (gan_repro.measures.measure_samples)"
        )
    if not isinstance(model, GAN):
        raise ValueError(
            f"{model.name} is no generator of noise; the likelihood of a dbn is bounded by "
            "gan_repro.measures.boltzmann, and baselines have closed forms"
        )
    model.require_fitted()
    dimension = model.config.noise_dimension
    prior = normal(dimension)
    if model.config.noise == "uniform":
        prior = uniform(dimension, -math.sqrt(3), math.sqrt(3))
    return Decoder(model.images, prior, model.dtype)
