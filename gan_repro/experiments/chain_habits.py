"""Habits of sampling from Markov chains, and what they do to the score.

- The authors of the deep GSN score consecutive states of one chain that starts at a corrupted test image,
  without burn-in, and keep the clean image as the first sample (yaoli/GSN, `sample_some_numbers`). That is
  compared with this project's chains, and, on the same states, with leaving the image out.
- Consecutive states are compared with every `thinning`-th state of equally many chains.

Sigma is chosen continuously on 1,000 validation images. Findings are called HABIT/MODEL.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, Floats, Outcome
from gan_repro.experiments.record import Finding
from gan_repro.experiments.scores import FEW, Values, continuous_score, effect
from gan_repro.experiments.trained import Trained, load_all

VERSION = 1


class Settings(base.Settings):
    """Which models, how many draws, and how far apart thinned states are."""

    models: tuple[str, ...] = ("gsn", "dbn", "cae")
    dataset: str = "mnist"
    thinning: int = Field(5, ge=2)
    draws: int = Field(2, ge=2)
    """Sets of chains for each way of sampling."""
    n_test: int = Field(2000, ge=2)
    """Evenly spaced over the test images."""


def run(settings: Settings, context: Context) -> Outcome:
    """Measure the first recorded trial of each model."""
    findings: dict[str, Finding] = {}
    trial_ids = []
    for name in settings.models:
        trained = load_all(context, name, settings.dataset)[0]
        trial_ids.append(trained.record.spec.id)
        spaced = copy.copy(trained.model)
        spaced.config = spaced.config.model_copy(update={"thinning": settings.thinning})
        usual, thinned, started = [], [], []
        for draw in range(1, settings.draws + 1):
            usual.append(_score(trained, settings, trained.samples(draw)))
            thinned.append(_score(trained, settings, _draw(trained, spaced, draw)))
            context.talk(f"chain-habits: {trained.label}, draw {draw} of {settings.draws}")
        findings[f"thinned/{name}"] = _unpaired(
            thinned, usual, f"every {settings.thinning}th state of the chains, not consecutive ones"
        )
        if name != "gsn":
            continue
        image = torch.from_numpy(trained.dataset.test[0])
        kept = []
        for draw in range(1, settings.draws + 1):
            states = _draw(trained, trained.model, draw, start=image)
            started.append(_score(trained, settings, states))
            kept.append(started[-1] - _score(trained, settings, states[1:]))
            context.talk(f"chain-habits: {trained.label} from a test image, draw {draw} of {settings.draws}")
        findings["test-image-start/gsn"] = _unpaired(
            started, usual, "one chain from a test image that is kept as a sample, not many chains from noise"
        )
        findings["test-image-kept/gsn"] = effect([kept], "keeping that test image, on the same states")
        findings["test-image-itself/gsn"] = Finding(
            value=float(np.mean([difference[0] for difference in kept])), unit="nats",
            what="what keeping it adds to the log-likelihood of that one test image",
        )  # fmt: skip
    return Outcome(findings, trial_ids=tuple(trial_ids))


def _draw(trained: Trained, model: Any, draw: int, **options: Any) -> Floats:
    n = trained.record.spec.evaluation.n_samples
    return model.sample(n, generator=trained.random(draw), **options).cpu().numpy()


def _score(trained: Trained, settings: Settings, samples: Floats) -> Values:
    """Of the test images, the first among them."""
    images = trained.dataset
    every = max(len(images.test) // settings.n_test, 1)
    test = images.test[: every * settings.n_test : every]
    return continuous_score(samples, images.valid[:FEW], test)


def _unpaired(changed: Sequence[Values], usual: Sequence[Values], what: str) -> Finding:
    """The difference of two ways of sampling, with draws of their own on the same test images."""
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
