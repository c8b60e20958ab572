"""How often a short training of the adversarial nets collapses, by recipe.

Each recipe, a row of the table, is trained at full size from many seeds for a few epochs; a training has
collapsed where the spread across its samples is below a share of that across the training images (rule
"collapse" of gan_repro/verdicts/rules.toml, which also fixes recipes, seeds and epochs). Training runs on
one thread: whether a net collapses can hang on the rounding of its products, so a rate is one of a
processor and of who takes the products, which the record names.

Trainings are kept one by one under checkpoints/collapse-rates of the results folder: a run that was cut off
goes on where it was. The share of a recipe is the finding named by its row; the series of a row are
`TrainingPoint`s.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_repro import data, models
from gan_repro.data.dataset import Dataset
from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, share_of
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.stats.spread import COLLAPSED_BELOW, spread
from gan_repro.trials.rows import ROWS, label
from gan_repro.util.files import atomic_write
from gan_repro.util.seeds import generator

VERSION = 1

NAME = "collapse-rates"


class Settings(base.Settings):
    """Which recipes are trained how often and how long; as in rules.toml (`collapse.rates`)."""

    recipes: tuple[str, ...] = ("gan", "gan-gaussian-noise", "gan-alternating", "gan-searched")
    """Rows."""
    dataset: str = "mnist"
    seeds: tuple[int, ...] = tuple(range(1, 21))
    epochs: int = Field(10, ge=1)
    generator_units: int = Field(1200, ge=1)
    """In each of G's two hidden layers."""
    discriminator_units: int = Field(240, ge=1)
    """In each of D's two hidden layers."""
    n_samples: int = Field(10_000, ge=2)


class Training(BaseModel):
    """What came of one training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spread: float
    """Across the samples, over that across the training images."""
    valid: float
    """Mean log-likelihood of the validation images, sigma chosen on them, nats."""


class TrainingPoint(NamedTuple):
    """One training of a recipe."""

    seed: float
    spread: float
    valid: float


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train every recipe from every seed, and count."""
    images = data.load(settings.dataset, root=context.root)
    points: dict[str, list[TrainingPoint]] = {row: [] for row in settings.recipes}
    # Seed by seed, so that a run that is cut off has as many of each recipe.
    for seed in settings.seeds:
        for row in settings.recipes:
            trained = _training(row, seed, images, settings, context)
            points[row].append(TrainingPoint(seed, trained.spread, trained.valid))
    findings = {
        row: share_of(
            np.array([point.spread < COLLAPSED_BELOW for point in trainings], dtype=float),
            over="training seeds",
            what=f"trainings of {label(row)} that have collapsed after {settings.epochs} epochs",
        )
        for row, trainings in points.items()
    }
    return ExperimentResult(findings, {row: [list(p) for p in points[row]] for row in settings.recipes})


def _training(row: str, seed: int, images: Dataset, settings: Settings, context: Context) -> Training:
    """Train once, or read what an earlier run kept of it."""
    config = ROWS[row].reference_settings(settings.dataset) | {
        "epochs": settings.epochs,
        "generator_hidden": [{"units": settings.generator_units}] * 2,
        "discriminator_hidden": [settings.discriminator_units] * 2,
    }
    asked = json.dumps([VERSION, config, settings.dataset, settings.n_samples, context.products])
    name = f"{row}-seed{seed}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.json"
    path = context.results / "checkpoints" / NAME / name
    if path.exists():
        return Training.model_validate_json(path.read_bytes())
    model = models.get("gan", seed=seed, **config).fit(torch.from_numpy(images.train))
    samples = model.sample(settings.n_samples, generator=generator(seed, NAME)).numpy()
    share = spread(samples) / spread(images.train)
    valid = choose_sigma(samples, images.valid, protocol="refined").valid_mean
    trained = Training(spread=share, valid=valid)
    atomic_write(path, trained.model_dump_json())
    context.log(f"{NAME}: {row}, seed {seed}: spread {share:.2f} of the images', {valid:.0f} nats")
    return trained
