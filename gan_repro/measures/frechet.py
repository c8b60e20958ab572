"""Frechet distance between two Gaussians fitted to features (the "FID", on other features than Inception's).

    F = |m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2))

with means m and covariances S (ddof 1). It is 0 only where both agree, sees nothing beyond them, and is
biased upward by an amount that grows as samples get fewer: compare like with like. The trace of the root is
the sum of the singular values of S_x^(1/2) S_y^(1/2), which needs no complex arithmetic.

Reference: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs trained by a two time-scale update rule
converge to a local Nash equilibrium" (NeurIPS 2017), equation 6; torch-fidelity, metric_fid.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gan_repro.measures.jackknife import GROUPS, Value, bounds

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of features, in float64."""

    mean: npt.NDArray[np.float64]
    """(d,)"""
    trace: float
    """Of the covariance."""
    root: npt.NDArray[np.float64]
    """A square root R (d, rank) of the covariance R R': its directions of variance, as long as their spread.

    The trace of (C_x C_y)^(1/2) is the sum of the singular values of R_x' R_y."""


def moments(features: Floats) -> Moments:
    """Mean and covariance of features (n, d).

    Raises:
        ValueError: there are fewer than two.
    """
    if len(features) < 2:
        raise ValueError(f"{len(features)} rows have no covariance; give at least two")
    x = np.asarray(features, np.float64)
    return _moments(x.mean(axis=0), np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1]))


def frechet_distance(samples: Floats, real: Moments, *, groups: int = GROUPS) -> Value:
    """Give the distance of features `samples` (m, d) to the moments of images, with its error over draws.

    Raises:
        ValueError: there are fewer than two samples a group.
    """
    if len(samples) < 2 * groups:
        raise ValueError(f"{len(samples)} samples in {groups} groups are too few; give at least two a group")
    x = np.asarray(samples, np.float64) - real.mean
    cut = bounds(len(x), groups)
    sums = np.stack([x[rows].sum(axis=0) for rows in cut])
    products = np.stack([x[rows].T @ x[rows] for rows in cut])
    total, product = sums.sum(axis=0), products.sum(axis=0)

    def without(group: int) -> float:
        n = len(x) - (cut[group].stop - cut[group].start)
        mean = (total - sums[group]) / n
        covariance = (product - products[group] - n * np.outer(mean, mean)) / (n - 1)
        return distance(_moments(mean + real.mean, covariance), real)

    return Value.of(distance(moments(samples), real), [without(group) for group in range(groups)])


def _moments(mean: npt.NDArray[np.float64], covariance: npt.NDArray[np.float64]) -> Moments:
    values, vectors = np.linalg.eigh(covariance)
    # Directions without variance add nothing; there are many where samples are few or pixels never change.
    varies = values > values[-1] * len(values) * np.finfo(np.float64).eps
    root = vectors[:, varies] * np.sqrt(values[varies])
    return Moments(mean, float(values.clip(min=0).sum()), root)


def distance(x: Moments, y: Moments) -> float:
    """Squared Frechet distance between two Gaussians."""
    overlap = np.linalg.svd(x.root.T @ y.root, compute_uv=False).sum()
    return float(np.square(x.mean - y.mean).sum() + x.trace + y.trace - 2 * overlap)
