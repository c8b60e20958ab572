"""Alternating updates collapse where simultaneous ones train: is it the order, or the random numbers.

Algorithm 1 of the paper, as printed, moves D and then G against the D just moved, on fresh noise. The code
that was released takes both steps from the same parameters, and from the same noise and dropout masks. So
two things differ, and here are all four `RECIPES`, else with the released settings at full size. Everything
is measured on validation images. What a collapse is, is looked at in G's samples: how far apart they are,
and what a gradient keeps of itself on its way through their sigmoid, which is y (1 - y) at a pixel y.

Points of the series of losses are `EpochPoint`s, means over seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro import data
from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, mean_of
from gan_repro.experiments.helvetica import diversity
from gan_repro.experiments.record import Finding
from gan_repro.models.base import EpochLog
from gan_repro.models.gan.model import GAN, GANConfig, Hidden
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.trials.presets import SEEDS
from gan_repro.util.seeds import generator

VERSION = 1


class Settings(base.Settings):
    """Four trainings a seed, alike but for how D and G take turns."""

    seeds: tuple[int, ...] = SEEDS[:3]
    dataset: str = "mnist"
    generator_units: int = Field(1200, ge=1)
    """In each of G's two hidden layers."""
    discriminator_units: int = Field(240, ge=1)
    """In each of D's two hidden layers."""
    epochs: int = Field(6, ge=1)
    n_samples: int = Field(2000, ge=2)
    n_valid: int = Field(1000, ge=2)


class Simultaneous(GAN):
    """Both steps from the same parameters, each with random numbers of its own."""

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """One update of G and one of D; G's moves first, but D's images are of G as it was."""
        for_d, for_g = (self.generate(self.draw_noise(len(batch), self.noise)) for _ in range(2))
        losses = self.step(batch[:0], for_g, update_discriminator=False)
        return losses | self.step(batch, for_d, update_generator=False)


class Alternating(GAN):
    """G's step after D's, with the same noise and the same dropout masks."""

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """One update of D, then one of G against it."""
        noise = self.draw_noise(len(batch), self.noise)
        before_masks = self.noise.get_state()
        losses = self.step(batch, self.generate(noise), update_generator=False)
        self.noise.set_state(before_masks)
        return losses | self.step(batch, self.generate(noise), update_discriminator=False)


class Recipe(NamedTuple):
    """How D and G take turns."""

    model: type[GAN]
    meets: str
    """Against which D G's step is taken: as it is before its own step of the same minibatch, or after."""
    randomness: str
    """Whose noise and dropout masks G's step has."""
    update: Literal["simultaneous", "alternating"] = "simultaneous"
    """The setting of the model."""

    def __str__(self) -> str:
        return f"G's step {self.meets} D's, random numbers {self.randomness}"


RECIPES: Mapping[str, Recipe] = {
    "simultaneous": Recipe(GAN, "before (the released code)", "in common"),
    "simultaneous_own": Recipe(Simultaneous, "before", "G's own"),
    "alternating_same": Recipe(Alternating, "after", "in common"),
    "alternating": Recipe(GAN, "after (Algorithm 1)", "G's own", "alternating"),
}


class Measure(NamedTuple):
    """What is looked at in the nets of a recipe."""

    unit: str
    what: str


LIKELIHOOD, DISCRIMINATOR, DIVERSITY, SLOPE = "likelihood", "discriminator", "diversity", "slope"
MEASURES: Mapping[str, Measure] = {
    LIKELIHOOD: Measure("nats", "validation log-likelihood"),
    DISCRIMINATOR: Measure(
        "nats", "D's loss in the last epoch; 0.69 where it cannot tell, 0 where it has won"
    ),
    DIVERSITY: Measure("ratio", "mean distance between two samples, over that of validation images"),
    SLOPE: Measure("ratio", "mean of y (1 - y) over pixels of samples, over that of validation images"),
}

NAME = "update-order"
ORDER_EFFECT, RANDOMNESS_EFFECT = "order_effect", "randomness_effect"
NETS = ("discriminator", "generator")


class EpochPoint(NamedTuple):
    """A net's loss in one epoch."""

    epoch: float
    loss: float
    """Nats."""


def finding_name(measure: str, recipe: str) -> str:
    """Name the finding of a measure for a recipe."""
    return f"{measure}_{recipe}"


def loss_series(net: str, recipe: str) -> str:
    """Name the series of a net's loss under a recipe."""
    return f"{net} loss {recipe}"


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train each recipe from each seed, and look at what it has come to."""
    images = data.load(settings.dataset, root=context.root)
    train, valid = torch.from_numpy(images.train), images.valid[: settings.n_valid]
    numbers: dict[str, list[dict[str, float]]] = {recipe: [] for recipe in RECIPES}
    losses: dict[str, list[list[Mapping[str, float]]]] = {recipe: [] for recipe in RECIPES}
    for seed in settings.seeds:
        for recipe in RECIPES:
            model, log = _train(settings, seed, recipe, train)
            losses[recipe].append(log)
            samples = model.sample(settings.n_samples, generator=generator(seed, NAME)).numpy()
            numbers[recipe].append(look(samples, valid) | {DISCRIMINATOR: log[-1]["discriminator loss"]})
            context.log(f"{NAME}: seed {seed}, {recipe}, {numbers[recipe][-1][LIKELIHOOD]:.0f} nats")
    return ExperimentResult(_findings(settings, numbers), _series(losses))


def look(samples: Floats, valid: Floats) -> dict[str, float]:
    """Likelihood (nats), diversity and slope of samples (n, d), the last two over those of images (m, d)."""
    few = min(len(samples), len(valid))
    return {
        LIKELIHOOD: choose_sigma(samples, valid, protocol="refined").valid_mean,
        DIVERSITY: diversity(samples[:few]) / diversity(valid[:few]),
        SLOPE: float(np.mean(samples * (1 - samples)) / np.mean(valid * (1 - valid))),
    }


def _train(
    settings: Settings, seed: int, recipe: str, train: Tensor
) -> tuple[GAN, list[Mapping[str, float]]]:
    kind, update = RECIPES[recipe].model, RECIPES[recipe].update
    config = GANConfig(
        epochs=settings.epochs,
        update=update,
        generator_hidden=(Hidden(units=settings.generator_units),) * 2,
        discriminator_hidden=(settings.discriminator_units,) * 2,
    )
    losses = _Losses()
    return kind(config, seed=seed).fit(train, observer=losses), losses.log


class _Losses:
    def __init__(self) -> None:
        self.log: list[Mapping[str, float]] = []

    def after_batch(self, model: Any) -> None:
        pass

    def after_epoch(self, model: Any, log: EpochLog) -> bool:
        self.log.append(log.losses)
        return False


def _findings(settings: Settings, numbers: Mapping[str, list[dict[str, float]]]) -> dict[str, Finding]:
    over = "training seeds"

    def of(recipe: str, name: str) -> Floats:
        return np.array([seed[name] for seed in numbers[recipe]])

    likelihood = {recipe: of(recipe, LIKELIHOOD) for recipe in RECIPES}
    before = (likelihood["simultaneous"] + likelihood["simultaneous_own"]) / 2
    after = (likelihood["alternating_same"] + likelihood["alternating"]) / 2
    same = (likelihood["simultaneous"] + likelihood["alternating_same"]) / 2
    own = (likelihood["simultaneous_own"] + likelihood["alternating"]) / 2
    at = f"after {settings.epochs} epochs, paired over seeds"
    findings = {
        ORDER_EFFECT: mean_of(
            after - before, over=over, unit="nats",
            what=f"validation log-likelihood with G's step after D's, minus before it, {at}",
        ),
        RANDOMNESS_EFFECT: mean_of(
            own - same, over=over, unit="nats",
            what=f"the same with random numbers of G's own, minus those of D's pass, {at}",
        ),
    }  # fmt: skip
    for name, recipe in RECIPES.items():
        for key, measure in MEASURES.items():
            findings[finding_name(key, name)] = mean_of(
                of(name, key), over=over, unit=measure.unit, what=f"{measure.what}: {recipe}"
            )
    return findings


def _series(losses: Mapping[str, list[list[Mapping[str, float]]]]) -> dict[str, list[list[float]]]:
    return {
        loss_series(net, recipe): [
            [epoch, float(f"{np.mean([log[f'{net} loss'] for log in logs]):.4g}")]
            for epoch, logs in enumerate(zip(*seeds, strict=True), start=1)
        ]
        for recipe, seeds in losses.items()
        for net in NETS
    }
