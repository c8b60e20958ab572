"""What each choice of the protocol costs, in nats, on the same trained models.

Each recorded model draws several sets of samples, and each set is scored under variants that differ in one
choice. Effects are differences on the same samples and the same test images. Findings are called
CHOICE/MODEL; `gan_repro.verdicts.sensitivity` sets them beside the margins of Table 1, together with the
effects that the trials' own records hold (best against last generator, training seeds).

All variants but "grid" choose sigma continuously, so that no effect is a step from one grid point to the
next in disguise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from pydantic import Field

from gan_repro.data.dataset import Dataset
from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, evenly_spaced
from gan_repro.experiments.record import Finding
from gan_repro.experiments.scores import (
    FEW,
    Values,
    around,
    coarse,
    continuous,
    continuous_score,
    effect,
    grid_sigma,
    pooled_spread,
)
from gan_repro.experiments.trained import Trained, load_rows
from gan_repro.parzen.density import log_density
from gan_repro.util.seeds import derive_seed

VERSION = 1

NAME = "sensitivity"
SPREAD_DRAWS = "spread-draws"
PIXELS_256_ARITHMETIC = "pixels-256-arithmetic"

CHOICES: Mapping[str, tuple[str, str, str]] = {
    "sigma-continuous": ("few continuous", "few grid", "sigma optimised continuously, not on 10 points"),
    "validation-all": ("all continuous", "few continuous", "sigma from all validation images, not 1,000"),
    "validation-all-on-grid": ("all grid", "few grid", "the same, with sigma on the authors' 10 points"),
    "pixels-256": ("pixels 256", "few continuous", "pixels and samples divided by 256, not 255"),
    "pixels-256-on-grid": ("pixels 256 grid", "few grid", "the same, with sigma on the authors' 10 points"),
    "dequantised": ("dequantised", "few continuous", "images dequantised, (k + u) / 256 with u ~ U(0, 1)"),
}
"""Choice -> what is scored, what that is compared with, and the choice in words."""


def finding_name(choice: str, row: str) -> str:
    """Name the finding of a choice of the protocol for a row."""
    return f"{choice}/{row}"


class Settings(base.Settings):
    """Which models, how many draws of samples from each, and on how many test images."""

    models: tuple[str, ...] = Field(("gan", "gsn", "dbn", "cae"), min_length=1)
    dataset: str = "mnist"
    draws: int = Field(3, ge=2)
    """Of as many samples as the trial was scored on; the first is the trial's own."""
    n_test: int = Field(2000, ge=2)
    """Evenly spaced over the test images."""
    seed: int = 1
    """Of the dequantisation noise."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure every recorded model that is here.

    Raises:
        NoModelError: there is none of any row.
    """
    findings: dict[str, Finding] = {}
    trial_ids: list[str] = []
    for name, group in load_rows(context, settings.models, settings.dataset):
        trial_ids += [trained.record.spec.id for trained in group]
        scored = [_scores(trained, settings, context) for trained in group]
        for choice, (changed, kept, words) in CHOICES.items():
            differences = [[draw[changed] - draw[kept] for draw in draws] for draws in scored]
            findings[finding_name(choice, name)] = effect(
                differences, f"{words}: change of the score of {name}"
            )
        means = [[float(draw["few continuous"].mean()) for draw in draws] for draws in scored]
        found = pooled_spread(
            means, "draws of samples", f"standard deviation of a score of {name} over draws of samples"
        )
        if found is not None:
            findings[finding_name(SPREAD_DRAWS, name)] = found
    d = int(np.prod(group[0].dataset.image_shape))
    maximum = group[0].dataset.maximum
    findings[PIXELS_256_ARITHMETIC] = Finding(
        value=d * math.log((maximum + 1) / maximum),
        unit="nats",
        what=f"{d} ln({maximum + 1} / {maximum}), by which pixels-256 must raise every score",
    )
    return ExperimentResult(findings, trial_ids=tuple(trial_ids))


def _scores(trained: Trained, settings: Settings, context: Context) -> list[dict[str, Values]]:
    """Log-likelihoods (n_test,) by variant, for each draw of samples."""
    images = trained.dataset
    test = evenly_spaced(images.test, settings.n_test)
    rng = np.random.default_rng(derive_seed(settings.seed, "sensitivity", "dequantisation"))
    pixels = (images.valid_pixels[:FEW], evenly_spaced(images.test_pixels, settings.n_test))
    noisy = [dequantised(of, images, rng) for of in pixels]
    scored = []
    for draw in range(settings.draws):
        samples = trained.samples(draw)
        scored.append(variants(samples, images.valid, test, images.maximum))
        scored[-1]["dequantised"] = continuous_score(samples, *noisy)
        context.log(
            f"{NAME}: {trained.label}, draw {draw + 1} of {settings.draws}, "
            f"{scored[-1]['few grid'].mean():.1f} nats"
        )
    return scored


def variants(samples: Floats, valid: Floats, test: Floats, maximum: int) -> dict[str, Values]:
    """Log-likelihoods of the test images (n_test,) by variant; all images are bytes over `maximum`."""
    sigmas = around(grid_sigma(samples, valid[:FEW]))
    table = log_density(valid, samples, sigmas)
    chosen = {
        f"{which} {how}": pick(rows, sigmas)
        for which, rows in (("few", table[:FEW]), ("all", table))
        for how, pick in (("grid", coarse), ("continuous", continuous))
    }
    tried = sorted(set(chosen.values()))
    scores = log_density(test, samples, tried)
    found = {name: scores[:, tried.index(sigma)] for name, sigma in chosen.items()}
    shrink = np.float32(maximum / (maximum + 1))
    small, few = samples * shrink, valid[:FEW] * shrink
    found["pixels 256"] = continuous_score(small, few, test * shrink)
    found["pixels 256 grid"] = log_density(test * shrink, small, [grid_sigma(small, few)])[:, 0]
    return found


def dequantised(pixels: np.ndarray, images: Dataset, rng: np.random.Generator) -> Floats:
    """Bytes k as (k + u) / (maximum + 1), u ~ U(0, 1), float32."""
    return ((pixels + rng.random(pixels.shape)) / (images.maximum + 1)).astype(np.float32)
