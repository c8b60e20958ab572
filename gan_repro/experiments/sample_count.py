"""The score against the number of samples: one trained model, from 1,000 samples to 10,000,000.

Samples are independent, and the Parzen density of N of them is a mean over blocks, so one pass over the
blocks gives the score of every N: log p_N = logsumexp over blocks of (log p_block + log n_block) - log N.
The first N samples are scored for each N. Where N leaves several disjoint sets, as many as are there give
the spread over the draw of samples. Samples are drawn in batches and not kept, so that memory grows with the
number of blocks only, by a quarter of a MB each.

Sigma is chosen on validation images as in the protocols: on the authors' grid, and on one five times finer.
Points of the series "curve" are `CountPoint`s. Version 1 ended at a million samples, had half the test images
and searched one step of sigma more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import logsumexp

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult
from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.experiments.trained import load_all
from gan_repro.parzen.density import log_density_stream
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.stats.sums import total

VERSION = 2

NAME = "sample-count"
CURVE = "curve"
"""The series."""

PARTS = 5
"""Into how many equal parts of log sigma each step of the authors' grid is cut."""

BATCH = 10_000
"""The most samples that are drawn at a time."""

Block = npt.NDArray[np.float64]
"""Log-densities (images, sigmas) under one block of samples."""


class CountPoint(NamedTuple):
    """The score of one number of samples, nats."""

    n: float
    """How many samples."""
    score: float
    """Mean test log-likelihood, sigma from the finer grid."""
    sigma: float
    coarse_score: float
    """The same with the authors' ten sigmas."""
    coarse_sigma: float
    deviation: float
    """Standard deviation of `score` over disjoint draws; -1 where there is one draw."""


def score_name(count: int) -> str:
    """Name the finding of a number of samples."""
    return f"score_{count}"


def spread_name(count: int) -> str:
    """Name the finding of the spread over draws of so many samples."""
    return f"spread_{count}"


def effect_name(low: int, high: int) -> str:
    """Name the finding of the step from one number of samples to another."""
    return f"effect_{low}_{high}"


def effect_between(record: ExperimentRecord, low: int, high: int) -> Finding | None:
    """Give what `high` samples score above `low`, nats; None where the record does not reach so far.

    Where only the steps between are recorded, the effect is their sum and has no error: the steps share their
    test images, so that their errors do not add up.
    """
    if (direct := record.findings.get(effect_name(low, high))) is not None:
        return direct
    counts = sorted(int(point.n) for point in record.points(CURVE, CountPoint))
    steps = [effect_name(a, b) for a, b in pairwise(counts) if low <= a and b <= high]
    if low not in counts or high not in counts or not steps:
        return None
    return Finding(
        value=total(record.findings[name].value for name in steps), unit="nats",
        what=f"score under {high:,} samples minus score under {low:,}, the sum of the recorded steps between",
    )  # fmt: skip


class Settings(base.Settings):
    """Which model, how many samples, and on how many images they are scored."""

    model: str = "gan"
    dataset: str = "mnist"
    counts: tuple[int, ...] = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
    """Ascending; `block_sizes` must add up to each."""
    n_valid: int = Field(500, ge=2)
    n_test: int = Field(1000, ge=2)
    """Evenly spaced over the test images."""
    steps: int = Field(3, ge=1, le=9)
    """Of the authors' grid, from its smallest sigma, that are searched; the more samples, the smaller is the
    best. The widest of three, 0.2154, still leaves so few near pairs that others need not be computed."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Draw and score block by block."""
    (trained,) = load_all(context, settings.model, settings.dataset, most=1)
    images, counts = trained.dataset, settings.counts
    valid = images.valid[: settings.n_valid]
    test = base.evenly_spaced(images.test, settings.n_test)
    ratio = AUTHORS_SIGMAS[1] / AUTHORS_SIGMAS[0]
    sigmas = AUTHORS_SIGMAS[0] * ratio ** (np.arange(PARTS * settings.steps + 1) / PARTS)
    sizes = block_sizes(counts[0], counts[-1])
    random, blocks = trained.random(1), []
    for number, size in enumerate(sizes, start=1):
        batches = (
            trained.model.sample(min(BATCH, size - low), generator=random) for low in range(0, size, BATCH)
        )
        blocks.append(log_density_stream(np.concatenate([valid, test]), batches, sigmas))
        if number % 10 == 0:
            context.log(f"{NAME}: {trained.label}, {sum(sizes[:number]):,} of {counts[-1]:,} samples")
    findings, rows, firsts = {}, [], []
    for count in counts:
        scores = [
            CountScore.of(combine(blocks[draw], sizes[draw]), len(valid), sigmas)
            for draw in draws(sizes, count)
        ]
        first, means = scores[0], [float(score.values.mean()) for score in scores]
        firsts.append(first.values)
        spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
        row = [float(count), means[0], first.sigma, float(first.coarse_values.mean()), first.coarse_sigma]
        rows.append([round(value, 4) for value in (*row, -1.0 if spread is None else spread)])
        findings[score_name(count)] = Finding(
            value=means[0], standard_error=float(first.values.std() / math.sqrt(len(test))),
            unit="nats", over="test examples", n=len(test),
            what=f"mean test log-likelihood under {count:,} samples, {trained.label}, finer sigma",
        )  # fmt: skip
        if spread is not None:
            findings[spread_name(count)] = Finding(
                value=spread, unit="nats", over="draws of samples", n=len(means),
                what=f"standard deviation of that score over disjoint draws of {count:,} samples",
            )  # fmt: skip
    for low, high in itertools.combinations(range(len(counts)), 2):
        findings[effect_name(counts[low], counts[high])] = base.mean_of(
            firsts[high] - firsts[low], over="test examples", unit="nats",
            what=f"score under {counts[high]:,} samples minus score under {counts[low]:,}, paired over test "
            "images",
        )  # fmt: skip
    return ExperimentResult(findings, {CURVE: rows}, (trained.record.spec.id,))


@dataclass(frozen=True)
class CountScore:
    """Test log-likelihoods (n_test,) of a set of samples, with sigma from the finer grid and the authors'."""

    values: npt.NDArray[np.float64]
    sigma: float
    coarse_values: npt.NDArray[np.float64]
    coarse_sigma: float

    @classmethod
    def of(cls, table: Block, n_valid: int, sigmas: npt.NDArray[np.float64]) -> Self:
        """Choose sigma on the first `n_valid` rows of `table`; the other rows are test images."""
        valid, test = table[:n_valid].mean(axis=0), table[n_valid:]
        best, coarse = int(np.argmax(valid)), int(np.argmax(valid[::PARTS])) * PARTS
        return cls(test[:, best], float(sigmas[best]), test[:, coarse], float(sigmas[coarse]))


def block_sizes(smallest: int, largest: int) -> list[int]:
    """Cut `largest` samples: ten blocks of the smallest count, 99 ten times as large, others 100 times."""
    sizes = [smallest] * 10
    for size, stop in ((10 * smallest, 1000 * smallest), (100 * smallest, largest)):
        sizes += [size] * max((min(stop, largest) - sum(sizes)) // size, 0)
    return sizes


def draws(sizes: Sequence[int], count: int) -> list[slice]:
    """Disjoint runs of blocks that hold exactly `count` samples each, as many as there are.

    Raises:
        ValueError: the first blocks do not add up to `count`.
    """
    found, start, total = [], 0, 0
    for stop, size in enumerate(sizes, start=1):
        total += size
        if total > count:
            break
        if total == count:
            found.append(slice(start, stop))
            start, total = stop, 0
    if not found:
        raise ValueError(f"{count} samples are no whole number of blocks of {sizes[0]} and {sizes[-1]}")
    return found


def combine(blocks: Sequence[Block], sizes: Sequence[int]) -> Block:
    """Log-densities under all samples of some blocks together, each block having so many."""
    shares = np.log(np.array(sizes) / sum(sizes))
    return np.asarray(logsumexp(np.stack(blocks) + shares[:, None, None], axis=0))
