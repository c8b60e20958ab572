"""Seeds without a score: what stands in the way of one, and how far an unfinished training has come."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from gan_repro import data
from gan_repro.trials.records import TrialRecord


class Progress(BaseModel):
    """How far an unfinished training has come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    """The last one trained."""
    valid_mean: float
    """The highest mean validation log-likelihood on the way, nats, at the refined sigma."""


def problems(group: Sequence[TrialRecord]) -> list[str]:
    """What stands in the way of a seed's score, a sentence each; `group`: its trials, one or one a fold."""
    found = [f"{_name(record)} {_failure(record)}" for record in group if record.status != "done"]
    missing = [] if found else missing_folds(group)
    folds = ", ".join(map(str, missing))
    return [*found, f"seed {group[0].spec.seed}: no trial of fold {folds}"] if missing else found


def missing_folds(group: Sequence[TrialRecord]) -> list[int]:
    """The folds without a finished trial, where each fold has a training of its own."""
    there = {record.spec.data.fold for record in group if record.status == "done"}
    if {record.spec.data.fold for record in group} == {None}:
        return []
    return [fold for fold in range(data.entry(group[0].spec.data.name).folds) if fold not in there]


def _name(record: TrialRecord) -> str:
    fold = "" if record.spec.data.fold is None else f" fold {record.spec.data.fold}"
    return f"seed {record.spec.seed}{fold}"


def _failure(record: TrialRecord) -> str:
    begun = progress(record)
    if begun is not None:
        return f"interrupted after epoch {begun.epoch}, validation so far {begun.valid_mean:.0f}"
    return f"{record.status}: {record.reason}"


def progress(record: TrialRecord) -> Progress | None:
    """How far an interrupted trial came, if its likelihood was looked at on the way."""
    tracked = [point.valid_mean for point in record.learning_curve if point.valid_mean is not None]
    if record.status != "interrupted" or not tracked:
        return None
    return Progress(epoch=record.learning_curve[-1].epoch, valid_mean=max(tracked))
