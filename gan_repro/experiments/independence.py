"""Are samples independent of those drawn before them? Autocorrelation in the order in which they are drawn.

Section 6 of the paper holds it for an advantage that adversarial nets need no Markov chain. The samples of
each recorded net are looked at as if they were the states of one chain: `gan_repro.stats.mixing` gives the
number of consecutive samples that are worth one independent sample, by the slowest of a few projections. It
is 1 for independent draws, and far above for consecutive states of a slow chain. Means and intervals are
over training seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.stats.mixing import diagnose

VERSION = 1

NAME = "independence"
AUTOCORRELATION_TIME = "autocorrelation_time"


class Settings(base.Settings):
    """Which row, and how many samples."""

    model: str = "gan"
    """The row."""
    dataset: str = "mnist"
    n: int = Field(10_000, ge=100)


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure every recorded net of the row."""
    nets = load_all(context, settings.model, settings.dataset)
    times = []
    for trained in nets:
        times.append(slowest_time(trained.samples(n=settings.n)))
        context.log(f"{NAME}: {trained.label}, {times[-1]:.3f} samples to an independent one")
    return ExperimentResult(findings(times), trial_ids=tuple(trained.record.spec.id for trained in nets))


def slowest_time(samples: Floats) -> float:
    """Measure how many consecutive samples (n, d) are worth one independent sample."""
    return diagnose(samples, (1, len(samples))).autocorrelation_time


def findings(times: Sequence[float]) -> dict[str, Finding]:
    """Average over nets."""
    return {
        AUTOCORRELATION_TIME: mean_of(
            times, over="training seeds", unit="samples",
            what="consecutive samples that are worth one independent sample, by the slowest projection",
        )
    }  # fmt: skip
