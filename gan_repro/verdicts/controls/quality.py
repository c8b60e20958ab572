"""Controls of the rule on the quality of samples: real images, noisy ones and blurred prototypes, by KID."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from gan_repro.data.dataset import Dataset
from gan_repro.experiments import sample_quality
from gan_repro.experiments.base import Floats
from gan_repro.experiments.quality_record import MARGIN, NAME, kid_name
from gan_repro.experiments.record import Finding
from gan_repro.measures.yardstick import Yardstick
from gan_repro.models.baselines import KMeans, KMeansConfig
from gan_repro.util.seeds import generator
from gan_repro.verdicts.controls.base import (
    SEEDS,
    Control,
    answered,
    evidence_of,
    on_mnist,
    ruling_on,
    smallest_seen,
)
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Ruling
from gan_repro.verdicts.published import WAYS, WITH_CHAINS

CLAIM = "competitive-samples"

_PER_NET = 5000
"""Samples of each simulated net; the experiment takes 10,000."""
_FEW = 1000
"""Noisy images of each."""
_CENTROIDS = 200
"""Of k-means, on the same images: prototypes of five each."""
_NOISE = 0.1
"""Of noisy images, per pixel."""


def quality_controls() -> Iterator[Control]:
    """Put the rule to the test at its real margin; skipped, with the reason, where MNIST is not here."""
    yield from on_mnist([CLAIM], _at_the_real_margin)


def _at_the_real_margin(images: Dataset) -> Iterator[Control]:
    yardstick = Yardstick(images)
    margin = sample_quality.margin(yardstick, sample_quality.Settings())
    yield from decided_by(_distances(images, yardstick), margin)


def decided_by(distances: Mapping[str, list[float]], margin: Finding) -> Iterator[Control]:
    """Decide on rows whose samples are of one kind each.

    Args:
        distances: KID by kind of images, one a net.
        margin: of the rule.
    """

    def decide(*ways: tuple[list[float], list[float]]) -> Ruling:
        """Decide on KID of the adversarial nets and of the best earlier row, as published and by search."""
        findings = {MARGIN: margin}
        for way, (ours, best) in zip(WAYS, ways, strict=True):
            worse = [value + 1 for value in best]
            for row, values in zip(("gan", *WITH_CHAINS), (ours, best, worse, worse), strict=True):
                for seed, value in enumerate(values, start=1):
                    findings[kid_name(way, row, seed)] = Finding(value=value, unit="KID", what="KID")
        return ruling_on(CLAIM, evidence_of(NAME, findings))

    real, others = distances["real"], distances["other real"]
    scatter = float(np.std(real, ddof=1))

    def simulated(rng: np.random.Generator, worse: float) -> Ruling:
        ours, best = (list(rng.normal(mean, scatter, SEEDS)) for mean in (worse, 0.0))
        return decide((ours, best), (ours, best))

    seen = smallest_seen(simulated, [0.001 * step for step in range(1, 60)], FAILS, 50)
    limit = f"margin {margin.value:.2g}, {SEEDS} nets of {_PER_NET:,} samples"
    sees = f"KID worse by {seen:.2g}, {limit}" if seen else "none"
    noisy, prototypes = distances["noisy"], distances["prototypes"]
    for case, expected, ways in (
        ("training images, beside other training images", HOLDS, [(real, others)] * 2),
        (f"training images, beside noise of {_NOISE} on them", HOLDS, [(real, noisy)] * 2),
        (f"noise of {_NOISE} on training images, beside training images", FAILS, [(noisy, others)] * 2),
        ("k-means centroids, beside training images", FAILS, [(prototypes, others)] * 2),
        ("training images one way, noisy ones the other", UNTOLD, [(real, others), (noisy, others)]),
    ):
        yield answered(CLAIM, case, expected, decide(*ways), sees)


def _distances(images: Dataset, yardstick: Yardstick) -> dict[str, list[float]]:
    rng = np.random.default_rng(8)
    chosen = rng.permutation(len(images.train))[: 2 * SEEDS * _PER_NET].reshape(2, SEEDS, _PER_NET)
    real, other = ([images.train[rows] for rows in nets] for nets in chosen)
    # What is far off is seen with fewer images.
    few = [x[:_FEW] for x in real]
    noisy = [np.clip(x + rng.normal(0, _NOISE, x.shape), 0, 1).astype(np.float32) for x in few]

    def prototypes(seed: int, train: Floats) -> Floats:
        model = KMeans(KMeansConfig(n_clusters=_CENTROIDS, max_iterations=3), seed=seed).fit(train)
        drawn: Floats = model.sample(_CENTROIDS, generator=generator(seed, "controls")).numpy()
        return drawn

    kinds = {
        "real": real,
        "other real": other,
        "noisy": noisy,
        "prototypes": [prototypes(seed, x) for seed, x in enumerate(few, start=1)],
    }
    space = yardstick.spaces[yardstick.main_space]
    with torch.inference_mode():
        return {
            kind: [space.measure(x, ("kid",), 0)["kid"].value for x in nets] for kind, nets in kinds.items()
        }
