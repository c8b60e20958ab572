"""Generators as densities: a prior over z, a mean image for each z, and Gaussian noise on the pixels.

    z ~ p(z) on the support,     x | z ~ N(mu(z), sigma^2 I),     p(x) = E_p[ N(x; mu(z), sigma^2 I) ]

Hamiltonian Monte Carlo needs a space without walls. Where the support is (low, high)^k, z = T(u) with

    T(u) = low + (high - low) Phi(u), componentwise,     T'(u) = (high - low) phi(u)

Phi and phi the distribution function and density of N(0, 1). T is a smooth bijection from the real line onto
(low, high). Give u the density

    q(u) = p(T(u)) prod_i T'(u_i)

Then for every function g, substituting z = T(u) with dz = prod_i T'(u_i) du,

    E_p[g(z)] = integral of g(z) p(z) dz = integral of g(T(u)) p(T(u)) prod_i T'(u_i) du = E_q[g(T(u))]

With g(z) = N(x; mu(z), sigma^2 I) the likelihood of x is the same number in both spaces: nothing is
approximated, and no Jacobian is left over. For the uniform prior, p = (high - low)^-k cancels the slopes
and q(u) = prod_i phi(u_i): u is standard normal. The two end points, which have probability 0, are lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.special import ndtr, ndtri

_SMALLEST = 2.0**-53
"""Distance from 0 and 1 that a uniform number keeps, for Phi^-1 is infinite there; float64 draws hardly
reach it."""


@dataclass(frozen=True)
class Prior:
    """A density over z (k,)."""

    dimension: int
    """k."""
    draw: Callable[[int, torch.Generator], Tensor]
    """Independent z (n, k) in float64."""
    log_density: Callable[[Tensor], Tensor]
    """Log p(z) in nats, (n,), of z (n, k); differentiable."""
    support: tuple[float, float] | None = None
    """Bounds of every component; None: the whole real line."""

    def to_support(self, u: Tensor) -> Tensor:
        """T(u): z (n, k) from unbounded u (n, k)."""
        if self.support is None:
            return u
        low, high = self.support
        return low + (high - low) * ndtr(u)

    def draw_unbounded(self, n: int, generator: torch.Generator) -> Tensor:
        """Independent u (n, k) with density q, in float64."""
        z = self.draw(n, generator)
        if self.support is None:
            return z
        low, high = self.support
        return ndtri(((z - low) / (high - low)).clamp(_SMALLEST, 1 - _SMALLEST))

    def unbounded_log_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats, (n,)."""
        if self.support is None:
            return self.log_density(u)
        low, high = self.support
        log_slopes = math.log((high - low) / math.sqrt(2 * math.pi)) - u.square() / 2
        return self.log_density(self.to_support(u)) + log_slopes.sum(dim=1)


def normal(dimension: int) -> Prior:
    """N(0, I) over z (dimension,)."""
    constant = dimension / 2 * math.log(2 * math.pi)
    return Prior(
        dimension,
        lambda n, generator: torch.randn(n, dimension, generator=generator, dtype=torch.float64),
        lambda z: -z.square().sum(dim=1) / 2 - constant,
    )


def uniform(dimension: int, low: float, high: float) -> Prior:
    """U(low, high) in each of so many dimensions."""
    constant = dimension * math.log(high - low)

    def draw(n: int, generator: torch.Generator) -> Tensor:
        return low + (high - low) * torch.rand(n, dimension, generator=generator, dtype=torch.float64)

    return Prior(dimension, draw, lambda z: z.new_full((len(z),), -constant), (low, high))


@dataclass(frozen=True)
class Decoder:
    """A generator as a density, short of sigma."""

    mean: Callable[[Tensor], Tensor]
    """Mean image (n, d) of z (n, k); differentiable."""
    prior: Prior
    dtype: torch.dtype = torch.float32
    """In which the mean is computed; energies are summed in float64."""

    def images(self, u: Tensor) -> Tensor:
        """Mean images (n, d) of unbounded u (n, k)."""
        return self.mean(self.prior.to_support(u).to(self.dtype))


@dataclass
class Point:
    """Where the chains stand, with all that the next step needs."""

    u: Tensor
    """(n, k) in the decoder's type."""
    log_prior: Tensor
    """Log q(u), (n,) float64."""
    squared_error: Tensor
    """|x - mu(T(u))|^2, (n,) float64."""
    prior_gradient: Tensor
    """Of log q, (n, k)."""
    error_gradient: Tensor
    """Of the squared error, (n, k)."""

    def choose(self, other: Point, mask: Tensor) -> Point:
        """The other's rows where `mask` (n,) is true, else these."""
        parts = zip(vars(self).values(), vars(other).values(), strict=True)
        return Point(*(torch.where(mask if a.ndim == 1 else mask[:, None], b, a) for a, b in parts))


def evaluate(decoder: Decoder, images: Tensor, u: Tensor) -> Point:
    """Energies and gradients at u (n, k) for images (n_images, d), n being a multiple of n_images.

    Consecutive rows of u belong to one image.
    """
    u = u.detach().to(decoder.dtype).requires_grad_()
    log_prior = decoder.prior.unbounded_log_density(u).double()
    means = decoder.images(u).view(len(images), -1, images.shape[1])
    squared_error = (
        (means - images.to(decoder.dtype).unsqueeze(1)).square().sum(dim=2, dtype=torch.float64).view(-1)
    )
    (prior_gradient,) = torch.autograd.grad(log_prior.sum(), u, retain_graph=True)
    (error_gradient,) = torch.autograd.grad(squared_error.sum(), u)
    return Point(u.detach(), log_prior.detach(), squared_error.detach(), prior_gradient, error_gradient)
