"""The Helvetica scenario: G trained too much without updating D sends many z to the same x (section 6).

The paper's recipe at a reduced size is trained for a while in balance, one update of D to one of G. From that
state it goes on for as many updates of G again, with 1 or 10 updates of G to one of D, and with D not
updated at all; all from the same nets and the same streams, so that the branches are paired.

Diversity is the mean Euclidean distance between two samples. Coverage is how many of the clusters of the
training images (k-means) are the nearest cluster of some sample; as many test images show what can be had.
A collapsed G has a small distance and few clusters. Rows of the series "diversity": updates of G to one of
D (0: D not updated), mean diversity over that of test images, mean coverage over that of test images.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro import data, models
from gan_repro.audit.experiments import base
from gan_repro.audit.experiments.base import SEEDS, Context, Floats, Outcome, geometric_mean_of, mean_of
from gan_repro.audit.experiments.record import Finding
from gan_repro.models.gan import GAN
from gan_repro.seeds import generator

VERSION = 1

FROZEN = 0
"""Stands for "D is not updated" among the numbers of G's updates to one of D's."""


class Settings(base.Settings):
    """One balanced training a seed, and a branch of it for each ratio."""

    seeds: tuple[int, ...] = SEEDS[:3]
    dataset: str = "mnist"
    generator_units: int = Field(200, ge=1)
    """In each of G's two hidden layers; 1200 in the paper's recipe."""
    discriminator_units: int = Field(40, ge=1)
    """In each of D's two hidden layers; 240 in the paper's recipe."""
    balanced_updates: int = Field(2000, ge=1)
    """500 are an epoch of MNIST."""
    branch_updates: int = Field(500, ge=1)
    """Of G, in each branch."""
    ratios: tuple[int, ...] = (1, 10, FROZEN)
    """Updates of G to one of D; 0: D is not updated."""
    n_samples: int = Field(1000, ge=2)
    clusters: int = Field(100, ge=1)
    n_clustered: int = Field(5000, ge=1)
    """Training images from which the clusters are made."""


class _Balance:
    """Ends a fit after so many updates."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def after_batch(self, model: Any) -> None:
        """Stop in the middle of an epoch, where that is due."""
        if model.updates == self.updates:
            raise StopIteration

    def after_epoch(self, model: Any, log: Any) -> bool:
        """Never ends a fit."""
        return False


def run(settings: Settings, context: Context) -> Outcome:
    """Train, branch and measure for each seed."""
    images = data.load(settings.dataset, root=context.root)
    train, test = torch.from_numpy(images.train), images.test[: settings.n_samples]
    centroids = clusters(images.train[: settings.n_clustered], settings.clusters)
    reach, covered = diversity(test), coverage(test, centroids)
    diversities: dict[int, list[float]] = {ratio: [] for ratio in settings.ratios}
    coverages: dict[int, list[float]] = {ratio: [] for ratio in settings.ratios}
    before: list[float] = []
    for seed in settings.seeds:
        balanced = _balanced(settings, seed, train)
        before.append(diversity(_samples(balanced, settings)) / reach)
        for ratio in settings.ratios:
            samples = _samples(_branch(balanced, settings, ratio, train), settings)
            diversities[ratio].append(diversity(samples) / reach)
            coverages[ratio].append(coverage(samples, centroids) / covered)
        last = {ratio: round(diversities[ratio][-1], 2) for ratio in settings.ratios}
        context.talk(f"helvetica: seed {seed}, diversity by updates of G to one of D: {last}")
    over = "training seeds"
    control, frozen = settings.ratios[0], settings.ratios[-1]

    def paired(of: dict[int, list[float]], what: str) -> Finding:
        return geometric_mean_of(np.array(of[frozen]) / np.array(of[control]), over=over, what=what)

    findings = {
        "diversity_ratio": paired(
            diversities,
            f"mean distance between two samples after {settings.branch_updates} updates of G "
            f"{_words(frozen)}, over that {_words(control)}; paired over seeds",
        ),
        "coverage_ratio": paired(
            coverages, f"clusters of training images covered {_words(frozen)}, over those {_words(control)}"
        ),
        "diversity_before": mean_of(
            before, over=over, unit="ratio",
            what="mean distance between two samples before the branches, over that of test images",
        ),
    }  # fmt: skip
    for ratio in settings.ratios:
        findings[f"diversity_{_words(ratio)}"] = mean_of(
            diversities[ratio], over=over, unit="ratio",
            what=f"mean distance between two samples over that of test images, {_words(ratio)}",
        )  # fmt: skip
        findings[f"coverage_{_words(ratio)}"] = mean_of(
            coverages[ratio], over=over, unit="ratio",
            what=f"clusters that samples cover over those that as many test images cover, {_words(ratio)}",
        )  # fmt: skip
    rows = [
        [float(ratio), float(np.mean(diversities[ratio])), float(np.mean(coverages[ratio]))]
        for ratio in settings.ratios
    ]
    return Outcome(findings, {"diversity": rows})


def diversity(images: Floats) -> float:
    """Mean Euclidean distance between two different images of (n, d)."""
    from scipy.spatial.distance import pdist

    return float(pdist(images).mean())


def clusters(images: Floats, count: int) -> Floats:
    """Centroids (count, d) of k-means, started from a fixed seed."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(torch.get_num_threads()):
        return KMeans(count, n_init=1, max_iter=20, random_state=0).fit(images).cluster_centers_


def coverage(images: Floats, centroids: Floats) -> int:
    """How many centroids (k, d) are the nearest one of some image (n, d)."""
    from sklearn.metrics import pairwise_distances_argmin

    return len(np.unique(pairwise_distances_argmin(images, centroids)))


def _balanced(settings: Settings, seed: int, train: Tensor) -> GAN:
    model = models.get(
        "gan",
        seed=seed,
        epochs=settings.balanced_updates,  # an epoch has an update at least
        generator_hidden=[{"units": settings.generator_units}] * 2,
        discriminator_hidden=[settings.discriminator_units] * 2,
    )
    with contextlib.suppress(StopIteration):
        model.fit(train, observer=_Balance(settings.balanced_updates))
    return model


def _branch(balanced: GAN, settings: Settings, ratio: int, train: Tensor) -> GAN:
    """A copy of the balanced nets, trained on with `ratio` updates of G to one of D."""
    model = copy.deepcopy(balanced)
    order = generator(model.seed, "helvetica", "order")
    model.noise = generator(model.seed, "helvetica", "noise")
    size = model.config.batch_size
    for update in range(settings.branch_updates):
        fakes = model._generate(model._draw_noise(size, model.noise))
        if ratio != FROZEN and update % ratio == 0:
            batch = train[torch.randint(len(train), (size,), generator=order)]
            model._step(batch, fakes)
        else:
            model._step(train[:0], fakes, update_discriminator=False)
    return model


def _samples(model: GAN, settings: Settings) -> Floats:
    return model.sample(settings.n_samples, generator=generator(model.seed, "helvetica", "samples")).numpy()


def _words(ratio: int) -> str:
    return "with D frozen" if ratio == FROZEN else f"with {ratio} to 1"
