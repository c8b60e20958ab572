"""The surface on which a generator's samples lie: the rank of its Jacobian, dG(z)/dz (d, k).

The distribution of G(z) is degenerate wherever the rank is below d: it lies on a surface of that dimension,
which has no volume in the space of images. The rank counts singular values above max(d, k) eps s_1, eps being
the rounding of float32 (1.2e-7) and s_1 the largest, as numpy.linalg.matrix_rank does. Beside it stands how
many directions carry the change, the participation ratio (sum s^2)^2 / sum s^4: k where all are as strong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.experiments.base import Context, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import NoModelError, load_all
from gan_repro.measures.decoders import decoder_of
from gan_repro.util.seeds import generator

RANK, DIRECTIONS = "jacobian_rank", "jacobian_directions"
"""Findings, with the data set behind it; and with a seed behind that, of one net."""

_UNIT = "dimensions"


@dataclass(frozen=True)
class Surface:
    """A generator's Jacobians at some points."""

    rank: float
    """Mean over points."""
    directions: float
    """Mean participation ratio."""
    pixels: int
    noise: int


def finding_name(measure: str, dataset: str, seed: int | None = None) -> str:
    """Name `RANK` or `DIRECTIONS` on a data set: of the net of a seed, or the mean over seeds."""
    return f"{measure}_{dataset}" + ("" if seed is None else f"/seed{seed}")


def of_recorded(
    seeds: Sequence[int], points: int, context: Context, row: str = "gan", dataset: str = "mnist"
) -> dict[str, Finding]:
    """Measure the recorded generators that are here, over training seeds; where none is, say so."""
    try:
        found = load_all(context, row, dataset, seeds=seeds)
    except NoModelError as error:
        context.log(f"the rank of a generator's Jacobian on {dataset} is left out: {error}")
        return {}
    surfaces, result = [], {}
    for trained in found:
        decoder, seed = decoder_of(trained.model), trained.record.spec.seed
        z = decoder.prior.draw(points, generator(seed, "surface"))
        surface = measure(decoder.mean, z.to(decoder.dtype))
        surfaces.append(surface)
        of = f"of the Jacobian of {trained.record.spec.id} at {points} points"
        result[finding_name(RANK, dataset, seed)] = Finding(
            value=surface.rank, unit=_UNIT, what=f"mean rank {of}"
        )
        result[finding_name(DIRECTIONS, dataset, seed)] = Finding(
            value=surface.directions, unit=_UNIT, what=f"mean participation ratio {of}"
        )
        context.log(f"{trained.label}: rank {surface.rank:.4g}, {surface.directions:.3g} directions")
    pixels, noise = surfaces[0].pixels, surfaces[0].noise
    of = f"of the Jacobian of recorded generators, {noise} dimensions of noise to {pixels} pixels"
    above = f"singular values above {max(pixels, noise)} times float32's rounding of the largest"
    over = "training seeds"
    result[finding_name(RANK, dataset)] = mean_of(
        [s.rank for s in surfaces], over=over, unit=_UNIT, what=f"rank {of}: {above}"
    )
    result[finding_name(DIRECTIONS, dataset)] = mean_of(
        [s.directions for s in surfaces], over=over, unit=_UNIT, what=f"participation ratio {of}"
    )
    return result


def measure(generate: Callable[[Tensor], Tensor], z: Tensor) -> Surface:
    """Take the Jacobians of a generator at points z (n, k), each at least one."""
    values = [singular_values(generate, point) for point in z]
    pixels = generate(z[:1]).shape[1]
    limits = [s[0] * max(pixels, z.shape[1]) * np.finfo(np.float32).eps for s in values]
    ranks = [int((s > limit).sum()) for s, limit in zip(values, limits, strict=True)]
    energies = [np.square(s) for s in values]
    ratios = [e.sum() ** 2 / np.square(e).sum() if e.any() else 0.0 for e in energies]
    return Surface(float(np.mean(ranks)), float(np.mean(ratios)), pixels, z.shape[1])


def singular_values(generate: Callable[[Tensor], Tensor], z: Tensor) -> npt.NDArray[np.float64]:
    """Singular values of dG/dz at a point z (k,), descending.

    One backward pass gives all rows of the Jacobian: copies of z, each with the gradient of another pixel.
    """
    with torch.enable_grad():
        pixels = generate(z[None].detach()).shape[1]
        copies = z.detach().expand(pixels, -1).clone().requires_grad_()
        images = generate(copies)
        (jacobian,) = torch.autograd.grad(images, copies, torch.eye(pixels, dtype=images.dtype))
    return np.linalg.svd(jacobian.double().numpy(), compute_uv=False)
