"""What a table's cell holds: a row's trials under one preset, seed by seed. Data alone."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro.stats.estimate import Estimate
from gan_repro.stats.sums import mean

Told = Literal["recorded", "derived"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sampling(_Part):
    """What samples cost in the trials of a cell: means over them, wall-clock, on the cell's device."""

    chains: int | None
    """How many chains the scored samples came from; None where they are independent by construction."""
    seconds_per_sample: float
    seconds_per_effective_sample: float | None
    """Of the scored samples: each begun on its own counts in full. None where chains gave several each."""
    autocorrelation_time: float | None = None
    """Consecutive states of a chain that are worth one independent sample; None without chains."""
    seconds_per_effective_state: float | None = None
    """What an independent sample costs if it is taken from consecutive states of a chain."""
    at_least: bool = False
    """Whether the autocorrelation reaches over the whole chains, so that both numbers are lower bounds."""


class Progress(_Part):
    """How far an unfinished training has come."""

    epoch: int
    """The last one trained."""
    valid_mean: float
    """The highest mean validation log-likelihood on the way, nats, at the refined sigma."""


class SeedResult(_Part):
    """What came of one training seed."""

    seed: int
    status: str
    """Of the trial: done, diverged, error, interrupted or skipped."""
    score: Estimate | None = None
    """Nats: over the test images of the one trained net, or over folds. None until the trial is done."""
    within_fold: Estimate | None = None
    """The same mean, with the error across the test images of one fold (their mean); None without folds."""
    refined: Estimate | None = None
    """As `score`, with sigma optimised on all validation images."""
    sigmas: tuple[float, ...] = ()
    at_grid_edge: bool = False
    collapsed: bool | None = None
    """Whether the samples have lost their diversity; None where the record does not tell."""
    collapsed_is: Told | None = None
    """Whether the record says so itself, or it is derived from its likelihoods (`tables.collapse`)."""
    trials: tuple[str, ...] = ()
    """Ids: one, or one a fold."""


class Cell(_Part):
    """What one column says of one row: the outcome of each seed, or why there is none."""

    row: str = ""
    """The row whose trials these are: a table may show a variant's trials in the row of the paper's."""
    preset: str | None = None
    seeds: tuple[SeedResult, ...] = ()
    planned: int = 0
    """How many seeds the preset has."""
    n_samples: tuple[int, ...] = ()
    """How many samples were scored; several numbers only where trials differ."""
    smaller: tuple[str, ...] = ()
    """What was cut against the reference's own values."""
    devices: tuple[str, ...] = ()
    sampling: Sampling | None = None
    problem: str | None = None
    """What stands in the way of further seeds, in one sentence each."""
    progress: Progress | None = None
    """Where no seed is done: of the unfinished training that has come furthest."""

    @property
    def done(self) -> tuple[SeedResult, ...]:
        """The seeds that ended with a score, collapsed ones included."""
        return tuple(seed for seed in self.seeds if seed.score is not None)

    @property
    def counted(self) -> tuple[SeedResult, ...]:
        """The seeds that means run over: done, and not collapsed; all of them where all have collapsed."""
        trained = tuple(seed for seed in self.done if not seed.collapsed)
        return trained or self.done

    @property
    def collapsed(self) -> tuple[SeedResult, ...]:
        """The seeds whose net has collapsed, finished or not."""
        return tuple(seed for seed in self.seeds if seed.collapsed)

    @property
    def failed(self) -> tuple[SeedResult, ...]:
        """The seeds that ended without a score, for a reason other than a request to stop."""
        return tuple(s for s in self.seeds if s.status in ("diverged", "error") and not s.collapsed)

    @property
    def score(self) -> Estimate | None:
        """The mean over `counted` seeds with the error over them; of one seed, its own with its own error."""
        return across_seeds([seed.score for seed in self.counted if seed.score is not None])

    @property
    def refined(self) -> Estimate | None:
        """As `score`, at the sigma that is optimised on all validation images."""
        return across_seeds([seed.refined for seed in self.counted if seed.refined is not None])

    @property
    def error_of_one(self) -> float | None:
        """The error of one seed's score across test images or folds: the mean over `counted` seeds, nats.

        The images are the same for every seed, so that it does not shrink as seeds are added.
        """
        return _mean([s.score.standard_error for s in self.counted if s.score is not None])

    @property
    def error_within_fold(self) -> float | None:
        """The error across the test images of one fold: the mean over folds and seeds, nats."""
        return _mean([s.within_fold.standard_error for s in self.counted if s.within_fold is not None])

    @property
    def sigmas(self) -> tuple[float, ...]:
        """The chosen sigmas of the `counted` seeds, each once."""
        return tuple(dict.fromkeys(sigma for seed in self.counted for sigma in seed.sigmas))

    @property
    def trials(self) -> tuple[str, ...]:
        """The ids behind the cell, by seed."""
        return tuple(trial for seed in self.seeds for trial in seed.trials)


def across_seeds(scores: list[Estimate]) -> Estimate | None:
    """The mean of several seeds' scores with the error over them; a single score keeps its own error."""
    if len(scores) < 2:
        return scores[0] if scores else None
    return Estimate.from_values([score.value for score in scores], "training seeds")


def _mean(errors: list[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return mean(known) if known else None
