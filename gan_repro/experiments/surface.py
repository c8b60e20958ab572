"""The surface on which a generator's samples lie: the rank of its Jacobian, dG(z)/dz (d, k).

The distribution of G(z) is degenerate wherever the rank is below d: it lies on a surface of that dimension,
which has no volume in the space of images. The rank counts singular values above the rounding of float32.
Beside it stands how many directions carry the change, the participation ratio (sum s^2)^2 / sum s^4.
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


@dataclass(frozen=True)
class Surface:
    """A generator's Jacobians at some points."""

    rank: float
    """Mean over points."""
    directions: float
    """Mean participation ratio."""
    pixels: int
    noise: int


def of_recorded(
    seeds: Sequence[int], points: int, context: Context, row: str = "gan", dataset: str = "mnist"
) -> dict[str, Finding]:
    """Measure the recorded generators that are here, over training seeds; where none is, say so."""
    try:
        found = load_all(context, row, dataset, seeds=seeds)
    except NoModelError as error:
        context.log(f"the rank of a generator's Jacobian on {dataset} is left out: {error}")
        return {}
    surfaces = []
    for trained in found:
        decoder = decoder_of(trained.model)
        z = decoder.prior.draw_unbounded(points, generator(trained.record.spec.seed, "surface"))
        surfaces.append(measure(decoder.images, z.to(decoder.dtype)))
    pixels, noise = surfaces[0].pixels, surfaces[0].noise
    ids = ", ".join(trained.record.spec.id for trained in found)
    of = f"of the Jacobian of generators ({ids}), {noise} dimensions of noise to {pixels} pixels"
    over, unit = "training seeds", "dimensions"
    ranks = mean_of([s.rank for s in surfaces], over=over, unit=unit, what=f"rank {of}")
    directions = mean_of(
        [s.directions for s in surfaces], over=over, unit=unit, what=f"participation ratio {of}"
    )
    return {f"jacobian_rank_{dataset}": ranks, f"jacobian_directions_{dataset}": directions}


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
