"""Hamiltonian Monte Carlo on many chains at once, and the choice of its step.

The target at precision lambda is log q(u) - lambda |x - mu(T(u))|^2 / 2, short of its constant: the prior
at 0, the posterior under noise of standard deviation lambda^(-1/2) above. One transition draws a momentum
from N(0, I), takes some leapfrog steps, and accepts or rejects (Neal 2011, Section 5.3); it leaves the
target as it is and is reversible, whatever the step, so long as the step does not depend on the chain's
state.

Steps are therefore chosen beforehand, in a pilot run with random numbers of its own, image by image: there
each transition moves log(step) by the excess of its mean acceptance over the one aimed at. The runs that
give weights use what the pilot found, fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_repro.measures.latent import Decoder, Point, evaluate

_FIRST_STEP = 0.5
_WARM_UP = 30
"""Transitions of the pilot at its first precision, before its steps count."""
_GAIN = 0.2
"""By how much log(step) moves for each unit of excess acceptance."""
_SMOOTHING = 9
"""Steps of the pilot that are averaged, as logarithms; odd."""
_JITTER = 0.2
"""Steps are scaled by a random number within so much of 1, so that no trajectory keeps closing on itself."""


def transition(
    decoder: Decoder,
    images: Tensor,
    point: Point,
    precision: float,
    steps: Tensor,
    leapfrogs: int,
    generator: torch.Generator,
) -> tuple[Point, Tensor]:
    """Take one transition from `point`; the new point, and each row's probability of acceptance (n,).

    Args:
        decoder: whose posterior is sampled.
        images: (n_images, d).
        point: of n rows, consecutive ones belonging to one image.
        precision: lambda, at least 0.
        steps: (n_images,), the step for each image.
        leapfrogs: how many leapfrog steps.
        generator: the only randomness.
    """
    n, k = point.u.shape
    momentum = torch.randn(n, k, generator=generator, dtype=torch.float64).to(point.u.dtype)
    jitter = 1 + _JITTER * (2 * torch.rand((), generator=generator, dtype=torch.float64) - 1)
    step = (steps * jitter).repeat_interleave(n // len(images)).unsqueeze(1).to(point.u.dtype)
    before = _hamiltonian(point, momentum, precision)
    proposal = point
    for _ in range(leapfrogs):
        momentum = momentum + step / 2 * _force(proposal, precision)
        proposal = evaluate(decoder, images, proposal.u + step * momentum)
        momentum = momentum + step / 2 * _force(proposal, precision)
    # A trajectory that has left the range of numbers is rejected.
    probability = (
        (before - _hamiltonian(proposal, momentum, precision)).clamp(max=0).exp().nan_to_num(nan=0.0)
    )
    accepted = torch.rand(n, generator=generator, dtype=torch.float64) < probability
    return point.choose(proposal, accepted), probability


@dataclass(frozen=True)
class Pilot:
    """What a pilot run found on its way up a ladder."""

    precisions: Tensor
    """(m,), ascending, all above 0."""
    steps: Tensor
    """Of each transition, (m, n_images)."""

    def steps_at(self, precisions: Tensor) -> Tensor:
        """Steps (n, n_images) at other precisions (n,), interpolated in the logarithm of both."""
        places = torch.searchsorted(self.precisions, precisions).clamp(1, max(len(self.precisions) - 1, 1))
        if len(self.precisions) == 1:
            return self.steps.expand(len(precisions), -1)
        x, low, high = precisions.log(), self.precisions[places - 1].log(), self.precisions[places].log()
        share = ((x - low) / (high - low)).clamp(0, 1).unsqueeze(1)
        return (self.steps[places - 1].log() * (1 - share) + self.steps[places].log() * share).exp()


def run_pilot(
    decoder: Decoder,
    images: Tensor,
    rungs: Tensor,
    *,
    chains: int,
    leapfrogs: int,
    acceptance: float,
    generator: torch.Generator,
) -> Pilot:
    """Find steps that give the acceptance aimed at, on the way up a ladder of precisions (m + 1,) from 0."""
    u = decoder.prior.draw_unbounded(len(images) * chains, generator)
    point = evaluate(decoder, images, u)
    log_steps = torch.full((len(images),), _FIRST_STEP, dtype=torch.float64).log()
    found = []
    for number, precision in enumerate([float(rungs[1])] * _WARM_UP + rungs[1:].tolist()):
        point, probability = transition(
            decoder, images, point, precision, log_steps.exp(), leapfrogs, generator
        )
        log_steps = log_steps + _GAIN * (probability.view(len(images), chains).mean(dim=1) - acceptance)
        if number >= _WARM_UP:
            found.append(log_steps)
    return Pilot(rungs[1:], _smoothed(torch.stack(found)).exp())


def _force(point: Point, precision: float) -> Tensor:
    return point.prior_gradient - precision / 2 * point.error_gradient


def _hamiltonian(point: Point, momentum: Tensor, precision: float) -> Tensor:
    kinetic = momentum.double().square().sum(dim=1) / 2
    return kinetic - point.log_prior + precision / 2 * point.squared_error


def _smoothed(values: Tensor) -> Tensor:
    """Running mean of values (m, ..) over `_SMOOTHING` rows; the ends are averages over those there are."""
    reach = _SMOOTHING // 2
    return torch.stack(
        [values[max(0, row - reach) : row + reach + 1].mean(dim=0) for row in range(len(values))]
    )
