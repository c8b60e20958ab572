"""The Helvetica scenario: G trained too much without updating D sends many z to the same x (section 6).

A recorded pair of nets is trained on, for as many updates of G, with 1 or 10 updates of G to one of D, and
with D not updated at all. All branches start from the same pair and share their streams of noise; what is
repeated over seeds are these streams, not the training of the pair.

Diversity is the mean Euclidean distance between two samples. Coverage is how many of the clusters of the
training images (k-means) are the nearest cluster of some sample; as many test images show what can be had.
A collapsed G has a small distance and few clusters. Rows of the series "diversity": updates of G to one of
D (0: D not updated), mean diversity over that of test images, mean coverage over that of test images.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro.experiments import base
from gan_repro.experiments.base import SEEDS, Context, Floats, Outcome, geometric_mean_of, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import NoModelError, load, nothing_recorded, recorded
from gan_repro.models.gan.model import GAN
from gan_repro.trials.store import RecordStore
from gan_repro.util.seeds import generator

VERSION = 1

FROZEN = 0
"""Stands for "D is not updated" among the numbers of G's updates to one of D's."""


class Settings(base.Settings):
    """A branch for each ratio and each seed of the streams, all from one recorded pair of nets."""

    seeds: tuple[int, ...] = SEEDS[:3]
    dataset: str = "mnist"
    branch_updates: int = Field(600, ge=1)
    """Of G, in each branch; 500 are an epoch of MNIST."""
    ratios: tuple[int, ...] = (1, 10, FROZEN)
    """Updates of G to one of D, 0: D is not updated; the last is compared with the first."""
    n_samples: int = Field(1000, ge=2)
    clusters: int = Field(100, ge=1)
    n_clustered: int = Field(5000, ge=1)
    """Training images from which the clusters are made."""


def run(settings: Settings, context: Context) -> Outcome:
    """Branch and measure for each seed of the streams."""
    records = recorded(list(RecordStore(context.results)), "gan", settings.dataset)
    if not records:
        raise NoModelError(nothing_recorded(context, "gan", settings.dataset))
    pair = load(records[0], context, last=True)
    train, test = torch.from_numpy(pair.dataset.train), pair.dataset.test[: settings.n_samples]
    centroids = clusters(pair.dataset.train[: settings.n_clustered], settings.clusters)
    reach, covered = diversity(test), coverage(test, centroids)
    diversities: dict[int, list[float]] = {ratio: [] for ratio in settings.ratios}
    coverages: dict[int, list[float]] = {ratio: [] for ratio in settings.ratios}
    before: list[float] = []
    for seed in settings.seeds:
        before.append(diversity(_samples(pair.model, seed, settings)) / reach)
        for ratio in settings.ratios:
            samples = _samples(_branch(pair.model, seed, settings, ratio, train), seed, settings)
            diversities[ratio].append(diversity(samples) / reach)
            coverages[ratio].append(coverage(samples, centroids) / covered)
        last = {ratio: round(diversities[ratio][-1], 2) for ratio in settings.ratios}
        context.talk(f"helvetica: seed {seed}, diversity by updates of G to one of D: {last}")
    over = "streams of noise"
    control, alone = settings.ratios[0], settings.ratios[-1]

    def paired(of: dict[int, list[float]], what: str) -> Finding:
        return geometric_mean_of(np.array(of[alone]) / np.array(of[control]), over=over, what=what)

    findings = {
        "diversity_ratio": paired(
            diversities,
            f"mean distance between two samples after {settings.branch_updates} updates of G "
            f"{_words(alone)}, over that {_words(control)}; paired over streams, from one trained pair",
        ),
        "coverage_ratio": paired(
            coverages, f"clusters of training images covered {_words(alone)}, over those {_words(control)}"
        ),
        "diversity_before": mean_of(
            before, over=over, unit="ratio",
            what="mean distance between two samples before the branches, over that of test images",
        ),
    }  # fmt: skip
    for ratio in settings.ratios:
        findings[f"diversity_{_key(ratio)}"] = mean_of(
            diversities[ratio], over=over, unit="ratio",
            what=f"mean distance between two samples over that of test images, {_words(ratio)}",
        )  # fmt: skip
        findings[f"coverage_{_key(ratio)}"] = mean_of(
            coverages[ratio], over=over, unit="ratio",
            what=f"clusters that samples cover over those that as many test images cover, {_words(ratio)}",
        )  # fmt: skip
    rows = [
        [float(ratio), float(np.mean(diversities[ratio])), float(np.mean(coverages[ratio]))]
        for ratio in settings.ratios
    ]
    return Outcome(findings, {"diversity": rows}, (pair.record.spec.id,))


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


def _branch(pair: GAN, seed: int, settings: Settings, ratio: int, train: Tensor) -> GAN:
    """A copy of the pair of nets, trained on with `ratio` updates of G to one of D."""
    model = copy.deepcopy(pair)
    order = generator(seed, "helvetica", "order")
    model.noise = generator(seed, "helvetica", "noise")
    size = model.config.batch_size
    for update in range(settings.branch_updates):
        fakes = model._generate(model._draw_noise(size, model.noise))
        if ratio != FROZEN and update % ratio == 0:
            batch = train[torch.randint(len(train), (size,), generator=order)]
            model._step(batch, fakes)
        else:
            model._step(train[:0], fakes, update_discriminator=False)
    return model


def _samples(model: GAN, seed: int, settings: Settings) -> Floats:
    return model.sample(settings.n_samples, generator=generator(seed, "helvetica", "samples")).numpy()


def _key(ratio: int) -> str:
    return "frozen" if ratio == FROZEN else f"{ratio}_to_1"


def _words(ratio: int) -> str:
    return "with D frozen" if ratio == FROZEN else f"with {ratio} of G to 1 of D"
