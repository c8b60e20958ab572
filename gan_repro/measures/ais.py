"""Annealed importance sampling: a generator's log-likelihood under Gaussian noise, bounded from both sides.

A ladder of precisions 0 = lambda_0 < .. < lambda_T = 1 / sigma^2 leads from the prior of u to its posterior
given an image x (see `latent`). A chain starts at the prior and takes one HMC transition at each rung. Its
weight,

    log w = - sum_t (lambda_t - lambda_{t-1}) |x - mu(u_{t-1})|^2 / 2 - d/2 log(2 pi sigma^2)       [nats]

has E[w] = p(x) exactly, so that the mean over chains of w is unbiased, and its logarithm a lower bound of
log p(x) in expectation, and above it by t nats with probability e^-t at most. On the way, rung t gives the
likelihood under noise of standard deviation lambda_t^(-1/2): one run up the ladder is a curve over sigma.

An upper bound needs an exact draw from the posterior, which there is for images that the model makes
itself: draw u, then x. The chain then runs down the ladder from that u, the mean over chains of 1 / w is
unbiased for 1 / p(x), and minus its logarithm is an upper bound in expectation. On such images both bounds
are known, and their gap measures how far the lower bound falls short (BDMC).

References: Neal, "Annealed importance sampling" (2001); Wu, Burda, Salakhutdinov, Grosse, "On the
quantitative analysis of decoder-based generative models" (ICLR 2017), Sections 2.2 to 3.2
(tonywu95/eval_gen); Grosse, Ghahramani, Adams, "Sandwiching the marginal likelihood using bidirectional
Monte Carlo" (2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.measures.hmc import run_pilot, transition
from gan_repro.measures.ladder import ladder, spread_under_prior
from gan_repro.measures.latent import Decoder, evaluate
from gan_repro.util.seeds import generator


@dataclass(frozen=True)
class AISSettings:
    """How long and with how many chains."""

    distributions: int = 1000
    """Rungs of the ladder, T."""
    chains: int = 16
    """For each image."""
    leapfrogs: int = 10
    """Steps of each transition."""
    schedule: Literal["geometric", "sigmoid", "linear"] = "geometric"
    """How the rungs are spaced."""
    acceptance: float = 0.65
    """At which the steps aim."""
    pilot_distributions: int = 200
    """Rungs of the run that chooses the steps; at most T."""
    pilot_chains: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ValueError: with the name of the setting.
        """
        for name in ("distributions", "chains", "leapfrogs", "pilot_distributions", "pilot_chains"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.acceptance < 1:
            raise ValueError(f"acceptance must lie between 0 and 1, not {self.acceptance}")
        if self.schedule not in ("geometric", "sigmoid", "linear"):
            raise ValueError(f"schedule must be 'geometric', 'sigmoid' or 'linear', not {self.schedule!r}")


@dataclass(frozen=True)
class Plan:
    """What is fixed before a run that gives weights."""

    rungs: Tensor
    """Precisions, (T + 1,) from 0 upward."""
    steps: Tensor
    """Of HMC at each rung after the first, (T, n_images)."""

    @classmethod
    def tuned(cls, decoder: Decoder, images: Tensor, sigma: float, settings: AISSettings, axis: str) -> Plan:
        """Ladder and steps for these images, from a pilot run with random numbers that `axis` names.

        The pilot goes up a ladder of the same kind, so that its steps are found where they are used.
        """
        random = generator(settings.seed, "ais", "pilot", axis)
        spread = spread_under_prior(decoder, images, random)
        rungs, few = (
            ladder(sigma, distributions, settings.schedule, prior_spread=spread)
            for distributions in (
                settings.distributions,
                min(settings.pilot_distributions, settings.distributions),
            )
        )
        pilot = run_pilot(
            decoder,
            images,
            few,
            chains=settings.pilot_chains,
            leapfrogs=settings.leapfrogs,
            acceptance=settings.acceptance,
            generator=random,
        )
        return cls(rungs, pilot.steps_at(rungs[1:]))


@dataclass
class Annealing:
    """A run along the ladder, finished or not: all that is needed to go on with the same bits."""

    direction: Literal["up", "down"]
    u: Tensor
    """(n_images * chains, k), where the chains stand."""
    log_weights: Tensor
    """(n_images, chains) float64, in nats, without the normaliser of the Gaussian."""
    curve: Tensor
    """Log of the mean weight at each rung on the way up, (T, n_images) float64; (0, n_images) on the way
    down."""
    random: torch.Generator
    done: int = 0
    """Rungs."""
    accepted: float = 0.0
    """Sum over transitions of the mean probability of acceptance."""

    def state(self) -> dict[str, Any]:
        """As tensors, numbers and strings, to be saved."""
        return {**vars(self), "random": self.random.get_state()}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Annealing:
        """Go on from `state()`."""
        random = torch.Generator()
        random.set_state(state["random"])
        return cls(**{**state, "random": random})


def start_up(decoder: Decoder, n_images: int, settings: AISSettings, random: torch.Generator) -> Annealing:
    """Chains at draws from the prior, to go up."""
    u = decoder.prior.draw_unbounded(n_images * settings.chains, random).to(decoder.dtype)
    weights = torch.zeros(n_images, settings.chains, dtype=torch.float64)
    curve = torch.zeros(settings.distributions, n_images, dtype=torch.float64)
    return Annealing("up", u, weights, curve, random)


def start_down(u: Tensor, chains: int, random: torch.Generator) -> Annealing:
    """Chains at exact draws u (n_images, k) from the posteriors, to go down."""
    weights = torch.zeros(len(u), chains, dtype=torch.float64)
    return Annealing(
        "down", u.repeat_interleave(chains, dim=0), weights, weights.new_zeros(0, len(u)), random
    )


def anneal(
    decoder: Decoder,
    images: Tensor,
    plan: Plan,
    leapfrogs: int,
    run: Annealing,
    after_step: Callable[[Annealing], None] = lambda run: None,
) -> Annealing:
    """Take a run to the other end of the ladder.

    Args:
        decoder: the model.
        images: (n_images, d).
        plan: ladder and steps.
        leapfrogs: of each transition.
        run: where it begins or goes on; it is changed.
        after_step: called after each rung, to save the run or to tell how far it is.
    """
    differences = plan.rungs[1:] - plan.rungs[:-1]
    total = len(differences)
    point = evaluate(decoder, images, run.u)
    while run.done < total:
        t = run.done if run.direction == "up" else total - 1 - run.done
        if run.direction == "up":
            run.log_weights -= differences[t] / 2 * point.squared_error.view_as(run.log_weights)
        point, probability = transition(
            decoder, images, point, float(plan.rungs[t + 1]), plan.steps[t], leapfrogs, run.random
        )
        if run.direction == "down":
            run.log_weights -= differences[t] / 2 * point.squared_error.view_as(run.log_weights)
        if run.direction == "up":
            run.curve[run.done] = log_mean_exp(run.log_weights)
        run.u = point.u
        run.accepted += float(probability.mean())
        run.done += 1
        after_step(run)
    return run


def log_mean_exp(values: Tensor) -> Tensor:
    """Log of the mean over the last axis of exp(values)."""
    return torch.logsumexp(values, dim=-1) - math.log(values.shape[-1])


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """(sum w)^2 / sum w^2 over the last axis: between 1 and the number of chains."""
    return (2 * torch.logsumexp(log_weights, dim=-1) - torch.logsumexp(2 * log_weights, dim=-1)).exp()


def log_normaliser(dimension: int, sigma: float) -> float:
    """d/2 log(2 pi sigma^2)."""
    return dimension / 2 * math.log(2 * math.pi * sigma**2)


def lower_bounds(run: Annealing, dimension: int, sigma: float) -> npt.NDArray[np.float64]:
    """Lower bounds of log p(x) in nats, (n_images,), of a finished run up."""
    return np.asarray(log_mean_exp(run.log_weights) - log_normaliser(dimension, sigma))


def upper_bounds(run: Annealing, dimension: int, sigma: float) -> npt.NDArray[np.float64]:
    """Upper bounds of log p(x) in nats, (n_images,), of a finished run down."""
    return np.asarray(-log_mean_exp(-run.log_weights) - log_normaliser(dimension, sigma))


def sigma_curve(
    run: Annealing, rungs: Tensor, dimension: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sigmas (T,), descending, and the mean lower bound under each (T,), in nats, of a run up."""
    sigmas = rungs[1:].pow(-0.5).numpy()
    means = run.curve.mean(dim=1).numpy()
    return sigmas, means - np.array([log_normaliser(dimension, float(sigma)) for sigma in sigmas])
