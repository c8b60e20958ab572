"""The choice of sigma and the score: what each protocol looks at, and what it makes of it."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize_scalar

from gan_repro import data
from gan_repro.parzen import GridEdgeWarning, choose_sigma, evaluate, log_density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS, PROTOCOLS
from gan_repro.stats.estimate import Estimate

Images = npt.NDArray[np.float32]


def blobs(n: int, seed: int, spread: float = 0.2, d: int = 20) -> Images:
    """Points around three corners, for which the best sigma is near `spread`."""
    random = np.random.default_rng(seed)
    corners = np.random.default_rng(99).random((3, d)) * 3 * spread
    points = corners[random.integers(3, size=n)] + spread * random.standard_normal((n, d))
    return points.astype(np.float32)


def test_the_grid_is_the_authors() -> None:
    printed = [0.1, 0.1292, 0.1668, 0.2154, 0.2783, 0.3594, 0.4642, 0.5995, 0.7743, 1.0]
    assert pytest.approx(printed, abs=5e-5) == AUTHORS_SIGMAS


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_score_is_what_its_parts_say(protocol: str) -> None:
    samples, valid, test = blobs(300, 1), blobs(200, 2), blobs(150, 3)
    result = evaluate(samples, valid, test, protocol=protocol)
    values = log_density(test, samples, [result.sigma])[:, 0]
    assert np.array_equal(result.log_likelihood, values)
    assert result.mean == values.mean()
    assert result.standard_error == pytest.approx(np.sqrt(np.mean((values - values.mean()) ** 2) / 150))
    curve = dict(result.sigma_curve)
    assert list(curve) == sorted(curve)
    assert set(AUTHORS_SIGMAS) <= set(curve)
    assert curve[result.sigma] == result.valid_mean == max(curve.values())
    for sigma, mean in curve.items():
        assert mean == pytest.approx(log_density(valid, samples, [sigma]).mean(), abs=1e-5)
    assert (result.n_samples, result.n_valid, result.protocol) == (300, 200, protocol)
    assert not result.at_grid_edge
    assert result.estimate == Estimate(
        value=result.mean, standard_error=result.standard_error, over="test examples", n=150
    )


def test_authors_look_at_a_thousand_validation_images_only() -> None:
    samples, valid, test = blobs(100, 1), blobs(1200, 2), blobs(10, 3)
    expected = evaluate(samples, valid[:1000], test)
    changed = valid.copy()
    changed[1000:] += 5
    result = evaluate(samples, changed, test)
    assert result.sigma_curve == expected.sigma_curve
    assert result.n_valid == 1000
    changed[999] += 5
    assert evaluate(samples, changed, test).sigma_curve != expected.sigma_curve


@pytest.mark.parametrize("protocol", ["authors-folds", "refined"])
def test_the_others_look_at_all(protocol: str) -> None:
    samples, valid, test = blobs(50, 1), blobs(1200, 2), blobs(10, 3)
    result = evaluate(samples, valid, test, protocol=protocol)
    changed = valid.copy()
    changed[-1] += 5
    assert result.n_valid == 1200
    assert evaluate(samples, changed, test, protocol=protocol).sigma_curve != result.sigma_curve


# On the grid's own points, just beside them and between them.
@pytest.mark.parametrize("target", [0.12, 0.1667, 0.16681, 0.16682, 0.164, 0.17, 0.19, 0.2154, 0.5, 0.7743])
def test_refined_finds_what_an_optimiser_finds(target: float) -> None:
    # In many dimensions, where a per cent of sigma is worth something.
    samples, valid = blobs(100, 1, d=500), blobs(100, 2, d=500)

    def loss(log_sigma: float, scale: float) -> float:
        return -float(log_density(valid * scale, samples * scale, [np.exp(log_sigma)]).mean())

    # The best sigma grows with the data, so they can be scaled until it is where it is wanted.
    found = minimize_scalar(loss, bounds=np.log([0.05, 1.0]), args=(1.0,), method="bounded")
    scale = np.float32(target / np.exp(found.x))
    found = minimize_scalar(loss, bounds=np.log([target / 2, target * 2]), args=(scale,), method="bounded")
    refined = choose_sigma(samples * scale, valid * scale, protocol="refined")
    assert refined.sigma == pytest.approx(target, rel=0.01)
    assert refined.valid_mean == pytest.approx(-found.fun, abs=0.01)
    assert refined.valid_mean >= choose_sigma(samples * scale, valid * scale).valid_mean


@pytest.mark.parametrize("spread", [0.01, 5.0])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_edge_of_the_grid_is_told(spread: float, protocol: str) -> None:
    samples, valid, test = (blobs(n, n, spread) for n in (100, 101, 102))
    with pytest.warns(GridEdgeWarning, match=r"at the edge of the grid") as caught:
        result = evaluate(samples, valid, test, protocol=protocol)
    assert result.at_grid_edge
    assert result.sigma == (0.1 if spread < 0.1 else 1.0)
    assert caught[0].filename == __file__


def test_choosing_sigma_alone_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose_sigma(blobs(50, 1, 5.0), blobs(50, 2, 5.0)).at_grid_edge


def test_one_test_image_has_no_standard_error() -> None:
    result = evaluate(blobs(50, 1), blobs(50, 2), blobs(1, 3))
    assert result.standard_error is None
    assert result.estimate.n == 1
    assert str(result.estimate) == f"{result.mean:.1f}"


def test_rows_stay_in_the_order_of_the_test_images() -> None:
    samples, valid, test = blobs(100, 1), blobs(50, 2), blobs(30, 3)
    order = np.random.default_rng(0).permutation(30)
    expected = evaluate(samples, valid, test).log_likelihood[order]
    assert evaluate(samples, valid, test[order]).log_likelihood == pytest.approx(expected, abs=1e-4)


def test_an_unknown_protocol_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'author'; known protocols: authors, authors-folds, refined"):
        evaluate(blobs(5, 1), blobs(5, 2), blobs(5, 3), protocol="author")


def test_a_collapsed_generator_has_the_score_of_its_one_sample() -> None:
    one, valid, test = blobs(1, 1), blobs(100, 2), blobs(100, 3)
    collapsed = evaluate(np.repeat(one, 5000, axis=0), valid, test)
    alone = evaluate(one, valid, test)
    assert collapsed.sigma == alone.sigma
    assert collapsed.mean == pytest.approx(alone.mean, abs=1e-3)


@pytest.mark.mnist
def test_training_images_as_samples_score_as_measured_before(mnist: data.Dataset) -> None:
    """242.7 +- 2.1 nats at sigma = 0.1668 was measured by another program, on other random images."""
    chosen = np.random.default_rng(2014).choice(len(mnist.train_pixels), 10_000, replace=False)
    result = evaluate(mnist.train[chosen], mnist.valid, mnist.test)
    assert result.sigma == pytest.approx(0.1668, abs=5e-5)
    assert result.mean == pytest.approx(242.7, abs=3 * 2.1)
    assert result.standard_error == pytest.approx(2.1, abs=0.1)
    assert (result.n_samples, result.n_valid, len(result.log_likelihood)) == (10_000, 1000, 10_000)
