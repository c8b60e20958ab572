"""How sharp a distribution adversarial nets learn, where its width is known; and beside them Markov chains.

In the plane (planar.py): a thin ring, and point masses. Small adversarial nets are trained on each, and
denoising auto-encoders by walkback (Bengio, Yao, Alain, Vincent, NIPS 2013), whose samples are the states
of chains x -> f(x + level * noise) that all begin in one point of the data. A chain mixes the faster the
more noise it has, and the noise blurs what it learns: of several levels the sharpest counts whose samples
still cover the data.

On MNIST, where a recorded generator is here: the rank of its Jacobian, that is the dimension of the surface
in the space of pixels on which all its samples lie. No dimension of noise is added, so that the distribution
is degenerate by construction; how many directions it makes use of is what is measured.

The series "gan SHAPE" and "chains SHAPE" are `PlanarPoint`s.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.experiments import base, surface
from gan_repro.experiments.base import Context, ExperimentResult, geometric_mean_of, mean_of
from gan_repro.experiments.planar import SHAPES, Shape, Sharpness, sharpness
from gan_repro.experiments.record import Finding
from gan_repro.experiments.small_net import Net
from gan_repro.experiments.surface import DIRECTIONS, RANK, of_recorded
from gan_repro.trials.presets import SEEDS
from gan_repro.util.seeds import generator

VERSION = 1

NAME = "sharp-distributions"
WIDTH, STRAY, COVERAGE = "width", "stray", "coverage"
WIDTH_AGAINST_CHAINS = "width_against_chains"
BESIDE = (
    WIDTH_AGAINST_CHAINS,
    surface.finding_name(RANK, "mnist"),
    surface.finding_name(DIRECTIONS, "mnist"),
)
"""Findings that a verdict tells, where they are there, and that decide nothing."""
COVERS = 0.7
"""Coverage from which on samples count as spread over all of the data."""

_NOISE = 2
"""Dimensions of z: as many as the plane has, so that G could blur if it would."""

Results = Mapping[str, Sequence[Sharpness]]
"""By the name of a shape, a result a training seed."""


def finding_name(measure: str, shape: str, *, chains: bool = False) -> str:
    """Name `WIDTH`, `STRAY` or `COVERAGE` of a shape by its name: of adversarial nets, or of chains."""
    return f"{'chains_' if chains else ''}{measure}_{shape}"


class PlanarPoint(NamedTuple):
    """Samples of one trained net."""

    seed: float
    level: float
    """Of the chain's noise; 0 for adversarial nets."""
    width: float
    stray: float
    coverage: float


class Settings(base.Settings):
    """One pair of adversarial nets a seed and shape, and an auto-encoder for each level of noise."""

    seeds: tuple[int, ...] = SEEDS
    hidden: int = Field(64, ge=1)
    batch_size: int = Field(128, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    """Of Adam, for all nets; it falls to nought as a half cosine."""
    updates: int = Field(4000, ge=1)
    """Of G."""
    discriminator_steps: int = Field(1, ge=1)
    levels: tuple[float, ...] = Field((0.1, 0.2, 0.4, 0.8), min_length=1)
    """Standard deviations of the auto-encoders' noise."""
    encoder_updates: int = Field(2000, ge=1)
    """Of an auto-encoder, each with all steps of its walk back."""
    walkback: int = Field(3, ge=1)
    """Steps of a walk in training."""
    burn_in: int = Field(100, ge=0)
    """Steps of each chain before its state is a sample."""
    n_samples: int = Field(10_000, ge=10)
    jacobians: int = Field(20, ge=1)
    """Points of z at which a recorded generator's Jacobian is taken."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train every net, and look at the recorded generators that are here."""
    nets: dict[str, list[Sharpness]] = {shape.name: [] for shape in SHAPES}
    chains: dict[str, list[Sharpness]] = {shape.name: [] for shape in SHAPES}
    series: dict[str, list[list[float]]] = {}
    for shape in SHAPES:
        for seed in settings.seeds:
            found = sharpness(shape, _adversarial(shape, settings, seed))
            at_levels = {
                level: sharpness(shape, _walkback(shape, settings, seed, level)) for level in settings.levels
            }
            nets[shape.name].append(found)
            chains[shape.name].append(sharpest(list(at_levels.values())))
            series.setdefault(f"gan {shape.name}", []).append(_point(seed, 0, found))
            series.setdefault(f"chains {shape.name}", []).extend(
                _point(seed, level, result) for level, result in at_levels.items()
            )
            context.log(
                f"{NAME}: {shape.name}, seed {seed}: adversarial nets {found.width:.2f}, coverage "
                f"{found.coverage:.2f}; chains {chains[shape.name][-1].width:.2f}"
            )
    # The rule judges none of the recorded trials, so that they are named in the findings alone.
    recorded = of_recorded(settings.seeds, settings.jacobians, context)
    return ExperimentResult(findings(nets, chains) | recorded, series)


def sharpest(levels: Sequence[Sharpness]) -> Sharpness:
    """Choose the sharpest of chains that cover the data; where none does, the one that covers most."""
    covering = [found for found in levels if found.coverage >= COVERS]
    if covering:
        return min(covering, key=lambda found: found.width)
    return max(levels, key=lambda found: found.coverage)


def findings(nets: Results, chains: Results) -> dict[str, Finding]:
    """Average over seeds what adversarial nets and chains have learned of each shape."""

    def over_seeds(values: Sequence[float], unit: str, what: str) -> Finding:
        return mean_of(values, over="training seeds", unit=unit, what=what)

    found = {}
    for who, results in (("adversarial nets", nets), ("chains", chains)):
        named = functools.partial(finding_name, chains=who == "chains")
        widths = {
            "ring": f"median distance of samples from a ring, over that of its own points, {who}",
            "masses": f"median distance of samples from the nearest point mass, over half the masses', {who}",
        }
        for shape, each in results.items():
            found[named(WIDTH, shape)] = over_seeds([s.width for s in each], "ratio", widths[shape])
            found[named(STRAY, shape)] = over_seeds(
                [s.stray for s in each], "share", f"samples far from the {shape}, {who}"
            )
            found[named(COVERAGE, shape)] = over_seeds(
                [s.coverage for s in each], "share", f"how much of the {shape} the samples cover, {who}"
            )
    ratios = [
        math.exp(np.mean([math.log(nets[shape][i].width / chains[shape][i].width) for shape in nets]))
        for i in range(len(next(iter(chains.values()), ())))
    ]
    if ratios:
        found[WIDTH_AGAINST_CHAINS] = geometric_mean_of(
            ratios, over="training seeds", what="width of adversarial nets over that of chains, both shapes"
        )
    return found


def _adversarial(shape: Shape, settings: Settings, seed: int) -> np.ndarray:
    """Train a pair of adversarial nets, and draw samples (n, 2)."""
    random = generator(seed, NAME, "gan", shape.name)
    g = Net(settings.hidden, random, inputs=_NOISE, outputs=2)
    d = Net(settings.hidden, random, inputs=2)

    def generated(n: int) -> Tensor:
        return g(torch.randn(n, _NOISE, generator=random))

    n = settings.batch_size
    for update in range(settings.updates):
        rate = _rate(settings, update / settings.updates)
        for _ in range(settings.discriminator_steps):
            with torch.no_grad():
                samples = generated(n)
            d.descend(softplus(-d(shape.draw(n, random))).mean() + softplus(d(samples)).mean(), rate)
        g.descend(softplus(-d(generated(n))).mean(), rate)
    with torch.no_grad():
        return generated(settings.n_samples).numpy()


def _walkback(shape: Shape, settings: Settings, seed: int, level: float) -> np.ndarray:
    """Train a denoising auto-encoder by walkback, and draw the last states (n, 2) of as many chains."""
    random = generator(seed, NAME, "chains", shape.name, str(level))
    f = Net(settings.hidden, random, inputs=2, outputs=2)

    def corrupted(x: Tensor) -> Tensor:
        return x + level * torch.randn(x.shape, generator=random)

    for update in range(settings.encoder_updates):
        data = state = shape.draw(settings.batch_size, random)
        losses = []
        for _ in range(settings.walkback):
            state = f(corrupted(state.detach()))
            losses.append((state - data).square().sum(dim=1).mean())
        f.descend(torch.stack(losses).sum(), _rate(settings, update / settings.encoder_updates))
    state = shape.draw(1, random).expand(settings.n_samples, 2)
    with torch.no_grad():
        for _ in range(settings.burn_in + 1):
            state = f(corrupted(state))
    return state.numpy()


def _rate(settings: Settings, done: float) -> float:
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _point(seed: int, level: float, found: Sharpness) -> list[float]:
    return list(PlanarPoint(seed, level, *(round(value, 5) for value in astuple(found))))
