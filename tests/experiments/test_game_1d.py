"""The game's yardsticks against closed forms, and D trained against two known Gaussians."""

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.special import ndtri
from scipy.stats import norm

from gan_repro.experiments import densities, game_1d
from gan_repro.experiments.base import Context


def test_the_optimal_discriminator_of_two_gaussians():
    x = densities.centres()
    found = densities.optimal_discriminator(densities.normal_masses(), densities.normal_masses(1.0, 0.5))
    near = np.abs(x) < 4
    expected = norm.pdf(x) / (norm.pdf(x) + norm.pdf(x, 1, 0.5))
    np.testing.assert_allclose(found[near], expected[near], atol=2e-3)


def test_the_value_at_the_optimum_is_that_of_theorem_1():
    data, generated = densities.normal_masses(), densities.normal_masses(1.0, 0.5)
    best = np.clip(densities.optimal_discriminator(data, generated), 1e-300, 1 - 1e-16)
    state = densities.State(data, generated, np.log(best) - np.log1p(-best), data, data)
    assert state.value == pytest.approx(-math.log(4) + 2 * state.divergence, abs=1e-9)
    assert state.gap == pytest.approx(0, abs=1e-9)
    equal = densities.State(data, data, np.zeros_like(data), data, data)
    assert equal.value == pytest.approx(-math.log(4), abs=1e-12)
    assert equal.divergence == 0


def test_divergence_is_bounded_by_log_2_and_matches_quadrature():
    far = densities.jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert far == pytest.approx(math.log(2))
    x = np.linspace(-12, 12, 200_001)
    p, q = norm.pdf(x), norm.pdf(x, 1.0, 0.5)
    m = (p + q) / 2
    terms = np.where(p > 0, p * np.log(p / m), 0) + np.where(q > 0, q * np.log(q / m), 0)
    expected = 0.5 * trapezoid(terms, x)
    found = densities.jensen_shannon(densities.normal_masses(), densities.normal_masses(1.0, 0.5))
    assert found == pytest.approx(expected, abs=2e-4)


def test_quantiles_carried_by_a_known_map_give_its_density():
    z = ndtri((np.arange(400_000) + 0.5) / 400_000)
    np.testing.assert_allclose(densities.masses(1.5 + z / 2), densities.normal_masses(1.5, 0.5), atol=2e-5)


def test_a_trained_discriminator_comes_near_the_optimal_one():
    settings = game_1d.Settings(seeds=(1,), updates=2, early=1, discriminator_updates=200, batch_size=128)
    found = game_1d.run(settings, Context()).findings
    assert found["discriminator_gap"].value < 0.05 < found["discriminator_gap_before"].value
    assert -0.02 < found["divergence_identity_gap"].value <= 1e-3
    # G has hardly moved from 1.5 + z / 2.
    start = densities.jensen_shannon(densities.normal_masses(), densities.normal_masses(1.5, 0.5))
    assert found["jsd_start"].value == pytest.approx(start, rel=0.35)
