"""The Helvetica scenario: G trained too much without updating D sends many z to the same x (section 6).

Each recorded pair of nets is trained on, for as many updates of G, with 1 or 10 updates of G to one of D, and
with D not updated at all. All branches of a pair start from it and share their streams of noise; means and
intervals are over the training seeds of the pairs.

Diversity is the mean Euclidean distance between two samples. Coverage is how many of the clusters of the
training images (k-means) are the nearest cluster of some sample. Both are divided by those of as many test
images. A collapsed G has a small distance and few clusters. Points of the series "diversity" are
`DiversityPoint`s, means over pairs.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, geometric_mean_of, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.models.gan.model import GAN
from gan_repro.util.seeds import generator

VERSION = 2

WITHDRAWN = {1: {"diversity_ratio": "it rested on one trained pair of nets"}}
"""By version, findings that no verdict reads any more, and why."""

NAME = "helvetica"
DIVERSITY_RATIO = "diversity_ratio"
COVERAGE_RATIO = "coverage_ratio"
DIVERSITY_BEFORE = "diversity_before"
DIVERSITY = "diversity"
"""The series; and, with a ratio's key, findings."""
COVERAGE = "coverage"

FROZEN = 0
"""Stands for "D is not updated" among the numbers of G's updates to one of D's."""


class DiversityPoint(NamedTuple):
    """What came of one ratio of updates."""

    ratio: float
    """Updates of G to one of D; `FROZEN`: D not updated."""
    diversity: float
    """Over that of test images."""
    coverage: float


class Settings(base.Settings):
    """A branch for each ratio, from every recorded pair of nets."""

    model: str = "gan"
    """The row."""
    dataset: str = "mnist"
    branch_updates: int = Field(600, ge=1)
    """Of G, in each branch; 500 are an epoch of MNIST."""
    ratios: tuple[int, ...] = (1, 10, FROZEN)
    """Updates of G to one of D, 0: D is not updated; the last is compared with the first."""
    n_samples: int = Field(1000, ge=2)
    clusters: int = Field(100, ge=1)
    n_clustered: int = Field(5000, ge=1)
    """Training images from which the clusters are made."""


@dataclass(frozen=True)
class DiversityYardstick:
    """What test images have, as many as there are samples."""

    centroids: Floats
    """(k, d), of the training images' clusters."""
    diversity: float
    coverage: int

    @classmethod
    def of(cls, train: Floats, test: Floats, settings: Settings) -> DiversityYardstick:
        """Measure test images (n, d) against clusters of training images (m, d)."""
        centroids = clusters(train[: settings.n_clustered], settings.clusters)
        return cls(centroids, diversity(test), coverage(test, centroids))

    def measure(self, samples: Floats) -> tuple[float, float]:
        """Measure samples (n, d): diversity and coverage, over those of test images."""
        return diversity(samples) / self.diversity, coverage(samples, self.centroids) / self.coverage


@dataclass(frozen=True)
class Branches:
    """What became of one pair of nets: diversity and coverage over those of test images."""

    before: tuple[float, float]
    after: dict[int, tuple[float, float]]
    """By ratio of updates."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Branch from every recorded pair of nets, and measure."""
    pairs = load_all(context, settings.model, settings.dataset, last=True)
    images = pairs[0].dataset
    train = torch.from_numpy(images.train)
    yardstick = DiversityYardstick.of(images.train, images.test[: settings.n_samples], settings)
    found = []
    for pair in pairs:
        seed = pair.record.spec.seed
        after = {
            ratio: yardstick.measure(
                _samples(_branch(pair.model, seed, settings, ratio, train), seed, settings)
            )
            for ratio in settings.ratios
        }
        found.append(Branches(yardstick.measure(_samples(pair.model, seed, settings)), after))
        context.log(f"{NAME}: {pair.label}, diversity and coverage by updates of G to one of D: {after}")
    series = {
        DIVERSITY: [
            [float(r), *np.mean([b.after[r] for b in found], axis=0).tolist()] for r in settings.ratios
        ]
    }
    return ExperimentResult(findings(found, settings), series, tuple(pair.record.spec.id for pair in pairs))


def findings(found: Sequence[Branches], settings: Settings) -> dict[str, Finding]:
    """Average over pairs, and compare the last ratio of updates with the first."""
    over = "training seeds"
    control, alone = settings.ratios[0], settings.ratios[-1]
    compared = np.array([b.after[alone] for b in found]) / np.array([b.after[control] for b in found])
    result = {
        DIVERSITY_RATIO: geometric_mean_of(
            compared[:, 0], over=over,
            what=f"mean distance between two samples after {settings.branch_updates} updates of G "
            f"{_words(alone)}, over that {_words(control)}; paired over trained pairs of nets",
        ),
        COVERAGE_RATIO: geometric_mean_of(
            compared[:, 1], over=over,
            what=f"clusters of training images covered {_words(alone)}, over those {_words(control)}",
        ),
        DIVERSITY_BEFORE: mean_of(
            [b.before[0] for b in found], over=over, unit="ratio",
            what="mean distance between two samples before the branches, over that of test images",
        ),
    }  # fmt: skip
    for ratio in settings.ratios:
        for index, (name, what) in enumerate(
            (
                (DIVERSITY, "mean distance between two samples over that of test images"),
                (COVERAGE, "clusters that samples cover over those that as many test images cover"),
            )
        ):
            result[f"{name}_{_key(ratio)}"] = mean_of(
                [b.after[ratio][index] for b in found], over=over, unit="ratio",
                what=f"{what}, {_words(ratio)}",
            )  # fmt: skip
    return result


def diversity(images: Floats) -> float:
    """Average the Euclidean distance between two different images of (n, d)."""
    from scipy.spatial.distance import pdist

    return float(pdist(images).mean())


def clusters(images: Floats, count: int) -> Floats:
    """Find the centroids (count, d) of k-means, started from a fixed seed."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(torch.get_num_threads()):
        return KMeans(count, n_init=1, max_iter=20, random_state=0).fit(images).cluster_centers_


def coverage(images: Floats, centroids: Floats) -> int:
    """Count the centroids (k, d) that are the nearest one of some image (n, d)."""
    from sklearn.metrics import pairwise_distances_argmin

    return len(np.unique(pairwise_distances_argmin(images, centroids)))


def _branch(pair: GAN, seed: int, settings: Settings, ratio: int, train: Tensor) -> GAN:
    """Train a copy of the pair of nets on, with `ratio` updates of G to one of D."""
    model = copy.deepcopy(pair)
    order = generator(seed, NAME, "order")
    model.noise = generator(seed, NAME, "noise")
    size = model.config.batch_size
    for update in range(settings.branch_updates):
        fakes = model.generate(model.draw_noise(size, model.noise))
        if ratio != FROZEN and update % ratio == 0:
            batch = train[torch.randint(len(train), (size,), generator=order)]
            model.step(batch, fakes)
        else:
            model.step(train[:0], fakes, update_discriminator=False)
    return model


def _samples(model: GAN, seed: int, settings: Settings) -> Floats:
    return model.sample(settings.n_samples, generator=generator(seed, NAME, "samples")).numpy()


def _key(ratio: int) -> str:
    return "frozen" if ratio == FROZEN else f"{ratio}_to_1"


def _words(ratio: int) -> str:
    return "with D frozen" if ratio == FROZEN else f"with {ratio} of G to 1 of D"
