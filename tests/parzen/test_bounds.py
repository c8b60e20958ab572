"""The lower bound: never above a distance in float64, and no pair that matters is lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_repro.parzen import bounds
from gan_repro.parzen.bounds import Bound, near_pairs, places, principal_directions, rounded_up
from tests.parzen.hostile import matrices


def half_squares(rows: Tensor) -> Tensor:
    return rows.double().square().sum(dim=1) / 2


def distances(points: Tensor, centers: Tensor) -> Tensor:
    """Half squared distances in float64, short of |x|^2/2."""
    mode = "donot_use_mm_for_euclid_dist"
    squares = torch.cdist(points.double(), centers.double(), compute_mode=mode).square()
    return squares / 2 - half_squares(points)[:, None]


@given(data=matrices(), count=st.integers(1, 40))
def test_no_bound_is_above_its_distance(
    data: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], count: int
) -> None:
    points, centers = map(torch.from_numpy, data)
    bound = Bound(principal_directions(centers, count))
    left = bound.of_points(points, half_squares(points))
    right = bound.of_centers(centers, half_squares(centers))
    # To the last bit: bounds leave room for the rounding of distances in float32.
    assert bool((distances(points, centers).float() >= (right @ left).T).all())


@given(data=matrices(), share=st.floats(0, 1))
def test_no_pair_within_reach_is_lost(
    data: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], share: float
) -> None:
    points, centers = map(torch.from_numpy, data)
    bound = Bound(principal_directions(centers, 8))
    truth = distances(points, centers)
    reach = share * float(truth.max() - truth.min())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MOST_PAIRS", 1.1)
        pairs = near_pairs(
            bound.of_points(points, half_squares(points)),
            bound.of_centers(centers, half_squares(centers)),
            torch.full((len(points),), torch.inf),
            reach,
            lambda row, column: truth[row, column],
            torch.empty(len(points) * rounded_up(len(centers))),
        )
    assert pairs is not None
    found = set(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
    assert len(found) == len(pairs[0])
    matter = (truth < truth.amin(dim=1, keepdim=True) + (1 - 1e-6) * reach).nonzero()
    assert found >= {(row, column) for row, column in matter.tolist()}


def test_images_leave_few_pairs() -> None:
    """Points around 300 corners of a space of few dimensions: each has its corner's centers near."""
    random = np.random.default_rng(0)
    corners = random.random((300, 10), np.float32) @ random.standard_normal((10, 784), np.float32)
    noise = 0.1 * random.standard_normal((600, 784), np.float32)
    points, centers = map(torch.from_numpy, np.split(np.tile(corners, (2, 1)) + noise, 2))
    truth = distances(points, centers)
    bound = Bound(principal_directions(centers, 20))
    pairs = near_pairs(
        bound.of_points(points, half_squares(points)),
        bound.of_centers(centers, half_squares(centers)),
        torch.full((300,), torch.inf),
        0.5,
        lambda row, column: truth[row, column],
        torch.empty(300 * rounded_up(300)),
    )
    assert pairs is not None
    assert len(pairs[0]) < 600


def test_too_many_pairs_are_none() -> None:
    equal = torch.ones(50, 30)
    bound = Bound(principal_directions(equal, 8))
    sides = bound.of_points(equal, half_squares(equal)), bound.of_centers(equal, half_squares(equal))
    nearest, space = torch.full((50,), torch.inf), torch.empty(50 * rounded_up(50))
    truth = distances(equal, equal)
    assert near_pairs(*sides, nearest, 0.1, lambda row, column: truth[row, column], space) is None


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 5), (40, 300), (300, 40)])
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1.0, 1e30])
def test_directions_are_orthonormal_whatever_the_sample(shape: tuple[int, int], scale: float) -> None:
    sample = scale * torch.from_numpy(np.random.default_rng(0).standard_normal(shape, np.float32))
    directions = principal_directions(sample, 20)
    assert directions.shape == (shape[1], min(20, *shape))
    product = directions.T @ directions
    assert float((product - torch.eye(len(product))).norm()) < 1e-13


def test_directions_are_the_principal_ones() -> None:
    random = np.random.default_rng(0)
    spread = 0.5 ** np.arange(30)
    rotation = np.linalg.qr(random.standard_normal((30, 30)))[0]
    sample = (random.standard_normal((500, 30)) * spread) @ rotation
    directions = principal_directions(torch.from_numpy(sample.astype(np.float32)), 12).numpy()
    assert np.abs(np.diag(rotation[:3] @ directions[:, :3])) == pytest.approx(1, abs=1e-3)


@given(st.lists(st.booleans(), max_size=70))
def test_places_are_where_a_mask_is_true(mask: list[bool]) -> None:
    assert places(torch.tensor(mask, dtype=torch.bool)).tolist() == [i for i, true in enumerate(mask) if true]
