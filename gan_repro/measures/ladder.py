"""The ladder of precisions that annealed importance sampling goes up, from the prior to a posterior.

References: Neal, "Annealed importance sampling" (2001), Section 4; Gelman, Meng, "Simulating normalizing
constants" (1998); Wu, Burda, Salakhutdinov, Grosse (ICLR 2017; tonywu95/eval_gen) for the sigmoid one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_repro.measures.latent import Decoder, evaluate

_SIGMOID_REACH = 4.0
"""The sigmoid ladder runs over sigmoid(-4) to sigmoid(4), as in eval_gen."""
_FIRST_NOISE = 0.1
"""Nats by which the first rung of the geometric ladder lets log w scatter under the prior."""
_PRIOR_DRAWS = 16
"""For each image, from which that is computed."""


def ladder(sigma: float, distributions: int, schedule: str, *, prior_spread: float = 1.0) -> Tensor:
    """Precisions from 0 to 1 / sigma^2.

    A short rung of length h at precision lambda adds h^2 Var(|x - mu|^2 / 2) to the variance of log w; the
    sum over a given number of rungs is least where h times that standard deviation is the same on all
    (Gelman, Meng 1998). Where a posterior holds m directions of u fast, the standard deviation is
    sqrt(m / 2) / lambda, so that rungs in a constant ratio are best.

    Args:
        sigma: standard deviation of the noise on each pixel.
        distributions: rungs after the first, T.
        schedule: "geometric", a constant ratio from one rung to the next, "linear", a constant difference,
            or "sigmoid", dense at both ends.
        prior_spread: standard deviation of |x - mu|^2 / 2 under the prior; from it follows where the
            geometric ladder begins.

    Returns:
        (distributions + 1,) float64, ascending.
    """
    top, share = sigma**-2, torch.linspace(0, 1, distributions + 1, dtype=torch.float64)
    if schedule == "geometric":
        first = min(_FIRST_NOISE / max(prior_spread, 1e-300), top / distributions)
        return torch.cat([share[:1], torch.from_numpy(np.geomspace(top, first, distributions)).flip(0)])
    if schedule == "sigmoid":
        curve = torch.sigmoid(_SIGMOID_REACH * (2 * share - 1))
        share = (curve - curve[0]) / (curve[-1] - curve[0])
    return share * top


def spread_under_prior(decoder: Decoder, images: Tensor, random: torch.Generator) -> float:
    """Standard deviation of |x - mu|^2 / 2 over draws from the prior, mean over images (n_images, d)."""
    u = decoder.prior.draw_unbounded(len(images) * _PRIOR_DRAWS, random)
    half_errors = evaluate(decoder, images, u).squared_error.view(len(images), _PRIOR_DRAWS) / 2
    return float(half_errors.std(dim=1).mean())
