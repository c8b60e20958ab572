"""The density against its formula in float64, written down anew with differences taken directly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from gan_repro import data
from gan_repro.parzen import log_density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS

Floats = npt.NDArray[np.floating]

SPARSE_TO_DENSE = (0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
TILES = [(1, 1), (3, 7), (37, 64), (500, 2000), (100_000, 100_000)]


def reference(points: Floats, centers: Floats, sigmas: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(n_points, n_sigmas), nats; cdist adds up squared differences in float64, no products."""
    squares = cdist(points.astype(np.float64), centers.astype(np.float64), "sqeuclidean")
    d = points.shape[1]
    columns = [
        logsumexp(-squares / (2 * sigma**2), axis=1)
        - np.log(len(centers))
        - 0.5 * d * np.log(2 * np.pi * sigma**2)
        for sigma in np.asarray(sigmas)
    ]
    return np.stack(columns, axis=1)


def uniform(n: int, d: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).random((n, d), dtype=np.float32)


def assert_true(found: Floats, expected: Floats) -> None:
    """The accuracy that is promised: every point within 1e-2 nats, their mean within 1e-3."""
    assert found.shape == expected.shape
    assert found.dtype == np.float64
    assert np.abs(found - expected).max() < 1e-2
    assert np.abs((found - expected).mean(axis=0)).max() < 1e-3


@pytest.mark.mnist
@pytest.mark.parametrize("tile", [(37, 101), (500, 2000), (100_000, 100_000)])
def test_mnist_over_the_authors_grid(mnist: data.Dataset, tile: tuple[int, int]) -> None:
    points, centers = mnist.test[:200], mnist.train[:1500]
    found = log_density(points, centers, AUTHORS_SIGMAS, tile=tile)
    assert_true(found, reference(points, centers, AUTHORS_SIGMAS))


@pytest.mark.parametrize("tile", [(71, 130), (500, 2000), (100_000, 100_000)])
def test_digits_over_the_authors_grid(digits: data.Dataset, tile: tuple[int, int]) -> None:
    found = log_density(digits.test, digits.train, AUTHORS_SIGMAS, tile=tile)
    assert_true(found, reference(digits.test, digits.train, AUTHORS_SIGMAS))


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("d", [1, 6, 300])
def test_any_tile_and_any_width_of_gaussian(tile: tuple[int, int], d: int) -> None:
    points, centers = uniform(19, d), uniform(41, d, seed=1)
    found = log_density(points, centers, SPARSE_TO_DENSE, tile=tile)
    # At sigma = 0.05 float32 distances are divided by 0.005: what is promised begins at 0.1.
    assert np.abs(found[:, 0] - reference(points, centers, SPARSE_TO_DENSE)[:, 0]).max() < 0.05
    assert_true(found[:, 1:], reference(points, centers, SPARSE_TO_DENSE[1:]))


def test_each_sigma_alone_and_in_any_order_gives_the_same() -> None:
    points, centers = uniform(30, 50), uniform(200, 50, seed=1)
    together = log_density(points, centers, SPARSE_TO_DENSE)
    backwards = log_density(points, centers, SPARSE_TO_DENSE[::-1])[:, ::-1]
    alone = np.hstack([log_density(points, centers, [sigma]) for sigma in SPARSE_TO_DENSE])
    twice = log_density(points, centers, [0.2, 0.2])
    assert np.abs(backwards - together).max() < 1e-5
    assert np.abs(alone - together).max() < 1e-5
    assert np.array_equal(twice[:, 0], twice[:, 1])


def test_a_nearer_center_in_a_later_tile() -> None:
    points = np.zeros((1, 20), dtype=np.float32)
    # Each tile of one center is nearer than all before it: the running sums shrink away, one by one.
    centers = np.linspace(3, 0, 31, dtype=np.float32)[:, None] * np.ones((1, 20), dtype=np.float32)
    for order in (centers, centers[::-1]):
        found = log_density(points, order, SPARSE_TO_DENSE, tile=(1, 1))
        assert_true(found, reference(points, order, SPARSE_TO_DENSE))


def test_one_center_is_the_gaussian_itself() -> None:
    points, center, d = uniform(20, 784), uniform(1, 784, seed=1), 784
    squares = ((points.astype(np.float64) - center.astype(np.float64)) ** 2).sum(axis=1)
    for sigma, found in zip(AUTHORS_SIGMAS, log_density(points, center, AUTHORS_SIGMAS).T, strict=True):
        expected = -squares / (2 * sigma**2) - d * np.log(sigma * np.sqrt(2 * np.pi))
        assert np.abs(found - expected).max() < 1e-2


def test_a_point_on_its_only_center_leaves_the_normaliser() -> None:
    point = uniform(1, 784)
    found = log_density(point, point, [0.1, 1.0])[0]
    expected = -784 * np.log(np.array([0.1, 1.0]) * np.sqrt(2 * np.pi))
    assert found == pytest.approx(expected, abs=1e-3)


def test_points_that_are_centers() -> None:
    centers = uniform(60, 784)
    assert_true(log_density(centers, centers, AUTHORS_SIGMAS), reference(centers, centers, AUTHORS_SIGMAS))


def test_every_center_twice_or_many_times_changes_nothing() -> None:
    points, centers = uniform(20, 100), uniform(50, 100, seed=1)
    once = log_density(points, centers, SPARSE_TO_DENSE)
    assert np.abs(log_density(points, np.tile(centers, (3, 1)), SPARSE_TO_DENSE) - once).max() < 1e-3
    collapsed = log_density(points, np.tile(centers[:1], (5000, 1)), SPARSE_TO_DENSE)
    assert np.abs(collapsed - log_density(points, centers[:1], SPARSE_TO_DENSE)).max() < 1e-2


def test_order_of_centers_is_free_and_of_points_is_kept() -> None:
    points, centers = uniform(40, 100), uniform(90, 100, seed=1)
    expected = log_density(points, centers, SPARSE_TO_DENSE, tile=(7, 20))
    shuffle = np.random.default_rng(2).permutation
    found = log_density(points, centers[shuffle(90)], SPARSE_TO_DENSE, tile=(7, 20))
    assert np.abs(found - expected).max() < 1e-3
    order = shuffle(40)
    found = log_density(points[order], centers, SPARSE_TO_DENSE, tile=(7, 20))
    assert np.abs(found - expected[order]).max() < 1e-3


def test_moving_everything_together_changes_nothing() -> None:
    # Multiples of 1/256 stay exact in float32 when 10 is added.
    points, centers = (np.floor(uniform(n, 200, seed=n) * 256) / 256 for n in (30, 80))
    moved = log_density(points + 10, centers + 10, AUTHORS_SIGMAS)
    assert_true(moved, reference(points, centers, AUTHORS_SIGMAS))


@pytest.mark.parametrize("distance", [3.0, 30.0, 1000.0])
def test_far_points_do_not_underflow(distance: float) -> None:
    centers = uniform(50, 784)
    points = uniform(5, 784, seed=1) + np.float32(distance)
    found = log_density(points, centers, SPARSE_TO_DENSE)
    assert found == pytest.approx(reference(points, centers, SPARSE_TO_DENSE), rel=1e-5)


@pytest.mark.parametrize(
    "kind", ["float64", "float16", "big-endian", "columns first", "read-only", "backwards"]
)
def test_whatever_array_it_is(kind: str) -> None:
    points, centers = uniform(20, 30), uniform(40, 30, seed=1)
    expected = log_density(points, centers, AUTHORS_SIGMAS)
    if kind == "float16":
        points, centers = points.astype(np.float16), centers.astype(np.float16)
        assert_true(log_density(points, centers, AUTHORS_SIGMAS), reference(points, centers, AUTHORS_SIGMAS))
        return
    as_kind = {
        "float64": lambda a: a.astype(np.float64),
        "big-endian": lambda a: a.astype(">f4"),
        "columns first": np.asfortranarray,
        "read-only": lambda a: np.frombuffer(a.tobytes(), np.float32).reshape(a.shape),
        "backwards": lambda a: a[::-1].copy()[::-1],
    }[kind]
    # One center a tile: a single row looks contiguous whatever its strides.
    for tile in [(20, 1), (500, 2000)]:
        found = log_density(as_kind(points), as_kind(centers), AUTHORS_SIGMAS, tile=tile)
        assert np.abs(found - expected).max() < 1e-3


def test_tensors_and_files_mapped_into_memory(tmp_path: Path) -> None:
    points, centers = uniform(20, 30), uniform(40, 30, seed=1)
    expected = log_density(points, centers, AUTHORS_SIGMAS)
    tensors = torch.from_numpy(points), torch.from_numpy(centers).requires_grad_()
    assert np.array_equal(log_density(*tensors, AUTHORS_SIGMAS), expected)
    assert np.array_equal(log_density(points, tensors[1].double(), AUTHORS_SIGMAS), expected)
    np.save(tmp_path / "centers.npy", centers)
    mapped = np.load(tmp_path / "centers.npy", mmap_mode="r")
    assert np.array_equal(log_density(points, mapped, AUTHORS_SIGMAS, tile=(20, 40)), expected)


def test_nothing_that_is_passed_in_is_changed() -> None:
    points, centers = uniform(20, 30), uniform(40, 30, seed=1)
    before = points.copy(), centers.copy()
    log_density(points, centers, SPARSE_TO_DENSE, tile=(5, 5))
    log_density(torch.from_numpy(points), torch.from_numpy(centers), SPARSE_TO_DENSE)
    assert np.array_equal(points, before[0])
    assert np.array_equal(centers, before[1])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_is_as_accurate() -> None:
    points, centers = uniform(200, 784), uniform(3000, 784, seed=1)
    found = log_density(points, centers, AUTHORS_SIGMAS, device="cuda")
    assert_true(found, reference(points, centers, AUTHORS_SIGMAS))


@pytest.mark.parametrize(
    ("points", "centers", "sigmas", "message"),
    [
        ((3, 5), (4, 6), [1.0], "equal width"),
        ((5,), (4, 5), [1.0], "matrices"),
        ((3, 5), (0, 5), [1.0], "0 centers"),
        ((0, 5), (4, 5), [1.0], "0 points"),
        ((3, 5), (4, 5), [], "positive"),
        ((3, 5), (4, 5), [1.0, 0.0], "positive"),
        ((3, 5), (4, 5), [-1.0], "positive"),
        ((3, 5), (4, 5), [float("nan")], "positive"),
    ],
)
def test_what_makes_no_sense_is_refused(
    points: tuple[int, ...], centers: tuple[int, ...], sigmas: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        log_density(np.zeros(points, np.float32), np.zeros(centers, np.float32), sigmas)


MEMORY = """
import re, sys
from pathlib import Path
import numpy as np, torch
from gan_repro.parzen import log_density

def peak():  # of this process alone: ru_maxrss may be inherited from the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
points = np.random.default_rng(0).random((50, 784), dtype=np.float32)

def score(n):
    # One row in memory that reads like n: all that grows is what the density itself takes.
    return log_density(points, np.broadcast_to(points[:1], (n, 784)), [0.2, 1.0])

few = score(4000)
before = peak()
many = score(int(sys.argv[1]))
assert np.abs(many - few).max() < 1e-2
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell peak memory")
def test_memory_does_not_grow_with_the_samples() -> None:
    command = [sys.executable, "-c", MEMORY, "200000"]
    grown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    # As float32 they would take 598 MiB; the tiles take 30 to 40, by the number of threads.
    assert float(grown) < 100
