"""Fidelity and diversity by nearest neighbours: precision and recall, density and coverage.

With B_k(y) the open ball about an image y that reaches to its k-th nearest other image, likewise for
samples x:

    precision  share of samples that lie in some B_3(y)             (Kynkaanniemi et al. 2019, k = 3)
    recall     share of images that lie in some B_3(x)
    density    mean number of balls B_5(y) that a sample lies in, / 5     (Naeem et al. 2020, k = 5)
    coverage   share of images whose B_5(y) holds a sample

Density may exceed 1. Recall and coverage depend on the number of samples and images: compare like with like.

References: Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for assessing
generative models" (NeurIPS 2019); Naeem, Oh, Uh, Choi, Yoo, "Reliable fidelity and diversity metrics for
generative models" (ICML 2020), clovaai/generative-evaluation-prdc, prdc.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.measures.jackknife import GROUPS, Value, bounds

Floats = npt.NDArray[np.floating]

PRECISION_K = 3
DENSITY_K = 5

_ROWS = 500
"""Rows of the matrix of distances that are in memory at a time."""


@dataclass(frozen=True)
class Neighbourhood:
    """Images, and how far their balls reach; computed once for all sets of samples."""

    images: Tensor
    """(n, d) float32, less the mean of the images."""
    origin: Tensor
    """That mean, (d,) float64."""
    radii: Tensor
    """Squared distances (n, 2) float32 to the nearest other images of numbers `precision_k` and
    `density_k`."""
    precision_k: int
    density_k: int


def neighbourhood(
    images: Floats, *, precision_k: int = PRECISION_K, density_k: int = DENSITY_K
) -> Neighbourhood:
    """Find how far the balls about images (n, d) reach.

    Raises:
        ValueError: there are not more images than the larger k.
    """
    origin = torch.from_numpy(np.asarray(images, np.float64).mean(axis=0))
    y = _centred(images, origin)
    _require_more("images", len(y), max(precision_k, density_k))
    nearest = _nearest_in_groups(y, [slice(0, len(y))], max(precision_k, density_k))[:, 0]
    return Neighbourhood(y, origin, nearest[:, [precision_k, density_k]], precision_k, density_k)


def neighbour_measures(samples: Floats, real: Neighbourhood, *, groups: int = GROUPS) -> dict[str, Value]:
    """Precision, recall, density and coverage of features `samples` (m, d), with their errors over draws.

    Raises:
        ValueError: a group, or all samples without one, are not more than k.
    """
    x, y = _centred(samples, real.origin), real.images
    cut = bounds(len(x), groups)
    _require_more("samples a group", len(x) // groups, real.precision_k)
    reach = _reach(x, cut, real.precision_k)

    in_precision_ball = torch.zeros(len(x), dtype=torch.bool)
    balls = torch.zeros(len(x), dtype=torch.int64)
    recalled = torch.zeros(len(y), 1 + groups, dtype=torch.bool)
    covered_by = torch.zeros(len(y), groups, dtype=torch.bool)
    for start in range(0, len(y), _ROWS):
        rows = slice(start, start + _ROWS)
        distances = _squared_distances(y[rows], x)
        in_precision_ball |= (distances < real.radii[rows, :1]).any(dim=0)
        in_ball = distances < real.radii[rows, 1:]
        balls += in_ball.sum(dim=0)
        for column in range(1 + groups):
            recalled[rows, column] = (distances < reach[column]).any(dim=1)
        for group, columns in enumerate(cut):
            covered_by[rows, group] = in_ball[:, columns].any(dim=1)
    recall = recalled.double().mean(dim=0).tolist()
    coverings = covered_by.sum(dim=1, keepdim=True)
    coverage_without = (coverings > covered_by).double().mean(dim=0).tolist()
    return {
        "precision": _mean(in_precision_ball.double(), cut),
        "recall": Value.of(recall[0], recall[1:]),
        "density": _mean(balls.double() / real.density_k, cut),
        "coverage": Value.of(float((coverings > 0).double().mean()), coverage_without),
    }


def _mean(of_samples: Tensor, cut: list[slice]) -> Value:
    total = float(of_samples.sum())
    without = [
        (total - float(of_samples[group].sum())) / (len(of_samples) - (group.stop - group.start))
        for group in cut
    ]
    return Value.of(total / len(of_samples), without)


def _reach(x: Tensor, cut: list[slice], k: int) -> Tensor:
    """Squared distances from samples to their k-th nearest others: among all, and without each group in turn.

    Returns:
        (1 + groups, n) float32; -1 for the samples of the group left out, which then reach nowhere.
    """
    nearest = _nearest_in_groups(x, cut, k)
    reach = torch.full((1 + len(cut), len(x)), -1.0)
    reach[0] = nearest.flatten(1).kthvalue(k + 1, dim=1).values
    for group, left_out in enumerate(cut):
        others = [other for other in range(len(cut)) if other != group]
        without = nearest[:, others].flatten(1).kthvalue(k + 1, dim=1).values
        reach[1 + group] = without
        reach[1 + group, left_out] = -1
    return reach


def _nearest_in_groups(x: Tensor, cut: list[slice], k: int) -> Tensor:
    """The k + 1 smallest squared distances from each row to the rows of each group, itself among them.

    Returns:
        (n, groups, k + 1) float32, ascending.
    """
    nearest = torch.empty(len(x), len(cut), k + 1)
    for start in range(0, len(x), _ROWS):
        rows = slice(start, min(start + _ROWS, len(x)))
        distances = _squared_distances(x[rows], x)
        own = torch.arange(rows.stop - rows.start)
        # Rounding must not give a row a neighbour nearer than itself.
        distances[own, own + start] = 0
        for group, columns in enumerate(cut):
            nearest[rows, group] = distances[:, columns].topk(k + 1, dim=1, largest=False).values
    return nearest


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    squares = x.square().sum(dim=1, keepdim=True) + y.square().sum(dim=1)
    return squares.addmm_(x, y.T, alpha=-2).clamp_min_(0)


def _centred(features: Floats, origin: Tensor) -> Tensor:
    # Distances do not change when everything moves together, and float32 products are more exact near 0.
    return (torch.from_numpy(np.array(features, np.float64)) - origin).float()


def _require_more(what: str, n: int, k: int) -> None:
    if n <= k:
        raise ValueError(f"{n} {what} are too few for the {k} nearest others of each; give at least {k + 1}")
