"""Alternating updates collapse where simultaneous ones train: is it the order, or the random numbers.

Algorithm 1 of the paper, as printed, moves D and then G against the D just moved, on fresh noise. The code
that was released takes both steps from the same parameters, and from the same noise and dropout masks. So two
things differ, and here are all four recipes, else with the released settings at full size:

    G meets D     random numbers      recipe
    before        of the same pass    "simultaneous", the released code
    before        of its own          "simultaneous_own"
    after         of the same pass    "alternating_same"
    after         of its own          "alternating", Algorithm 1

where before and after are D's step of the same minibatch. Everything is measured on validation images. What
a collapse is, is looked at in G's samples: how far apart they are, and what a gradient keeps of itself on its
way through their sigmoid, which is y (1 - y) at a pixel y.

Rows of the series "discriminator loss RECIPE" and "generator loss RECIPE": epoch, mean over seeds (nats).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro import data
from gan_repro.experiments import base
from gan_repro.experiments.base import SEEDS, Context, Floats, Outcome, mean_of
from gan_repro.experiments.helvetica import diversity
from gan_repro.experiments.record import Finding
from gan_repro.models.base import EpochLog
from gan_repro.models.gan.model import GAN, GANConfig, Hidden
from gan_repro.parzen.protocols import choose_sigma
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
        for_d, for_g = (self._generate(self._draw_noise(len(batch), self.noise)) for _ in range(2))
        losses = self._step(batch[:0], for_g, update_discriminator=False)
        return losses | self._step(batch, for_d, update_generator=False)


class Alternating(GAN):
    """G's step after D's, with the same noise and the same dropout masks."""

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """One update of D, then one of G against it."""
        noise = self._draw_noise(len(batch), self.noise)
        before_masks = self.noise.get_state()
        losses = self._step(batch, self._generate(noise), update_generator=False)
        self.noise.set_state(before_masks)
        return losses | self._step(batch, self._generate(noise), update_discriminator=False)


RECIPES: Mapping[str, tuple[type[GAN], str]] = {
    "simultaneous": (GAN, "G's step before D's, same random numbers (the released code)"),
    "simultaneous_own": (Simultaneous, "G's step before D's, random numbers of its own"),
    "alternating_same": (Alternating, "G's step after D's, same random numbers"),
    "alternating": (GAN, "G's step after D's, random numbers of its own (Algorithm 1)"),
}


def run(settings: Settings, context: Context) -> Outcome:
    """Train each recipe from each seed, and look at what it has come to."""
    images = data.load(settings.dataset, root=context.root)
    train, valid = torch.from_numpy(images.train), images.valid[: settings.n_valid]
    numbers: dict[str, list[dict[str, float]]] = {recipe: [] for recipe in RECIPES}
    losses: dict[str, list[list[Mapping[str, float]]]] = {recipe: [] for recipe in RECIPES}
    for seed in settings.seeds:
        for recipe in RECIPES:
            model, log = _train(settings, seed, recipe, train)
            losses[recipe].append(log)
            samples = model.sample(settings.n_samples, generator=generator(seed, "update-order")).numpy()
            numbers[recipe].append(look(samples, valid) | {"discriminator": log[-1]["discriminator loss"]})
            context.talk(f"update-order: seed {seed}, {recipe}, {numbers[recipe][-1]['likelihood']:.0f} nats")
    return Outcome(_findings(settings, numbers), _series(losses))


def look(samples: Floats, valid: Floats) -> dict[str, float]:
    """Likelihood (nats), diversity and slope of samples (n, d), the last two over those of images (m, d)."""
    few = min(len(samples), len(valid))
    return {
        "likelihood": choose_sigma(samples, valid, protocol="refined").valid_mean,
        "diversity": diversity(samples[:few]) / diversity(valid[:few]),
        "slope": float(np.mean(samples * (1 - samples)) / np.mean(valid * (1 - valid))),
    }


def _train(
    settings: Settings, seed: int, recipe: str, train: Tensor
) -> tuple[GAN, list[Mapping[str, float]]]:
    kind, _ = RECIPES[recipe]
    config = GANConfig(
        epochs=settings.epochs,
        update="alternating" if recipe == "alternating" else "simultaneous",
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

    likelihood = {recipe: of(recipe, "likelihood") for recipe in RECIPES}
    before = (likelihood["simultaneous"] + likelihood["simultaneous_own"]) / 2
    after = (likelihood["alternating_same"] + likelihood["alternating"]) / 2
    same = (likelihood["simultaneous"] + likelihood["alternating_same"]) / 2
    own = (likelihood["simultaneous_own"] + likelihood["alternating"]) / 2
    at = f"after {settings.epochs} epochs, paired over seeds"
    findings = {
        "order_effect": mean_of(
            after - before, over=over, unit="nats",
            what=f"validation log-likelihood with G's step after D's, minus before it, {at}",
        ),
        "randomness_effect": mean_of(
            own - same, over=over, unit="nats",
            what=f"the same with random numbers of G's own, minus those of D's pass, {at}",
        ),
    }  # fmt: skip
    whats = {
        "likelihood": ("nats", "validation log-likelihood"),
        "discriminator": (
            "nats",
            "D's loss in the last epoch; 0.69 where it cannot tell, 0 where it has won",
        ),
        "diversity": ("ratio", "mean distance between two samples, over that of validation images"),
        "slope": ("ratio", "mean of y (1 - y) over pixels of samples, over that of validation images"),
    }
    for recipe, (_, words) in RECIPES.items():
        for name, (unit, what) in whats.items():
            findings[f"{name}_{recipe}"] = mean_of(
                of(recipe, name), over=over, unit=unit, what=f"{what}: {words}"
            )
    return findings


def _series(losses: Mapping[str, list[list[Mapping[str, float]]]]) -> dict[str, list[list[float]]]:
    return {
        f"{net} loss {recipe}": [
            [epoch, float(f"{np.mean([log[f'{net} loss'] for log in logs]):.4g}")]
            for epoch, logs in enumerate(zip(*seeds, strict=True), start=1)
        ]
        for recipe, seeds in losses.items()
        for net in ("discriminator", "generator")
    }
