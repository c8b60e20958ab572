"""Nearest images against a search in float64."""

import tracemalloc

import numpy as np
import pytest

from gan_repro.stats.neighbours import nearest


def images(n, d=784, seed=0):
    return np.random.default_rng(seed).random((n, d)).astype(np.float32)


def brute(points, pool):
    return np.sqrt(np.square(points[:, None].astype(float) - pool.astype(float)).sum(axis=2))


@pytest.mark.parametrize("k", [1, 2, 50])
def test_neighbours_are_those_of_a_search_in_float64(k):
    points, pool = images(230, 40, 1), images(50, 40, 2)
    exact = brute(points, pool)
    distances, rows = nearest(points, pool, k)
    order = np.argsort(exact, axis=1)[:, :k]
    np.testing.assert_array_equal(rows.reshape(230, k), order)
    expected = np.take_along_axis(exact, order, axis=1)
    np.testing.assert_allclose(distances.reshape(230, k), expected, rtol=1e-12)


def test_images_far_from_nought_lose_no_digits():
    """Where |s|^2 - 2 s t + |t|^2 in float32 would see only rounding."""
    pool = 1 - images(30, 40) * 1e-4
    points = pool[[4, 9]] + np.float32(1e-6)
    distances, rows = nearest(points, pool)
    assert rows.tolist() == [4, 9]
    np.testing.assert_allclose(distances, brute(points, pool).min(axis=1), rtol=1e-12)


def test_a_copy_is_at_0_and_the_first_of_equals_counts():
    pool = images(9, 40)
    pool[[5, 8]] = pool[2]
    distances, rows = nearest(pool[[8, 0]], pool)
    assert rows.tolist() == [2, 0]
    assert distances.tolist() == [0, 0]


def test_memory_holds_no_matrix_of_all_distances():
    points, pool = images(600, 4), images(40_000, 4)
    tracemalloc.start()
    try:
        nearest(points, pool)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 600 * 40_000 * 8 / 5


@pytest.mark.parametrize(
    ("points", "pool", "message"),
    [
        (images(2, 3), images(2, 4), r"\(2, 3\) and images \(2, 4\)"),
        (images(2, 3), images(0, 3), "m >= 1"),
        (images(2, 3), np.zeros((2, 3), np.uint8), "not float32 and uint8"),
        (images(2, 3) * np.float32(np.nan), images(2, 3), "not finite"),
        (images(2, 3), images(2, 3) * np.float32(np.inf), "not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(points, pool, message):
    with pytest.raises(ValueError, match=message):
        nearest(points, pool)
