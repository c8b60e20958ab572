"""Distances of single pairs: within their bounds whatever the numbers, and exact where that is asked for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_repro.parzen.pairs import Sides, bounded_excess, dot_products, exact_excess, nearer_pairs
from tests.parzen.hostile import matrices

Data = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def all_pairs(data: Data) -> tuple[Sides, Tensor, Tensor, Tensor]:
    """The sides, every pair, and the excess of each from float64 differences."""
    points, centers = map(torch.from_numpy, data)
    halves = [rows.double().square().sum(dim=1) / 2 for rows in (points, centers)]
    row, column = torch.ones(len(points), len(centers)).nonzero(as_tuple=True)
    squares = (points.double()[row] - centers.double()[column]).square().sum(dim=1)
    return Sides(points, halves[0], centers, halves[1]), row, column, squares / 2 - halves[0][row]


@given(data=matrices())
def test_no_excess_is_outside_its_bounds(data: Data) -> None:
    sides, row, column, truth = all_pairs(data)
    low, high = bounded_excess(sides, row, column)
    # What float64 itself loses when |x|^2/2 is taken off.
    room = 1e-12 * (sides.half_points[row] + sides.half_centers[column])
    assert bool((low <= truth + room).all())
    assert bool((truth - room <= high).all())


def test_bounds_are_narrow() -> None:
    """For rows of 784 numbers a ten-thousandth of S; MNIST's reach at sigma 0.17 is a hundredth of it."""
    random = np.random.default_rng(0)
    data = (random.standard_normal((20, 784), np.float32), random.standard_normal((30, 784), np.float32))
    sides, row, column, _ = all_pairs(data)
    low, high = bounded_excess(sides, row, column)
    assert float(((high - low) / (sides.half_points[row] + sides.half_centers[column])).max()) < 1e-4


@given(data=matrices(), share=st.floats(0, 1))
def test_of_some_pairs_all_that_matter_are_kept(data: Data, share: float) -> None:
    sides, row, column, truth = all_pairs(data)
    reach = share * float(truth.max() - truth.min())
    by_point = truth.view(len(sides.points), -1)
    # In another order, and some pairs known to lie far left out by the caller.
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(row)))
    unknown = torch.full((len(sides.points),), torch.inf)
    kept = nearer_pairs(sides, (row[order], column[order]), unknown, reach)
    found = set(zip(kept[0].tolist(), kept[1].tolist(), strict=True))
    matter = (by_point < by_point.amin(dim=1, keepdim=True) + (1 - 1e-6) * reach).nonzero()
    assert found >= {(r, c) for r, c in matter.tolist()}
    assert bool((kept[0].diff() >= 0).all())


def test_a_nearer_center_seen_before_leaves_none() -> None:
    random = np.random.default_rng(0)
    data = (random.standard_normal((5, 40), np.float32), 9 + random.standard_normal((6, 40), np.float32))
    sides, row, column, truth = all_pairs(data)
    nearest = torch.full((5,), float(truth.min()) - 10.0)
    assert len(nearer_pairs(sides, (row, column), nearest, 5.0)[0]) == 0


@given(data=matrices())
def test_exact_excess_is_that_of_float64(data: Data) -> None:
    sides, row, column, _ = all_pairs(data)
    differences = (sides.points[row] - sides.centers[column]).double()
    expected = differences.square().sum(dim=1) / 2 - sides.half_points[row]
    scale = sides.half_points[row] + sides.half_centers[column]
    assert bool(((exact_excess(sides, row, column) - expected).abs() <= 1e-12 * scale).all())


def test_dot_products_of_no_pair_are_none() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    assert dot_products(torch.ones(3, 4), torch.ones(2, 4), none, none).shape == (0,)


def test_nobody_is_warned_of_sparse_matrices() -> None:
    program = (
        "import torch, warnings; warnings.simplefilter('error');"
        "from gan_repro.parzen.pairs import dot_products; zero = torch.zeros(1, dtype=torch.int64);"
        "print(dot_products(torch.ones(1, 3), torch.ones(1, 3), zero, zero).item())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "3.0\n"
    assert done.stderr == ""
