"""The game in one dimension, where densities are known: what D becomes, its value, and Figure 1 remade.

Data x ~ N(0, 1). G maps z ~ N(0, 1) to x through a small net that begins beside the data and too narrow, at
about 1.5 + z / 2; D maps x to a probability through another. Because z is a scalar, p_g is known as well as
p_data (densities.py): no estimate of a density stands between theory and measurement.

Checked against Goodfellow et al. 2014, section 4.1, with V(D, G) = E_data[log D] + E_z[log(1 - D(G(z)))]:

    D* = p_data / (p_data + p_g)                                                         (proposition 1)
    max_D V = -log 4 + 2 JSD(p_data, p_g), and -log 4 where p_g = p_data                 (theorem 1)

The panels are those of Figure 1: (a) an early pair of nets, (b) D trained on against that G, (c) G moved
against that D, (d) the end. Points of the series "panel a" to "panel d" are `PanelPoint`s, those of "map a"
to "map d" `ArrowPoint`s, of the first seed.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from pydantic import Field
from scipy.special import ndtri
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, mean_of
from gan_repro.experiments.densities import State, centres, masses, normal_masses
from gan_repro.experiments.record import Finding
from gan_repro.experiments.small_net import Net
from gan_repro.trials.presets import SEEDS
from gan_repro.util.seeds import generator

VERSION = 1

NAME = "game-1d"
DISCRIMINATOR_GAP = "discriminator_gap"
DISCRIMINATOR_GAP_BEFORE = "discriminator_gap_before"
VALUE_GAP = "value_gap"
DIVERGENCE_IDENTITY_GAP = "divergence_identity_gap"
JSD_FIXED = "jsd_fixed"
JSD_START = "jsd_start"
JSD_END = "jsd_end"
DISCRIMINATOR_AT_END = "discriminator_at_end"
DISCRIMINATOR_FROM_HALF = "discriminator_from_half"
VALUE_AT_END = "value_at_end"
PANELS: Mapping[str, str] = {
    "a": "an early pair", "b": "D trained on", "c": "G moved against D", "d": "the end"
}  # fmt: skip
"""Of Figure 1."""

LOG_4 = math.log(4)

_START = (1.5, 0.5)
_NOISE_POINTS = 400_000


class Settings(base.Settings):
    """One game a seed; all of them alike."""

    seeds: tuple[int, ...] = SEEDS
    hidden: int = Field(32, ge=1)
    batch_size: int = Field(256, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    """Of Adam, for both nets; it falls to nought over the game as a half cosine."""
    discriminator_steps: int = Field(5, ge=1)
    """k of Algorithm 1."""
    updates: int = Field(1000, ge=1)
    """Of G."""
    early: int = Field(30, ge=1)
    """Updates of G before panel (a)."""
    discriminator_updates: int = Field(1500, ge=1)
    """Of D alone, where it is trained against a fixed G."""
    generator_moves: int = Field(4, ge=1)
    """Updates of G between panels (b) and (c)."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Play one game a seed, and check every statement on each."""
    games = []
    for seed in settings.seeds:
        games.append(_play(settings, seed))
        context.log(f"{NAME}: seed {seed}, JSD at the end {games[-1]['d'].divergence:.4f} nats")
    series: dict[str, list[list[float]]] = {}
    for panel in PANELS:
        series[panel_series(panel)] = games[0][panel].panel()
        series[map_series(panel)] = games[0][panel].arrows()
    return ExperimentResult(findings(games), series)


def panel_series(panel: str) -> str:
    """Name the series of a panel's densities."""
    return f"panel {panel}"


def map_series(panel: str) -> str:
    """Name the series of a panel's arrows from z to G(z)."""
    return f"map {panel}"


def findings(games: Sequence[Mapping[str, State]]) -> dict[str, Finding]:
    """Check every statement on each game, given by the states of its panels, and average."""

    def over_seeds(values: list[float], unit: str, what: str) -> Finding:
        return mean_of(values, over="training seeds", unit=unit, what=what)

    def of(panel: str) -> list[State]:
        return [game[panel] for game in games]

    return {
        DISCRIMINATOR_GAP: over_seeds(
            [state.gap for state in of("b")],
            "probability",
            "mean over data and samples of |D - p_data / (p_data + p_g)|, D trained against a fixed G",
        ),
        DISCRIMINATOR_GAP_BEFORE: over_seeds(
            [state.gap for state in of("a")], "probability", "the same before D is trained on"
        ),
        VALUE_GAP: over_seeds(
            [state.value + LOG_4 for state in of("equal")],
            "nats",
            "V(D) + log 4 of a D trained against p_g = p_data; no D can make it positive",
        ),
        DIVERGENCE_IDENTITY_GAP: over_seeds(
            [state.value + LOG_4 - 2 * state.divergence for state in of("b")],
            "nats",
            "V(D) - (-log 4 + 2 JSD), D trained against a fixed G; no D can make it positive",
        ),
        JSD_FIXED: over_seeds(
            [s.divergence for s in of("b")], "nats", "JSD of p_data and p_g at that fixed G"
        ),
        JSD_START: over_seeds(
            [s.divergence for s in of("start")], "nats", "JSD of p_data and p_g before training"
        ),
        JSD_END: over_seeds(
            [s.divergence for s in of("d")], "nats", "JSD of p_data and p_g after training both nets"
        ),
        DISCRIMINATOR_AT_END: over_seeds(
            [float(s.mixture @ s.probability) for s in of("d")],
            "probability",
            "mean of D over data and samples after training both nets",
        ),
        DISCRIMINATOR_FROM_HALF: over_seeds(
            [float(s.mixture @ np.abs(s.probability - 0.5)) for s in of("d")],
            "probability",
            "mean of |D - 1/2| over data and samples after training both nets",
        ),
        VALUE_AT_END: over_seeds(
            [s.value for s in of("d")], "nats", "V(D, G) after training both nets; -log 4 is -1.386"
        ),
    }


def _play(settings: Settings, seed: int) -> dict[str, State]:
    """Play one game; give the states by panel, "start" and "equal" (D against p_g = p_data) besides."""
    random = generator(seed, NAME)
    g = Net(settings.hidden, random, affine=_START)
    d = Net(settings.hidden, random)
    states = {"start": _state(d, g)}
    for update in range(settings.updates):
        if update == settings.early:
            states |= _figure_1(settings, seed, g, d)
        rate = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * update / settings.updates))
        for _ in range(settings.discriminator_steps):
            _train_discriminator(d, g, settings.batch_size, rate, random)
        _train_generator(d, g, settings.batch_size, rate, random)
    states["d"] = _state(d, g)
    equal = Net(settings.hidden, random)
    for step in range(settings.discriminator_updates):
        rate = settings.learning_rate * (1 - step / settings.discriminator_updates)
        _train_discriminator(equal, None, settings.batch_size, rate, random)
    states["equal"] = _state(equal, None)
    return states


def _figure_1(settings: Settings, seed: int, g: Net, d: Net) -> dict[str, State]:
    """Panels (a) to (c), on copies: the game itself goes on as if nobody had looked."""
    g, d = copy.deepcopy(g), copy.deepcopy(d)
    random = generator(seed, NAME, "figure 1")
    panels = {"a": _state(d, g)}
    for step in range(settings.discriminator_updates):
        rate = settings.learning_rate * (1 - step / settings.discriminator_updates)
        _train_discriminator(d, g, settings.batch_size, rate, random)
    panels["b"] = _state(d, g)
    for _ in range(settings.generator_moves):
        _train_generator(d, g, settings.batch_size, settings.learning_rate, random)
    panels["c"] = _state(d, g)
    return panels


def _train_discriminator(d: Net, g: Net | None, n: int, rate: float, random: torch.Generator) -> None:
    """One step up V, on n data and n samples of `g`, or of the data's own density where that is None."""
    data = torch.randn(n, 1, generator=random)
    if g is None:
        samples = torch.randn(n, 1, generator=random)
    else:
        with torch.no_grad():
            samples = g(_noise(n, random))
    d.descend(softplus(-d(data)).mean() + softplus(d(samples)).mean(), rate)


def _train_generator(d: Net, g: Net, n: int, rate: float, random: torch.Generator) -> None:
    """One step up E[log D(G(z))]: the same fixed point as the minimax game, with gradients that last."""
    g.descend(softplus(-d(g(_noise(n, random)))).mean(), rate)


def _noise(n: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, 1, generator=random)


def _state(d: Net, g: Net | None) -> State:
    noise = ndtri((np.arange(_NOISE_POINTS) + 0.5) / _NOISE_POINTS)
    data = normal_masses()
    images = noise if g is None else g.values(noise)
    generated = data if g is None else masses(images)
    return State(data, generated, d.values(centres()), noise, images)
