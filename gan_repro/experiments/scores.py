"""Scores of one set of samples under variants of the protocol, image by image, so that effects are paired."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gan_repro.experiments.base import Floats
from gan_repro.experiments.record import Finding
from gan_repro.parzen.density import log_density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS, get_protocol
from gan_repro.stats.intervals import TooFewSeedsError, pooled_deviation
from gan_repro.stats.parabola import parabola_maximum
from gan_repro.stats.sums import total

Values = npt.NDArray[np.float64]

FEW = get_protocol("authors").valid_limit
"""How many validation images the authors use."""

_PARTS = 5
_RATIO = AUTHORS_SIGMAS[1] / AUTHORS_SIGMAS[0]


def grid_sigma(samples: Floats, valid: Floats, sigmas: Values = AUTHORS_SIGMAS) -> float:
    """The best of some sigmas on validation images (n, d); by default the authors' ten."""
    return float(sigmas[int(np.argmax(log_density(valid, samples, sigmas).mean(axis=0)))])


def around(sigma: float) -> Values:
    """Sigmas from one step of the authors' grid below to one above, a step being cut in five."""
    return sigma * _RATIO ** (np.arange(-_PARTS, _PARTS + 1) / _PARTS)


def coarse(table: Values, sigmas: Values) -> float:
    """Of sigmas as `around` gives them, the best of the three on the grid; `table` (n, 11) log-densities."""
    on_grid = [0, _PARTS, 2 * _PARTS]
    return float(sigmas[on_grid[int(np.argmax(table.mean(axis=0)[on_grid]))]])


def continuous(table: Values, sigmas: Values) -> float:
    """Find the top of the parabola over log sigma through the best three means of `table` (n, sigmas)."""
    means = table.mean(axis=0)
    top = int(np.clip(np.argmax(means), 1, len(sigmas) - 2))
    near = slice(top - 1, top + 2)
    highest = parabola_maximum(sigmas[near], means[near])
    return float(
        sigmas[top] if highest is None else np.clip(highest, sigmas[top] / math.e, sigmas[top] * math.e)
    )


def continuous_score(samples: Floats, valid: Floats, test: Floats) -> Values:
    """Log-likelihoods of test images (n_test,), with sigma optimised on the validation images given."""
    sigmas = around(grid_sigma(samples, valid))
    sigma = continuous(log_density(valid, samples, sigmas), sigmas)
    return log_density(test, samples, [sigma])[:, 0]


def effect(differences: Sequence[Sequence[Values]], what: str) -> Finding:
    """Mean of paired differences (nats), an array over test images (n_test,) for each trial and draw.

    The error has two parts: across test images, of the mean over trials and draws; and across the draws
    of samples within each trial, where there are several.
    """
    trials = [np.stack(draws) for draws in differences]
    per_image = np.mean([draws.mean(axis=0) for draws in trials], axis=0)
    variance = float(per_image.var(ddof=1)) / len(per_image)
    counts = [len(draws) for draws in trials]
    over = "test examples"
    if min(counts) > 1:
        over = "draws of samples and test examples"
        variance += (
            total(float(d.mean(axis=1).var(ddof=1)) / n for d, n in zip(trials, counts, strict=True))
            / len(trials) ** 2
        )
    return Finding(
        value=float(per_image.mean()),
        standard_error=math.sqrt(variance),
        unit="nats",
        over=over,
        n=len(per_image) if over == "test examples" else sum(counts),
        what=what,
    )


def pooled_spread(groups: Sequence[Sequence[float]], over: str, what: str) -> Finding | None:
    """Pool the standard deviation within groups, with its interval; None with no two values in a group."""
    try:
        deviation, interval = pooled_deviation(groups)
    except TooFewSeedsError:
        return None
    return Finding(
        value=deviation,
        interval=(interval.low, interval.high),
        unit="nats",
        over=over,
        n=interval.n,
        what=what,
    )
