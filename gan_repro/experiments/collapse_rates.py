"""How often a short training of the adversarial nets collapses, by recipe.

Each recipe, a row of the table, is trained at full size from many seeds for a few epochs; a training has
collapsed where the spread across its samples is below a share of that across the training images (rule
"collapse" of gan_repro/verdicts/rules.toml, which also fixes recipes, seeds and epochs), and counts as
collapsed where it diverged. Training runs on one thread: whether a net collapses can hang on the rounding of
its products, so a rate is one of a processor and of who takes the products, which the record names.

Trainings are kept one by one under checkpoints/collapse-rates of the results folder: a run that was cut off
goes on where it was. The share of a recipe is the finding named by its row; the series of a row are
`TrainingPoint`s.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from pydantic import Field

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.experiments.base import Context, ExperimentResult, share_of
from gan_repro.experiments.trainings import NetSettings, Outcome, train
from gan_repro.trials.rows import ROWS, label

VERSION = 1

NAME = "collapse-rates"
_PROTOCOL = "refined"


class Settings(NetSettings):
    """Which recipes are trained how often and how long; as in rules.toml (`collapse.rates`)."""

    recipes: tuple[str, ...] = ("gan", "gan-gaussian-noise", "gan-alternating", "gan-searched")
    """Rows."""
    seeds: tuple[int, ...] = tuple(range(1, 21))
    epochs: int = Field(10, ge=1)


class TrainingPoint(NamedTuple):
    """One training of a recipe."""

    seed: float
    spread: float
    """Across the samples, over that across the training images; 0 if training diverged."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train every recipe from every seed, and count."""
    images = data.load(settings.dataset, root=context.root)
    outcomes: dict[str, list[Outcome]] = {row: [] for row in settings.recipes}
    # Seed by seed, so that a run that is cut off has as many of each recipe.
    for seed in settings.seeds:
        for row in settings.recipes:
            outcomes[row].append(_training(row, seed, images, settings, context))
    findings = {
        row: share_of(
            np.array([outcome.collapsed for outcome in found], dtype=float),
            over="training seeds",
            what=f"trainings of {label(row)} that have collapsed or diverged after {settings.epochs} epochs",
        )
        for row, found in outcomes.items()
    }
    series = {
        row: [list(_point(seed, o)) for seed, o in zip(settings.seeds, found, strict=True)]
        for row, found in outcomes.items()
    }
    return ExperimentResult(findings, series)


def _training(row: str, seed: int, images: Dataset, settings: Settings, context: Context) -> Outcome:
    config = {**ROWS[row].reference_settings(settings.dataset), **settings.layers, "epochs": settings.epochs}
    asked = json.dumps([VERSION, config, images.sha256, settings.n_samples, context.products])

    def make() -> Outcome:
        outcome = train(config, seed, images, n_samples=settings.n_samples, protocols=(_PROTOCOL,), name=NAME)
        found = _point(seed, outcome)
        context.log(f"{NAME}: {row}, seed {seed}: spread {found.spread:.2f} of the images'")
        return outcome

    return context.kept(NAME, f"{row}-seed{seed}", asked, Outcome, make)


def _point(seed: int, outcome: Outcome) -> TrainingPoint:
    return TrainingPoint(seed, outcome.relative_spread or 0.0)
