"""Habits of sampling from Markov chains, and what they do to the score.

- The authors of the deep GSN score consecutive states of one chain that starts at a corrupted test image,
  without burn-in, and keep the clean image as the first sample (yaoli/GSN, `sample_some_numbers`). That is
  compared with this project's chains, and, on the same states, with leaving the image out.
- Consecutive states of a few long chains are compared with every `thinning`-th state of as many.

Sigma is chosen continuously on 1,000 validation images. Findings are named by `finding_name`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, evenly_spaced
from gan_repro.experiments.record import Finding
from gan_repro.experiments.scores import FEW, Values, continuous_score, effect
from gan_repro.experiments.trained import Trained, load_rows
from gan_repro.models.chains import LONG_CHAINS

VERSION = 2

NAME = "chain-habits"
THINNED = "thinned"
TEST_IMAGE_START = "test-image-start"
TEST_IMAGE_KEPT = "test-image-kept"
TEST_IMAGE_ITSELF = "test-image-itself"

WITHDRAWN = {
    1: {THINNED: "each chain gave one sample, so that thinning never acted: both ways were the same"}
}
"""By version, findings that were no measurement, and why; the name stands before the slash."""


def finding_name(habit: str, row: str) -> str:
    """Name the finding of a habit for a row."""
    return f"{habit}/{row}"


class Settings(base.Settings):
    """Which rows, how many draws, and how far apart thinned states are."""

    models: tuple[str, ...] = Field(("gsn", "dbn", "cae"), min_length=1)
    """The rows."""
    dataset: str = "mnist"
    long_chains: int = Field(LONG_CHAINS, ge=1)
    """How many chains are thinned, or not."""
    thinning: int = Field(5, ge=2)
    draws: int = Field(2, ge=2)
    """Sets of chains for each way of sampling."""
    n_test: int = Field(2000, ge=2)
    """Evenly spaced over the test images."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure the first recorded model of each row that has one here.

    Raises:
        NoModelError: no row has one.
    """
    findings: dict[str, Finding] = {}
    trial_ids = []
    for name, (trained,) in load_rows(context, settings.models, settings.dataset, most=1):
        trial_ids.append(trained.record.spec.id)
        scored: dict[int, list[Values]] = {1: [], settings.thinning: []}
        for draw in range(1, settings.draws + 1):
            for thinning, values in scored.items():
                model = copy.copy(trained.model)
                changes = {"chains": settings.long_chains, "thinning": thinning}
                model.config = model.config.model_copy(update=changes)
                values.append(_score(trained, settings, _draw(trained, model, draw)))
            context.log(f"{NAME}: {trained.label}, draw {draw} of {settings.draws}")
        findings[finding_name(THINNED, name)] = _unpaired(
            scored[settings.thinning],
            scored[1],
            f"every {settings.thinning}th state of {settings.long_chains} chains, not consecutive ones",
        )
        if name == "gsn":
            findings |= _from_a_test_image(trained, settings, context)
    return ExperimentResult(findings, trial_ids=tuple(trial_ids))


def _from_a_test_image(trained: Trained, settings: Settings, context: Context) -> dict[str, Finding]:
    """Measure the habit of the GSN's authors against this project's."""
    image = torch.from_numpy(trained.dataset.test[0])
    usual, started, kept = [], [], []
    for draw in range(1, settings.draws + 1):
        usual.append(_score(trained, settings, trained.samples(draw)))
        states = _draw(trained, trained.model, draw, start=image)
        started.append(_score(trained, settings, states))
        kept.append(started[-1] - _score(trained, settings, states[1:]))
        context.log(f"{NAME}: {trained.label} from a test image, draw {draw} of {settings.draws}")
    return {
        finding_name(TEST_IMAGE_START, "gsn"): _unpaired(
            started, usual, "one chain from a test image that is kept as a sample, not many chains from noise"
        ),
        finding_name(TEST_IMAGE_KEPT, "gsn"): effect([kept], "keeping that test image, on the same states"),
        finding_name(TEST_IMAGE_ITSELF, "gsn"): Finding(
            value=float(np.mean([difference[0] for difference in kept])), unit="nats",
            what="what keeping it adds to the log-likelihood of that one test image",
        ),
    }  # fmt: skip


def _draw(trained: Trained, model: Any, draw: int, **options: Any) -> Floats:
    n = trained.record.spec.evaluation.n_samples
    return model.sample(n, generator=trained.random(draw), **options).cpu().numpy()


def _score(trained: Trained, settings: Settings, samples: Floats) -> Values:
    """Score test images, the first among them."""
    images = trained.dataset
    test = evenly_spaced(images.test, settings.n_test)
    return continuous_score(samples, images.valid[:FEW], test)


def _unpaired(changed: Sequence[Values], usual: Sequence[Values], what: str) -> Finding:
    """Compare two ways of sampling, with draws of their own on the same test images."""
    a, b = np.stack(changed), np.stack(usual)
    per_image = a.mean(axis=0) - b.mean(axis=0)
    variance = per_image.var(ddof=1) / len(per_image) + sum(
        values.mean(axis=1).var(ddof=1) / len(values) for values in (a, b)
    )
    return Finding(
        value=float(per_image.mean()),
        standard_error=float(np.sqrt(variance)),
        unit="nats",
        over="draws of samples and test examples",
        n=len(a) + len(b),
        what=what,
    )
