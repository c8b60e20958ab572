"""Are samples copies of training images? Distances to the nearest one, beside those of held-out images.

Three comparisons, each with its own blind spot:

- The distance from a sample to the training set, over that of test images to it. A memory would be far below
  1. But smooth images are near everything, so a value below 1 is no proof of copying.
- Whether a sample's nearest image, among equally many training and test images, is a training one. Smoothness
  helps both alike: without copying the share is 1/2, for a memory 1. Validation images show what the share is
  for images that were not generated.
- The share of samples nearer to the training set than all but the nearest hundredth of test images.

The paper rests its claim on looking at nearest neighbours. Such tests are weak evidence: Theis, van den Oord
and Bethge (2016) call them ineffective against overfitting, Wu et al. (2017) no quantitative evidence.

The pictures are the rows of Figure 2: five samples, then the training image nearest to the fifth.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, Floats, Outcome, bootstrap_of, mean_of, share_of
from gan_repro.experiments.neighbours import nearest
from gan_repro.experiments.trained import load_all
from gan_repro.util.seeds import derive_seed

VERSION = 1

_ROWS, _PER_ROW = 4, 5


class Settings(base.Settings):
    """Which model, and how many images of each kind are compared."""

    model: str = "gan"
    dataset: str = "mnist"
    n: int = Field(2000, ge=20)
    """Samples, test images and validation images whose nearest neighbours are sought."""
    n_pool: int = Field(10_000, ge=1)
    """Training images, and as many test images, among which the nearest one is a training image or not."""
    seed: int = 1
    """Of the choice of images."""


def run(settings: Settings, context: Context) -> Outcome:
    """Measure the first recorded model; the numbers are of one trained model."""
    trained = load_all(context, settings.model, settings.dataset)[0]
    images, n = trained.dataset, settings.n
    rng = np.random.default_rng(derive_seed(settings.seed, "memorisation"))
    train, test = images.train, images.test
    pool = min(settings.n_pool, len(test), len(train))
    samples = trained.samples()[:n]
    valid = images.valid[rng.permutation(len(images.valid))[:n]]
    held_out = test[rng.permutation(len(test))[:n]]
    context.talk(
        f"memorisation: {trained.label}, {len(samples)} samples against {len(train)} training images"
    )
    to_train, rows = nearest(samples, train)
    held_out_to_train, _ = nearest(held_out, train)
    few = train[rng.permutation(len(train))[:pool]]
    other = test[rng.permutation(len(test))[:pool]]
    context.talk("memorisation: nearest among equally many training and test images")
    of_samples, of_valid = _nearest_is_first(samples, few, other), _nearest_is_first(valid, few, other)
    near = float(np.quantile(held_out_to_train, 0.01))

    def ratio(a: Floats, b: Floats) -> Floats:
        return np.median(a, axis=1) / np.median(b, axis=1)

    findings = {
        "nearest_is_training": share_of(
            of_samples,
            over="samples",
            what=f"samples whose nearest image, among {pool:,} training and {pool:,} test images, is a "
            "training one; 0.5 where nothing is copied, 1 for a memory",
        ),
        "nearest_is_training_held_out": share_of(
            of_valid, over="validation images", what="the same for validation images, which nobody generated"
        ),
        "distance_ratio": bootstrap_of(
            ratio, to_train, held_out_to_train, rng=rng, over="samples and test images", unit="ratio",
            what="median distance from a sample to its nearest training image, over that of test images; "
            "0 for a memory",
        ),
        "distance_of_samples": mean_of(
            to_train, over="samples", unit="pixels",
            what=f"mean Euclidean distance to the nearest training image, samples of {trained.label}",
        ),
        "distance_of_test_images": mean_of(
            held_out_to_train, over="test images", unit="pixels", what="the same for test images"
        ),
        "nearer_than_test_images": share_of(
            (to_train < near).astype(float), over="samples",
            what="samples nearer to the training set than the nearest 1 % of test images; 1 for a memory",
        ),
    }  # fmt: skip
    series = {
        "distances": [
            [round(float(q), 4), *(round(float(np.quantile(d, q)), 4) for d in (to_train, held_out_to_train))]
            for q in np.linspace(0, 1, 41)
        ]
    }
    return Outcome(
        findings,
        series,
        (trained.record.spec.id,),
        {"grid": _bytes(_grid(samples, train[rows]))},
    )


def _nearest_is_first(points: Floats, first: Floats, second: Floats) -> Floats:
    """1 where the nearest image of a point lies in `first`, 0 in `second`, 1/2 for a tie."""
    a, b = nearest(points, first)[0], nearest(points, second)[0]
    return np.where(a == b, 0.5, a < b).astype(np.float64)


def _grid(samples: Floats, neighbours: Floats) -> Floats:
    """Four rows (4 x 6, d) of five samples and the neighbour of the fifth: the first draws, none chosen."""
    count = _ROWS * _PER_ROW
    rows = samples[:count].reshape(_ROWS, _PER_ROW, -1)
    last = neighbours[:count].reshape(_ROWS, _PER_ROW, -1)[:, -1:]
    return np.concatenate([rows, last], axis=1).reshape(_ROWS * (_PER_ROW + 1), -1)


def _bytes(images: Floats) -> np.ndarray:
    return np.rint(images * 255).astype(np.uint8)
