"""Kernel Inception Distance: squared maximum mean discrepancy under a cubic polynomial kernel, unbiased.

    k(x, y) = (x'y / d + 1)^3
    KID     = sum_{i != j} k(x_i, x_j) / m(m - 1) + sum_{i != j} k(y_i, y_j) / n(n - 1)
              - 2 sum_{i, j} k(x_i, y_j) / mn

on features x (m, d) of samples and y (n, d) of images. Its mean is 0 where the two distributions are one,
at any number of samples; single values may be below 0. All pairs are used, where other programs average
over random subsets of 1,000: the same mean, with less noise. The kernel of a pair is computed in float32
and added up in float64.

Reference: Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs" (ICLR 2018), Section 4;
torch-fidelity, metric_kid.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.measures.jackknife import GROUPS, Value, bounds

Floats = npt.NDArray[np.floating]

_ROWS = 1000
"""Rows of the kernel matrix that are in memory at a time."""


def kid(
    samples: Floats, images: Floats, *, within_images: float | None = None, groups: int = GROUPS
) -> Value:
    """Give the KID of features `samples` (m, d) against features `images` (n, d), with its error over draws.

    Args:
        samples: (m, d).
        images: (n, d).
        within_images: `image_term(images)`, where it is known from an earlier call.
        groups: of samples that are left out in turn for the error.

    Raises:
        ValueError: there are fewer than two samples a group, or fewer than two images.
    """
    x, y = _tensor(samples), _tensor(images)
    if len(x) < 2 * groups or len(y) < 2:
        raise ValueError(
            f"KID compares pairs: {len(x)} samples in {groups} groups and {len(y)} images are too few; "
            "give at least two samples a group and two images"
        )
    if within_images is None:
        within_images = image_term(images)
    cut = bounds(len(x), groups)
    member = _members(len(x), cut)
    among = kernel_sums(x, x, member, member) - np.diag([float(_diagonal(x[rows]).sum()) for rows in cut])
    across = kernel_sums(x, y, member, torch.ones(len(y), 1, dtype=torch.float64))[:, 0]

    def estimate(kept: list[int]) -> float:
        m = sum(cut[group].stop - cut[group].start for group in kept)
        own, other = among[np.ix_(kept, kept)].sum(), across[kept].sum()
        return float(own / (m * (m - 1)) + within_images - 2 * other / (m * len(y)))

    everyone = list(range(groups))
    return Value.of(
        estimate(everyone), [estimate([other for other in everyone if other != group]) for group in everyone]
    )


def image_term(images: Floats) -> float:
    """Mean kernel over pairs of different images (n, d): the part of KID that no sample changes."""
    y = _tensor(images)
    one = torch.ones(len(y), 1, dtype=torch.float64)
    total = float(kernel_sums(y, y, one, one)[0, 0]) - float(_diagonal(y).sum())
    return total / (len(y) * (len(y) - 1))


def split_kid(images: Floats, splits: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """KID between two random disjoint halves of the same images (n, d), for each of some splits.

    What KID is, over draws, where samples and images have one distribution: real against real.
    """
    y = _tensor(images)
    half = len(y) // 2
    if half < 2:
        raise ValueError(f"{len(y)} images cannot be split into two halves of two or more")
    members = torch.zeros(len(y), 2 * splits, dtype=torch.float64)
    for split in range(splits):
        order = random.permutation(len(y))
        members[order[:half], split] = 1
        members[order[half : 2 * half], splits + split] = 1
    sums = kernel_sums(y, y, members, members)
    own = np.diag(sums) - (members.T @ _diagonal(y)).numpy()
    first, second, across = own[:splits], own[splits:], np.diag(sums[:splits, splits:])
    return (first + second) / (half * (half - 1)) - 2 * across / half**2


def kernel_sums(x: Tensor, y: Tensor, member_x: Tensor, member_y: Tensor) -> npt.NDArray[np.float64]:
    """Sums of the kernel over pairs of groups: member_x' K member_y, (groups of x, groups of y) float64.

    Args:
        x: features (m, d) float32.
        y: features (n, d) float32.
        member_x: (m, groups) float64, 1 where a row belongs to a group, else 0.
        member_y: (n, groups) float64.
    """
    total = torch.zeros(member_x.shape[1], member_y.shape[1], dtype=torch.float64)
    for start in range(0, len(x), _ROWS):
        rows = slice(start, start + _ROWS)
        kernel = _cube(torch.addmm(torch.ones(()), x[rows], y.T, alpha=1 / x.shape[1]))
        total += member_x[rows].T @ (kernel.double() @ member_y)
    return total.numpy()


def _members(n: int, cut: list[slice]) -> Tensor:
    member = torch.zeros(n, len(cut), dtype=torch.float64)
    for group, rows in enumerate(cut):
        member[rows, group] = 1
    return member


def _diagonal(x: Tensor) -> Tensor:
    """Kernel of each row with itself, (n,) float64."""
    return _cube(x.square().sum(dim=1).div_(x.shape[1]).add_(1)).double()


def _cube(base: Tensor) -> Tensor:
    return base.square().mul_(base)


def _tensor(features: Floats) -> Tensor:
    return torch.from_numpy(np.array(features, np.float32, order="C"))
