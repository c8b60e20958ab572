"""The adversarial net's generator as a density, and the models that have none."""

import math

import pytest
import torch

from gan_repro.measures.decoders import decoder_of
from gan_repro.models import get
from gan_repro.models.base import NotFittedError
from gan_repro.util.seeds import generator

SMALL = {"epochs": 1, "generator_hidden": ({"units": 6},), "discriminator_hidden": (4,), "noise_dimension": 3}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"noise": "gaussian"},
        {"output_activation": "linear"},
        {"preprocessing": "gcn", "output_activation": "linear", "output_range": 0.5},
        {"epochs": 2, "front": ({"units": 3},), "front_epoch": 1},
    ],
)
def test_mean_images_are_the_samples(digits, settings):
    model = get("gan", seed=1, **(SMALL | settings)).fit(digits.train)
    decoder = decoder_of(model)
    z = torch.empty(5, 3)
    random = generator(7, "z")
    if model.config.noise == "gaussian":
        z.normal_(generator=random)
    else:
        z.uniform_(-math.sqrt(3), math.sqrt(3), generator=random)
    assert torch.equal(decoder.mean(z), model.sample(5, generator=generator(7, "z")))
    assert decoder.prior.dimension == 3
    assert decoder.prior.support == (None if "noise" in settings else (-math.sqrt(3), math.sqrt(3)))


def test_its_gradient_is_that_of_differences(digits):
    model = get("gan", seed=1, **SMALL)
    model.dtype = torch.float64
    model.fit(digits.train)
    decoder = decoder_of(model)
    assert decoder.dtype == torch.float64
    z = torch.randn(2, 3, generator=generator(1, "z"), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(decoder.mean, (z,))


@pytest.mark.parametrize(
    ("name", "message"),
    [("cae", "autoencoder defines no density"), ("gsn", "network defines no density"), ("dbn", "boltzmann")],
)
def test_other_models_are_told_why(name, message):
    with pytest.raises(ValueError, match=message):
        decoder_of(get(name))


def test_an_unfitted_net_is_refused():
    with pytest.raises(NotFittedError):
        decoder_of(get("gan"))
