"""A table's cell: what it holds of a row's trials under one preset, seed by seed, and what it says."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro.stats.estimate import Estimate
from gan_repro.stats.sums import mean
from gan_repro.tables.sampling import Sampling
from gan_repro.tables.unfinished import Progress
from gan_repro.trials.records import Status

CUT, ONE_SEED, UNFINISHED, COLLAPSES = "*", "°", "†", "§"
"""Marks behind a number: the net is smaller or trained for less; one seed only; no score yet; some short
trainings of the recipe have collapsed. Below a table `words` explains those that it has."""

Told = Literal["recorded", "derived"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeedResult(_Part):
    """What came of one training seed."""

    seed: int
    status: Status
    """Of the trial; over folds, of the first that is not done."""
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


class ShortTrainings(_Part):
    """How many of a recipe's short trainings collapsed or diverged (experiment `collapse-rates`)."""

    collapsed: int
    trained: int
    epochs: int
    """Of each training."""
    interval: tuple[float, float]
    """Wilson's 95 % interval of the share."""


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
    short_trainings: ShortTrainings | None = None
    """Of the row's recipe, where they were counted; in the recorded tables."""

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


def number(estimate: Estimate | None) -> str:
    """A mean and its error, marked where the error is not over training seeds."""
    if estimate is None:
        return ""
    return f"{estimate}" if estimate.over == "training seeds" else f"{estimate} {ONE_SEED}"


def cell_text(cell: Cell | None) -> str:
    """What a cell says: its score, and what became of seeds that the mean does not hold."""
    if cell is None:
        return "not recorded"
    often = cell.short_trainings is not None and cell.short_trainings.collapsed > 0
    marks = (f" {CUT}" if cell.smaller else "") + (f" {COLLAPSES}" if often else "")
    if cell.score is None:
        lost = _lost(cell)
        if cell.progress is None or lost:
            return lost or cell.problem or ""
        return f"({cell.progress.valid_mean:.0f} by epoch {cell.progress.epoch:,}) {UNFINISHED}"
    lost, count = _lost(cell), len(cell.counted)
    if not lost:
        return f"{number(cell.score)}{marks}"
    if all(seed.collapsed for seed in cell.counted):
        return f"{lost} ({number(cell.score)}{marks})"
    others = f"the other{'s' if count > 1 else ''}"
    return f"{lost}; {others} {number(cell.score)}{marks}"


def brief_text(cell: Cell | None) -> str:
    """What a cell says, in a few words: why there is no score stands elsewhere."""
    if cell is None or cell.score is not None or cell.progress is not None:
        return cell_text(cell)
    return ", ".join(dict.fromkeys(seed.status for seed in cell.seeds)) or "none"


def _lost(cell: Cell) -> str:
    """How many seeds collapsed or failed, of how many that came to an end; empty where none did."""
    if not cell.done and not cell.collapsed:
        return ""  # the problem says it, with the reason
    ended = len({seed.seed for seed in (*cell.done, *cell.collapsed, *cell.failed)})
    kinds = Counter(["collapsed"] * len(cell.collapsed) + [seed.status for seed in cell.failed])
    named = {"error": "failed"}
    parts = [f"{count} {named.get(kind, kind)}" for kind, count in kinds.items()]
    if not parts or ended == 1:
        return "collapsed" if parts else ""
    count, kind = parts[0].split()
    return ", ".join([f"{count} of {ended} {kind}", *parts[1:]])


def seed_count(cell: Cell) -> str:
    """How many seeds are recorded, and of how many if the preset has more."""
    found = len(cell.done)
    return f"{found}" if found >= cell.planned else f"{found} of {cell.planned}"


def chosen_sigmas(cell: Cell) -> str:
    """The sigmas that were chosen."""
    shown = ", ".join(f"{sigma:.4f}" for sigma in cell.sigmas)
    return f"{shown} (at the grid's edge)" if any(s.at_grid_edge for s in cell.counted) else shown


def across_seeds(scores: list[Estimate]) -> Estimate | None:
    """The mean of several seeds' scores with the error over them; a single score keeps its own error."""
    if len(scores) < 2:
        return scores[0] if scores else None
    return Estimate.from_values([score.value for score in scores], "training seeds")


def _mean(errors: list[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return mean(known) if known else None
