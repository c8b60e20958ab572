"""The space without walls is the space with walls, seen through a bijection."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gan_repro.measures.latent import Prior, evaluate, normal, uniform
from gan_repro.util.seeds import generator
from tests.measures.conftest import linear_gaussian


def test_a_uniform_prior_becomes_standard_normal():
    prior = uniform(3, -math.sqrt(3), math.sqrt(3))
    u = torch.randn(50, 3, generator=generator(0, "u"), dtype=torch.float64)
    expected = torch.distributions.Normal(0, 1).log_prob(u.double()).sum(1)
    torch.testing.assert_close(prior.unbounded_log_density(u), expected)
    drawn = prior.draw_unbounded(20_000, generator(1, "u"))
    assert stats.kstest(drawn.flatten().numpy(), "norm").pvalue > 0.01


def triangle() -> Prior:
    """p(z) = 2 z on (0, 1): not uniform, so that the density keeps a slope."""
    return Prior(
        1,
        lambda n, g: torch.rand(n, 1, generator=g, dtype=torch.float64).sqrt(),
        lambda z: (2 * z).log().sum(dim=1),
        (0.0, 1.0),
    )


def test_any_density_on_an_interval_keeps_its_expectations():
    prior = triangle()

    def integrand(u: float) -> float:
        point = torch.tensor([[u]], dtype=torch.float64)
        z = prior.to_support(point)
        return float(prior.unbounded_log_density(point).exp() * torch.cos(3 * z))

    found, _ = integrate.quad(integrand, -8, 8)
    expected, _ = integrate.quad(lambda z: 2 * z * math.cos(3 * z), 0, 1)
    assert found == pytest.approx(expected, abs=1e-8)


def test_unbounded_draws_come_back_as_draws_of_the_prior():
    prior = triangle()
    z = prior.to_support(prior.draw_unbounded(5000, generator(2, "z"))).flatten().numpy()
    assert stats.kstest(z, lambda x: x**2).pvalue > 0.01


def test_draws_at_the_walls_stay_finite():
    prior = uniform(2, 0.0, 1.0)
    at_walls = Prior(
        2, lambda n, g: torch.tensor([[0.0, 1.0]]).double().expand(n, 2), prior.log_density, (0.0, 1.0)
    )
    assert at_walls.draw_unbounded(1, generator(0, "x")).isfinite().all()


@pytest.mark.parametrize("prior", [normal(3), uniform(3, -1.0, 2.0)])
def test_energies_and_gradients_are_those_of_the_formula(prior):
    known = linear_gaussian(k=3)
    decoder = type(known.decoder)(known.decoder.mean, prior, torch.float64)
    images = torch.from_numpy(known.images)
    u = torch.randn(8, 3, generator=generator(3, "u"), dtype=torch.float64)
    point = evaluate(decoder, images, u)
    rows = images.repeat_interleave(2, dim=0)
    torch.testing.assert_close(point.squared_error, (rows - decoder.images(u)).square().sum(1))
    h = 1e-6
    for place in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[place] = h
        up, down = evaluate(decoder, images, u + shift), evaluate(decoder, images, u - shift)
        np.testing.assert_allclose(
            point.error_gradient[:, place],
            (up.squared_error - down.squared_error) / (2 * h),
            rtol=1e-5,
            atol=1e-5,
        )
        np.testing.assert_allclose(
            point.prior_gradient[:, place], (up.log_prior - down.log_prior) / (2 * h), rtol=1e-5, atol=1e-5
        )
