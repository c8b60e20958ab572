"""Autocorrelation times against processes whose time is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from gan_repro.stats import mixing as chains


def autoregression(phi: float, chain_count: int, length: int, seed: int = 0) -> np.ndarray:
    """Stationary AR(1) chains of unit variance, whose integrated time is (1 + phi) / (1 - phi)."""
    noise = np.random.default_rng(seed).standard_normal((chain_count, length))
    noise[:, 1:] *= np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=1)


@pytest.mark.parametrize("phi", [-0.4, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("chain_count", [1, 20])
def test_known_time_of_an_autoregression(phi: float, chain_count: int) -> None:
    series = autoregression(phi, chain_count, 40_000 // chain_count)
    assert chains.autocorrelation_time(series) == pytest.approx((1 + phi) / (1 - phi), rel=0.15)


def test_spread_of_a_mean_is_what_the_effective_sample_size_says() -> None:
    series = autoregression(0.8, 2000, 200)
    time = chains.autocorrelation_time(series)
    assert series.mean(axis=1).var() * 200 / time == pytest.approx(1.0, rel=0.15)


def test_slowest_projection_counts() -> None:
    slow, fast = autoregression(0.9, 10, 1000), autoregression(0.0, 10, 1000, seed=1)
    samples = np.stack([3 * slow.ravel(), fast.ravel()], axis=1)
    result = chains.diagnose(samples, (10, 1000))
    assert result.autocorrelation_time == pytest.approx(19, rel=0.2)
    assert result.effective_sample_size == pytest.approx(10_000 / result.autocorrelation_time)
    assert result.projections["principal direction 1"] > 5 * result.projections["principal direction 2"]
    assert "Geyer" in result.estimator


def test_independent_samples_count_in_full() -> None:
    result = chains.diagnose(np.random.default_rng(0).random((50, 3)), (50, 1))
    assert result.effective_sample_size == 50
    assert result.autocorrelation_time == 1
    assert result.estimator == chains.INDEPENDENT


def test_chains_stuck_in_their_own_modes_count_once_each() -> None:
    modes = np.repeat(np.eye(8), 500, axis=0)
    samples = modes + 1e-3 * np.random.default_rng(0).standard_normal(modes.shape)
    result = chains.diagnose(samples, (8, 500))
    assert result.effective_sample_size == pytest.approx(8, rel=0.05)


def test_samples_all_the_same_count_as_one() -> None:
    result = chains.diagnose(np.full((40, 3), 0.3, dtype=np.float32), (4, 10))
    assert result.effective_sample_size == 1
    assert result.estimator == chains.CONSTANT
    assert np.isnan(chains.autocorrelation_time(np.full((2, 10), 0.3)))


def test_a_constant_projection_is_left_out() -> None:
    first = autoregression(0.5, 4, 500).ravel()
    result = chains.diagnose(np.stack([first, -first], axis=1), (4, 500))
    assert list(result.projections) == ["principal direction 1"]


def test_short_chains_count_once_each() -> None:
    result = chains.diagnose(np.random.default_rng(0).random((9, 2)), (3, 3))
    assert result.effective_sample_size == 3
    assert result.estimator == chains.TOO_SHORT


def test_last_chain_may_end_early() -> None:
    samples = np.random.default_rng(0).random((95, 2))
    result = chains.diagnose(samples, (10, 10))
    assert result.effective_sample_size == pytest.approx(95 / result.autocorrelation_time)


@pytest.mark.parametrize("shape", [(3, 10), (5, 10), (0, 10)])
def test_wrong_chain_shape_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        chains.diagnose(np.zeros((40, 2)), shape)


@pytest.mark.parametrize("samples", [np.zeros(4), np.zeros((0, 3)), np.full((4, 2), np.nan)])
def test_bad_samples_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite matrix"):
        chains.diagnose(samples, (2, 2))
