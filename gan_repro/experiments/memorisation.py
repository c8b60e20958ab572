"""Are samples copies of training images? Who the nearest of all images is, where it stands out.

The pool holds every training image and, beside them, the validation images, which no model is trained on.
For a generator that copies nothing the two kinds are exchangeable: whichever image lies nearest to a
sample, it is a training image with probability N / (N + M), N and M being their numbers. A copy lies much
nearer to one training image than to any other image. So only samples count whose nearest image stands out,
being less than `STANDS_OUT` times as far as the second nearest, and each is worth

    +1 where that image is a training image,    -N / M where it is a validation image,    0 otherwise.

The mean over samples is 0 where nothing is copied, and s where the share s of the samples are copies: the
*copied share*. A pool that held a part of the training images only would not see copies of the others.

Beside it stand distances: from samples to the nearest training image, over those of test images. Smooth
images are near everything, so that a ratio below 1 is no proof of copying. The paper rests its claim on
looking at nearest neighbours. Such tests find copies and no other kind of overfitting: Theis, van den Oord
and Bethge (2016), Wu et al. (2017).

Every recorded net of the row is measured; means and intervals are over training seeds. The pictures are the
rows of Figure 2, of the first net: five samples, then the training image nearest to the fifth. Points of
the series "distances" are `DistancePoint`s of the first net.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.stats.neighbours import nearest
from gan_repro.util.seeds import derive_seed

VERSION = 2

NAME = "memorisation"
COPIED_SHARE = "copied_share"
DISTANCE_RATIO = "distance_ratio"
NEARER_THAN_TEST_IMAGES = "nearer_than_test_images"
DISTANCES = "distances"
"""The series."""

STANDS_OUT = 0.75
"""How far the nearest image of a copy may be, in distances to the second nearest."""

WITHDRAWN = {
    1: {
        "nearest_is_training": "the pool held a fifth of the training images, so that a generator that copies"
        " them all would have scored 0.6"
    }
}
"""By version, findings that no verdict reads any more, and why."""

_ROWS, _PER_ROW = 4, 5


class DistancePoint(NamedTuple):
    """A quantile of the distances to the nearest training image."""

    quantile: float
    samples: float
    """Of samples, pixels."""
    test_images: float


class Settings(base.Settings):
    """Which row, and how many images of each kind are compared."""

    model: str = "gan"
    """The row."""
    dataset: str = "mnist"
    n: int = Field(10_000, ge=20)
    """Samples, and test images, whose nearest neighbours are sought."""
    seed: int = 1
    """Of the choice of test images."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure every recorded net of the row."""
    nets = load_all(context, settings.model, settings.dataset)
    images = nets[0].dataset
    rng = np.random.default_rng(derive_seed(settings.seed, NAME))
    held_out = images.test[rng.permutation(len(images.test))[: settings.n]]
    of_test_images = nearest(held_out, images.train)[0]
    shares, distances, grids = [], [], []
    for trained in nets:
        samples = trained.samples()[: settings.n]
        shares.append(copied(samples, images.train, images.valid))
        to_train, rows = nearest(samples, images.train)
        distances.append(to_train)
        grids.append(_grid(samples, images.train[rows]))
        context.log(f"{NAME}: {trained.label}, copied share {shares[-1].mean():.4f}")
    series = {
        DISTANCES: [
            [
                round(float(q), 4),
                *(round(float(np.quantile(d, q)), 4) for d in (distances[0], of_test_images)),
            ]
            for q in np.linspace(0, 1, 41)
        ]
    }
    return ExperimentResult(
        findings(shares, distances, of_test_images),
        series,
        tuple(trained.record.spec.id for trained in nets),
        {"grid": np.rint(grids[0] * 255).astype(np.uint8)},
    )


def copied(samples: Floats, train: Floats, held_out: Floats) -> npt.NDArray[np.float64]:
    """Give each sample its worth (n,), whose mean is the copied share.

    Args:
        samples: (n, d).
        train: (N, d), all images that the generator was trained on.
        held_out: (M, d), images of the same kind that it was not.
    """
    distances, rows = nearest(samples, np.concatenate([train, held_out]), k=2)
    stands_out = distances[:, 0] < STANDS_OUT * distances[:, 1]
    worth = np.where(rows[:, 0] < len(train), 1.0, -len(train) / len(held_out))
    return np.where(stands_out, worth, 0.0)


def findings(
    shares: Sequence[Floats], distances: Sequence[Floats], of_test_images: Floats
) -> dict[str, Finding]:
    """Summarise what was measured, an array over samples for each net.

    Args:
        shares: the samples' worths.
        distances: to the nearest training image, pixels.
        of_test_images: the same for test images (m,).
    """
    over = "training seeds"
    near = float(np.quantile(of_test_images, 0.01))
    typical = float(np.median(of_test_images))
    return {
        COPIED_SHARE: mean_of(
            [float(share.mean()) for share in shares], over=over, unit="share",
            what="share of samples that are copies of training images: how much oftener than chance the image"
            " that stands out as nearest to a sample is a training image; 0 where nothing is copied, 1 for a"
            " memory",
        ),
        DISTANCE_RATIO: mean_of(
            [float(np.median(d)) / typical for d in distances], over=over, unit="ratio",
            what="median distance from a sample to its nearest training image, over that of test images; "
            "0 for a memory",
        ),
        NEARER_THAN_TEST_IMAGES: mean_of(
            [float(np.mean(d < near)) for d in distances], over=over, unit="share",
            what="samples nearer to the training set than the nearest 1 % of test images; 1 for a memory",
        ),
    }  # fmt: skip


def _grid(samples: Floats, neighbours: Floats) -> Floats:
    """Four rows (4 x 6, d) of five samples and the neighbour of the fifth: the first draws, none chosen."""
    count = _ROWS * _PER_ROW
    rows = samples[:count].reshape(_ROWS, _PER_ROW, -1)
    last = neighbours[:count].reshape(_ROWS, _PER_ROW, -1)[:, -1:]
    return np.concatenate([rows, last], axis=1).reshape(_ROWS * (_PER_ROW + 1), -1)
