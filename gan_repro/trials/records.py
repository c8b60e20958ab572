"""What a trial left behind, and the folder that keeps it: one JSON file a trial."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from gan_repro.stats.estimate import Estimate
from gan_repro.stats.mixing import ChainDiagnostics
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.files import atomic_write, read_regular
from gan_repro.util.text import one_line

Status = Literal["done", "diverged", "error", "interrupted", "skipped"]
Environment = dict[str, str | int | bool | None]

_MAX_RECORD_BYTES = 16 * 2**20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Score(_Part):
    """One set of samples under one protocol; nats."""

    sigma: PositiveFloat | None
    """None where each of `folds` has its own."""
    log_likelihood: Estimate
    """Mean over the test images, with the standard error across them; or the same over folds."""
    valid_mean: float
    sigma_curve: tuple[tuple[float, float], ...]
    """(sigma, mean validation log-likelihood), ascending; empty where each of `folds` has its own."""
    at_grid_edge: bool
    folds: tuple[Score, ...] = ()
    """The score on each fold, where one trained model was scored on several."""

    @classmethod
    def over_folds(cls, scores: Sequence[Score]) -> Score:
        """The mean over the scores on several folds, with the error across them; of one, that one itself."""
        if len(scores) == 1:
            return scores[0]
        return cls(
            sigma=None,
            log_likelihood=Estimate.from_values([score.log_likelihood.value for score in scores], "folds"),
            valid_mean=sum(score.valid_mean for score in scores) / len(scores),
            sigma_curve=(),
            at_grid_edge=any(score.at_grid_edge for score in scores),
            folds=tuple(scores),
        )

    @property
    def sigmas(self) -> tuple[float, ...]:
        """Sigma, or that of each fold."""
        return (
            (self.sigma,) if self.sigma is not None else tuple(s for fold in self.folds for s in fold.sigmas)
        )


class Candidate(_Part):
    """A generator that was scored: the best on validation images, or the last."""

    epoch: int | None
    """After how many epochs; None for models that have none."""
    samples_sha256: str
    """Of the float32 samples, row-major."""
    scores: dict[str, Score]
    """By protocol name."""
    chains: int | None = None
    """How many chains the samples came from, each begun on its own; as many as samples if independent."""
    mixing: ChainDiagnostics | None = None
    """What consecutive states of the model's Markov chains are worth; None where it has no chains."""


class CurvePoint(_Part):
    """One epoch of training."""

    epoch: int = Field(ge=0, le=2**53)
    losses: dict[str, float]
    learning_rate: float
    valid_mean: float | None = None
    """Mean validation log-likelihood (refined sigma, nats) where it was tracked."""
    sigma: float | None = None


def best_epoch(curve: Sequence[CurvePoint], looks: int) -> int | None:
    """The last of the `looks` tracked epochs in a row whose mean validation likelihood is highest.

    The first of several that tie; None where there are fewer looks than that.
    """
    tracked = [(point.epoch, point.valid_mean) for point in curve if point.valid_mean is not None]
    best, highest = None, -math.inf
    for end in range(looks, len(tracked) + 1):
        mean = math.fsum(value for _, value in tracked[end - looks : end]) / looks
        if mean > highest:
            best, highest = tracked[end - 1][0], mean
    return best


class Origin(_Part):
    """With what code and on what machine something ran."""

    commit: str | None
    dirty: bool | None
    """Whether the code differed from that commit; None where there is no repository."""
    environment: Environment
    """As `gan_repro.trials.environment.describe` reads it back."""


class Provenance(Origin):
    """Where, when and with what a trial ran. Two runs of one spec differ here and nowhere else."""

    preset: str | None
    smaller: tuple[str, ...]
    """What the preset made smaller than the reference's own values."""
    started: str
    finished: str
    seconds: dict[str, float]
    """Wall-clock by phase: training, tracking, sampling, consecutive sampling (for `mixing`), scoring."""
    peak_memory: int
    """Largest resident size of the process, bytes."""
    resumed: int
    """How many times the trial went on from a checkpoint."""
    earlier: tuple[Origin, ...] = ()
    """Of attempts from which this one went on, so far as they differ from this one's."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Of all attempts, the latest last."""
        latest = Origin(commit=self.commit, dirty=self.dirty, environment=self.environment)
        return *self.earlier, latest


class TrialRecord(_Part):
    """A trial's spec and what came of it."""

    spec: TrialSpec
    status: Status
    reason: str | None = None
    """One sentence, for every status but done."""
    candidates: dict[Literal["best", "last"], Candidate] = Field(default_factory=dict)
    learning_curve: tuple[CurvePoint, ...] = ()
    deviations: tuple[dict[str, str], ...] = ()
    """How the model differs from its reference: id, what, why, expected_effect."""
    provenance: Provenance

    @model_validator(mode="after")
    def _done_has_scores(self) -> TrialRecord:
        best = self.candidates.get("best")
        lacking = {self.spec.evaluation.protocol, "refined"} - (best.scores.keys() if best else set())
        if self.status == "done" and lacking:
            raise ValueError(f"the trial is done, but has no score under {', '.join(sorted(lacking))}")
        return self

    @property
    def score(self) -> Score:
        """The headline: the scored generator under the spec's protocol. Only done trials have one."""
        return self.scored.scores[self.spec.evaluation.protocol]

    @property
    def scored(self) -> Candidate:
        """The generator that the spec says is scored: the best one, or the last. Only of done trials."""
        return self.candidates[self.spec.evaluation.scored]


class RecordError(ValueError):
    """A record's file is not what it should be."""


class RecordStore:
    """The records of a results folder, under `trials/`. Damaged files are set aside, never overwritten."""

    def __init__(self, results: Path) -> None:
        self.folder = results / "trials"

    def path(self, spec: TrialSpec) -> Path:
        """Where the record of `spec` stands."""
        return self.folder / f"{spec.id}.json"

    def write(self, record: TrialRecord) -> Path:
        """Write or replace a record in one step; an earlier finished one with other numbers is kept aside."""
        path = self.path(record.spec)
        old = self.read(record.spec)
        if old is not None and old.status == "done" and _outcome(old) != _outcome(record):
            aside = path.parent / "superseded"
            aside.mkdir(exist_ok=True)
            number = sum(1 for _ in aside.glob(f"{path.stem}.*"))
            os.replace(path, aside / f"{path.stem}.{number}.json")
            print(f"{path.name}: differs from the earlier record, now in {aside}", file=sys.stderr)
        text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        atomic_write(path, _short_pairs(text) + "\n")
        return path

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """The record of exactly this spec, or None; a damaged file is set aside with a warning."""
        path = self.path(spec)
        if not path.exists():
            return None
        try:
            record = load_record(path)
        except RecordError as error:
            _set_aside(path, error)
            return None
        if record.spec != spec:
            _set_aside(path, RecordError(f"{path.name} holds another spec than its name says"))
            return None
        return record

    def __iter__(self) -> Iterator[TrialRecord]:
        """All readable records, by name; damaged files are set aside with a warning."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield load_record(path)
            except RecordError as error:
                _set_aside(path, error)


def load_record(path: Path) -> TrialRecord:
    """Read one record and check that its name is its spec's id.

    Raises:
        RecordError: with one sentence that names the file and what is wrong with it.
    """
    try:
        record = TrialRecord.model_validate_json(read_regular(path, _MAX_RECORD_BYTES))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise RecordError(f"{path.name} is not a trial record: {place}: {first['msg']}") from error
    except OSError as error:
        raise RecordError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if record.spec.id != path.stem:
        raise RecordError(f"{path.name} holds the trial {record.spec.id}")
    return record


def _outcome(record: TrialRecord) -> dict[str, Any]:
    return record.model_dump(exclude={"provenance"})


def _set_aside(path: Path, error: RecordError) -> None:
    aside = path.with_suffix(".json.corrupt")
    try:
        os.replace(path, aside)
    except OSError:
        fate = "ignored"
    else:
        fate = f"set aside as {aside.name}"
    print(f"warning: {one_line(error)}; {one_line(fate)}", file=sys.stderr)


def _short_pairs(text: str) -> str:
    """Put innermost lists of numbers on one line, so that a curve does not fill the screen."""
    # Between line breaks, which JSON never has inside a string.
    return re.sub(r"\[\n\s*([-\d.e+]+),\n\s*([-\d.e+]+)\n\s*\]", r"[\1, \2]", text)
