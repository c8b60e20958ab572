"""The score against the number of samples: one trained model, from 1,000 samples to 1,000,000.

Samples are independent, and the Parzen density of N of them is a mean over blocks, so one pass over the
blocks gives the score of every N: log p_N = logsumexp over blocks of (log p_block + log n_block) - log N.
The first N samples are scored for each N. Where N leaves several disjoint sets, as many as are there give
the spread over the draw of samples.

Sigma is chosen on validation images as in the protocols: on the authors' grid, and on one five times finer.
Rows of the series "curve": N, mean test log-likelihood with the finer sigma, that sigma, the score with the
authors' grid, its sigma, the standard deviation of the finer score over disjoint draws (-1: one draw).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import logsumexp

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, Outcome
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.parzen.density import log_density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS

VERSION = 1

PARTS = 5
"""Into how many equal parts of log sigma each step of the authors' grid is cut."""

Block = npt.NDArray[np.float64]
"""Log-densities (images, sigmas) under one block of samples."""


class Settings(base.Settings):
    """Which model, how many samples, and on how many images they are scored."""

    model: str = "gan"
    dataset: str = "mnist"
    counts: tuple[int, ...] = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    """Ascending; the first ten blocks are of the smallest count, all others ten times as large."""
    n_valid: int = Field(500, ge=2)
    n_test: int = Field(500, ge=2)
    """Evenly spaced over the test images."""
    steps: int = Field(4, ge=1, le=9)
    """Of the authors' grid, from its smallest sigma, that are searched."""


def run(settings: Settings, context: Context) -> Outcome:
    """Draw and score block by block."""
    trained = load_all(context, settings.model, settings.dataset)[0]
    images, counts = trained.dataset, settings.counts
    valid = images.valid[: settings.n_valid]
    test = images.test[:: max(len(images.test) // settings.n_test, 1)][: settings.n_test]
    ratio = AUTHORS_SIGMAS[1] / AUTHORS_SIGMAS[0]
    sigmas = AUTHORS_SIGMAS[0] * ratio ** (np.arange(PARTS * settings.steps + 1) / PARTS)
    sizes = block_sizes(counts[0], counts[-1])
    random, blocks = trained.random(1), []
    for number, size in enumerate(sizes, start=1):
        samples = trained.model.sample(size, generator=random)
        blocks.append(log_density(np.concatenate([valid, test]), samples, sigmas))
        if number % 10 == 0:
            context.talk(f"sample-count: {trained.label}, {sum(sizes[:number]):,} of {counts[-1]:,} samples")
    findings, rows, firsts = {}, [], []
    for count in counts:
        scores = [
            Score.of(combine(blocks[draw], sizes[draw]), len(valid), sigmas) for draw in draws(sizes, count)
        ]
        first, means = scores[0], [float(score.values.mean()) for score in scores]
        firsts.append(first.values)
        spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
        row = [float(count), means[0], first.sigma, float(first.coarse_values.mean()), first.coarse_sigma]
        rows.append([round(value, 4) for value in (*row, -1.0 if spread is None else spread)])
        findings[f"score_{count}"] = Finding(
            value=means[0], standard_error=float(first.values.std() / math.sqrt(len(test))),
            unit="nats", over="test examples", n=len(test),
            what=f"mean test log-likelihood under {count:,} samples, {trained.label}, finer sigma",
        )  # fmt: skip
        if spread is not None:
            findings[f"spread_{count}"] = Finding(
                value=spread, unit="nats", over="draws of samples", n=len(means),
                what=f"standard deviation of that score over disjoint draws of {count:,} samples",
            )  # fmt: skip
    for low, high in ((0, -1), *((i, i + 1) for i in range(len(counts) - 1))):
        findings["effect" if high == -1 else f"effect_{counts[low]}_{counts[high]}"] = base.mean_of(
            firsts[high] - firsts[low], over="test examples", unit="nats",
            what=f"score under {counts[high]:,} samples minus score under {counts[low]:,}, paired over test "
            "images",
        )  # fmt: skip
    return Outcome(findings, {"curve": rows}, (trained.record.spec.id,))


@dataclass(frozen=True)
class Score:
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
    """Ten blocks of the smallest count, then blocks ten times as large."""
    return [smallest] * 10 + [10 * smallest] * max((largest - 10 * smallest) // (10 * smallest), 0)


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
