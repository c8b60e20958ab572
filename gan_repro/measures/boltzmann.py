"""A deep belief net's log-likelihood of binary images: partition function and variational bound.

For an RBM with free energy F(v) over binary units, p(v) = exp(-F(v)) / Z with

    -F(v) = a'v + sum_j softplus(b_j + (W'v)_j)

Annealed importance sampling goes from an RBM without weights, whose partition function is known, to the
true one over beta from 0 to 1,

    log p*_beta(v) = (1 - beta) c'v + beta a'v + sum_j softplus(beta (b_j + (W'v)_j))
    log Z_0        = m log 2 + sum_i softplus(c_i)

with one Gibbs step at each beta. The mean over chains of exp(log w) is unbiased for Z / Z_0. Its logarithm
is low in expectation, and so a log-likelihood that it is subtracted from tends to be too high by as much.

A DBN with layers h1, .., hL over v = h0 is p(v, h) = p(h0 | h1) .. p(h_{L-2} | h_{L-1}) p(h_{L-1}, h_L),
the last factor being the top RBM. With q(h_l | h_{l-1}) the RBMs' own posteriors, independent units,
Jensen's inequality gives

    log p(v) >= E_q[ sum_l log p(h_{l-1} | h_l) - F(h_{L-1}) + sum_l H(q(h_l | h_{l-1})) ] - log Z

with l = 1 .. L - 1, and F and Z of the top RBM. One RBM alone has no hidden layer to bound over: log p(v) =
-F(v) - log Z. Images are binary here, and the result is a log-probability: it cannot be compared with
log-densities of grey levels.

References: Salakhutdinov, Murray, "On the quantitative analysis of deep belief networks" (ICML 2008),
Sections 3 and 4; Hinton, Osindero, Teh, "A fast learning algorithm for deep belief nets" (2006), Section 4
and Appendix A.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.measures.ais import effective_sample_size, log_mean_exp
from gan_repro.models.rbm import RBM


@dataclass(frozen=True)
class PartitionFunction:
    """Log Z of an RBM, in nats."""

    log_z: float
    standard_error: float
    """Of log Z over chains, by the delta method: that of the mean weight over the mean weight."""
    effective_chains: float
    """Effective sample size of the weights, between 1 and the number of chains."""
    chains: int
    distributions: int


def partition_function(
    rbm: RBM,
    base_bias: Tensor,
    *,
    chains: int,
    distributions: int,
    generator: torch.Generator,
    after_step: Callable[[int], None] = lambda done: None,
) -> PartitionFunction:
    """Estimate log Z of a binary RBM by annealed importance sampling.

    Args:
        rbm: with d visible and m hidden units, both binary.
        base_bias: c (d,), the biases of the RBM without weights; the nearer its units' means are to those
            of the data, the shorter the way.
        chains: how many independent ones.
        distributions: steps from beta = 0 to 1, evenly spaced.
        generator: the only randomness.
        after_step: told how many distributions are done.

    Raises:
        ValueError: the RBM has Gaussian units, or there are fewer than two chains or one distribution.
    """
    if rbm.gaussian:
        raise ValueError(
            "the partition function is estimated for RBMs with binary units; this one has Gaussian ones"
        )
    if chains < 2 or distributions < 1:
        raise ValueError(f"give at least 2 chains and 1 distribution, not {chains} and {distributions}")
    weights, a, b, c = (t.double() for t in (rbm.weights, rbm.visible_bias, rbm.hidden_bias, base_bias))
    betas = torch.linspace(0, 1, distributions + 1, dtype=torch.float64)

    def bernoulli(mean: Tensor) -> Tensor:
        return (torch.rand(mean.shape, generator=generator, dtype=torch.float64) < mean).double()

    def log_unnormalised(v: Tensor, inputs: Tensor, beta: Tensor) -> Tensor:
        return v @ ((1 - beta) * c + beta * a) + softplus(beta * inputs).sum(dim=1)

    v = bernoulli(torch.sigmoid(c).expand(chains, -1))
    log_weights = torch.zeros(chains, dtype=torch.float64)
    for done, (before, beta) in enumerate(pairwise(betas), start=1):
        inputs = torch.addmm(b, v, weights)
        log_weights += log_unnormalised(v, inputs, beta) - log_unnormalised(v, inputs, before)
        h = bernoulli(torch.sigmoid(beta * inputs))
        v = bernoulli(torch.sigmoid((1 - beta) * c + beta * torch.addmm(a, h, weights.T)))
        after_step(done)
    log_z_base = len(b) * math.log(2) + float(softplus(c).sum())
    scaled = (log_weights - log_weights.max()).exp()
    error = float(scaled.std() / scaled.mean()) / math.sqrt(chains)
    return PartitionFunction(
        log_z=log_z_base + float(log_mean_exp(log_weights)),
        standard_error=error,
        effective_chains=float(effective_sample_size(log_weights)),
        chains=chains,
        distributions=distributions,
    )


def base_bias(visible: Tensor) -> Tensor:
    """Log-odds (d,) of the means of binary vectors (n, d), one of each kind more keeping them finite."""
    return ((visible.double().sum(dim=0) + 1) / (len(visible) + 2)).logit()


def variational_bound(
    rbms: Sequence[RBM],
    images: npt.NDArray[np.floating],
    log_z: float,
    *,
    draws: int,
    generator: torch.Generator,
) -> npt.NDArray[np.float64]:
    """Lower bound of log p(v) in nats, (n,), of binary images under a DBN.

    Args:
        rbms: from the pixels upward; all units binary.
        images: (n, d) of zeros and ones.
        log_z: log Z of the last RBM.
        draws: of the hidden layers, for each image; the bound is a mean over them.
        generator: the only randomness.

    Raises:
        ValueError: an image is not binary, the width is wrong, or an RBM has Gaussian units.
    """
    if any(rbm.gaussian for rbm in rbms):
        raise ValueError("the bound is for binary units; this net has Gaussian pixels")
    width = len(rbms[0].visible_bias)
    if images.ndim != 2 or images.shape[1] != width or not np.isin(images, (0, 1)).all():
        raise ValueError(
            f"the bound is for binary images (n, {width}) of zeros and ones; "
            "draw each pixel with its grey level as probability first"
        )
    v = torch.from_numpy(np.array(images, np.float64))
    total = torch.zeros(len(v), dtype=torch.float64)
    for _ in range(draws):
        below = v
        for rbm in rbms[:-1]:
            logits = _affine(below, rbm.weights, rbm.hidden_bias)
            mean = torch.sigmoid(logits)
            above = (torch.rand(mean.shape, generator=generator, dtype=torch.float64) < mean).double()
            total += _log_bernoulli(below, _affine(above, rbm.weights.T, rbm.visible_bias))
            # Entropy of the units: -E[log q], as E[log q] needs no draw.
            total += (softplus(logits) - mean * logits).sum(dim=1)
            below = above
        total += _minus_free_energy(rbms[-1], below)
    return np.asarray(total / draws - log_z)


def binarise(images: npt.NDArray[np.floating], generator: torch.Generator) -> npt.NDArray[np.float64]:
    """Binary images (n, d), each pixel drawn with its grey level in [0, 1] as probability."""
    grey = torch.from_numpy(np.array(images, np.float64))
    return (torch.rand(grey.shape, generator=generator, dtype=torch.float64) < grey).double().numpy()


def _affine(x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    return torch.addmm(bias.double(), x, weights.double())


def _log_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    """Log-probability (n,) of binary x (n, d)."""
    return (x * logits - softplus(logits)).sum(dim=1)


def _minus_free_energy(rbm: RBM, visible: Tensor) -> Tensor:
    hidden = softplus(_affine(visible, rbm.weights, rbm.hidden_bias)).sum(dim=1)
    return visible @ rbm.visible_bias.double() + hidden
