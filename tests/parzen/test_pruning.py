"""Densities where the lower bound picks the terms: as exact as where all distances are computed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_repro import data
from gan_repro.parzen import bounds, log_density, scan
from gan_repro.parzen.density import Density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.parzen.scan import Scan
from tests.parzen.hostile import Pair, matrices
from tests.parzen.test_density import assert_true, reference

Images = npt.NDArray[np.float32]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is tried however few the pairs are, and taken however many it leaves."""
    monkeypatch.setattr(scan, "_LEAST_PAIRS", 0)
    monkeypatch.setattr(scan, "_LEAST_POINTS", 0)
    monkeypatch.setattr(scan, "_LEAST_DIMENSION", 1)
    for module in (scan, bounds):
        monkeypatch.setattr(module, "MOST_PAIRS", 1.1)


def blobs(n: int, seed: int, d: int = 600) -> Images:
    """Points around 1,000 corners in a space of ten dimensions: narrow sigmas leave few terms."""
    random = np.random.default_rng(seed)
    fixed = np.random.default_rng(99)
    corners = fixed.random((1000, 10)) @ fixed.random((10, d)) / 3
    return (corners[random.integers(1000, size=n)] + 0.02 * random.standard_normal((n, d))).astype(np.float32)


def scanned(points: Images, centers: Images, sigma: float, tile: tuple[int, int] = (250, 1000)) -> Scan:
    found = Scan(points, np.array([sigma]), torch.device("cpu"), tile, len(centers))
    for low in range(0, len(centers), tile[1]):
        found.take(centers[low : low + tile[1]])
    return found


@pytest.mark.usefixtures("always")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pair=matrices(),
    width=st.floats(-3, 3),
    tile=st.tuples(st.integers(1, 40), st.integers(1, 70)),
    several=st.booleans(),
)
def test_hostile_inputs_have_the_density_of_float64(
    pair: Pair, width: float, tile: tuple[int, int], several: bool
) -> None:
    points, centers = pair
    size = float(np.abs(np.concatenate(pair)).max()) or 1.0
    sigmas = size * 10.0**width * (np.array([1.0, 0.1, 7.0]) if several else np.ones(1))
    found = log_density(points, centers, sigmas, tile=tile)
    expected = reference(points, centers, sigmas)
    # Rounding of the data to float32, relative to their distance from the points' mean, which is moved to 0.
    moved = np.concatenate(pair).astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    rounding = 4e-7 * np.square(moved).sum(axis=1).max() / sigmas**2
    assert (np.abs(found - expected) <= 1e-6 + 1e-9 * np.abs(expected) + rounding).all()


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("tile", [(9, 5), (7, 30), (64, 129), (1000, 5000)])
def test_every_tile_gives_the_same(tile: tuple[int, int]) -> None:
    points, centers = blobs(100, 1), blobs(500, 2)
    found = log_density(points, centers, AUTHORS_SIGMAS[:4], tile=tile)
    assert np.abs(found - reference(points, centers, AUTHORS_SIGMAS[:4])).max() < 1e-3


def test_the_bound_is_used_where_it_leaves_few_pairs() -> None:
    points, centers = blobs(1500, 1), blobs(15_000, 2)
    found = scanned(points, centers, 0.02)
    assert found.bound is not None
    assert found.failures == [0] * 6
    assert_true(found.mixture.log_density()[::30], reference(points[::30], centers, [0.02]))


def test_more_directions_are_tried_where_few_do_not_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    points, centers = blobs(1500, 1), blobs(15_000, 2)
    for counts, taken in (((1, 30), 30), ((30, 40), 30)):
        monkeypatch.setattr(scan, "DIRECTIONS", counts)
        found = scanned(points, centers, 0.02)
        assert found.bound is not None
        assert found.bound.directions.shape[1] == taken
        assert_true(found.mixture.log_density()[::30], reference(points[::30], centers, [0.02]))


def test_few_points_are_not_worth_projecting_centers_for() -> None:
    found = scanned(blobs(400, 1), blobs(60_000, 2), 0.02)
    assert found.bound is None
    assert scanned(blobs(600, 1), blobs(60_000, 2), 0.02).bound is not None


@pytest.mark.parametrize("kind", ["equal", "noise", "wide"])
def test_the_bound_is_left_where_it_does_not_pay(kind: str) -> None:
    points, centers, sigma = blobs(1500, 1), blobs(15_000, 2), 0.1
    if kind == "equal":
        centers[:] = centers[0]
    elif kind == "noise":
        points, centers = (np.random.default_rng(n).random((n, 600), np.float32) for n in (1500, 15_000))
    else:
        sigma = 1.0
    found = scanned(points, centers, sigma)
    assert found.bound is None
    assert_true(found.mixture.log_density()[::30], reference(points[::30], centers, [sigma]))


def test_points_for_which_the_bound_fails_are_left_dense() -> None:
    points, centers = blobs(1200, 1), blobs(20_000, 2)
    # What is left of these is long, and in no common direction: no bound tells much of it. The probe, which
    # takes every twelfth point, does not see them.
    hostile = slice(37, 48)
    points[hostile] += np.random.default_rng(3).standard_normal((11, 600), np.float32)
    found = scanned(points, centers, 0.02, tile=(12, 1000))
    assert found.bound is not None
    # Of the 20 blocks the first is tried and the sixth, after 4 that are left out; then 16 are left out.
    assert found.failures == [0, 0, 0, 2] + 96 * [0]
    values = found.mixture.log_density()[hostile]
    assert values == pytest.approx(reference(points[hostile], centers, [0.02]), rel=1e-6)


def test_the_same_inputs_give_the_same_bits() -> None:
    points, centers = blobs(1500, 1), blobs(15_000, 2)
    first, second = (log_density(points, centers, [0.05, 0.02]) for _ in range(2))
    assert np.array_equal(first, second)


def test_threads_share_the_tiles_of_pruned_points() -> None:
    points, centers = blobs(2000, 1), blobs(15_000, 2)
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(log_density(points, centers, [0.02], tile=(500, 4000)))
    torch.set_num_threads(1)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("first", [[0.012], [1.0, 0.3, 0.012]], ids=["pruned", "dense"])
def test_kept_terms_give_the_density_at_narrower_sigmas(
    monkeypatch: pytest.MonkeyPatch, first: list[float]
) -> None:
    points, centers, narrow = blobs(2000, 1), blobs(12_000, 2), [0.011, 0.01]
    density = Density(points, centers)
    density.log_density(first)
    expected = log_density(points, centers, narrow)
    monkeypatch.setattr(Scan, "take", None)  # no center is looked at again
    assert np.abs(density.log_density(narrow) - expected).max() < 1e-5
    with pytest.raises(TypeError):
        density.log_density([0.013])


def test_terms_that_are_too_many_are_computed_anew() -> None:
    points = blobs(50, 1)
    centers = np.tile(points[:1], (2000, 1))
    density = Density(points, centers)
    for sigmas in ([0.2], [0.1], [0.3, 0.1]):
        assert np.abs(density.log_density(sigmas) - log_density(points, centers, sigmas)).max() < 1e-9


@pytest.mark.mnist
@pytest.mark.slow
def test_ten_thousand_images_over_the_authors_grid(mnist: data.Dataset) -> None:
    """A tenth of what is promised, at every sigma: on both paths."""
    random = np.random.default_rng(2014)
    centers = mnist.train[random.choice(len(mnist.train), 10_000, replace=False)]
    few = slice(0, 10_000, 100)
    expected = reference(mnist.test[few], centers, AUTHORS_SIGMAS)
    errors = [log_density(mnist.test[few], centers, AUTHORS_SIGMAS) - expected]
    for narrow in range(4):
        pruned = log_density(mnist.test, centers, AUTHORS_SIGMAS[[narrow]])[few, 0]
        errors.append((pruned - expected[:, narrow])[:, None])
    for error in errors:
        assert np.abs(error).max() < 1e-3
        assert np.abs(error.mean(axis=0)).max() < 1e-4
