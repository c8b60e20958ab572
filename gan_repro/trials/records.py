"""What a trial left behind: scores, learning curve, where and with what it ran; read from its file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from gan_repro.stats.estimate import Estimate
from gan_repro.stats.mixing import ChainDiagnostics
from gan_repro.stats.spread import COLLAPSED_BELOW
from gan_repro.stats.sums import mean
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.files import read_regular

MAX_RECORD_BYTES = 16 * 2**20

Status = Literal["done", "diverged", "error", "interrupted"]
Environment = dict[str, str | int | bool | None]


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
        """Average the scores on several folds, with the error across them; one score stays itself."""
        if len(scores) == 1:
            return scores[0]
        return cls(
            sigma=None,
            log_likelihood=Estimate.from_values([score.log_likelihood.value for score in scores], "folds"),
            valid_mean=mean(score.valid_mean for score in scores),
            sigma_curve=(),
            at_grid_edge=any(score.at_grid_edge for score in scores),
            folds=tuple(scores),
        )

    @property
    def sigmas(self) -> tuple[float, ...]:
        """Sigma, or that of each fold."""
        own = () if self.sigma is None else (self.sigma,)
        return own or tuple(sigma for fold in self.folds for sigma in fold.sigmas)


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
    spread: float | None = None
    """Of the samples, over that of the training images (`gan_repro.stats.spread`); None in older records."""


class CurvePoint(_Part):
    """One epoch of training."""

    epoch: int = Field(ge=0, le=2**53)
    losses: dict[str, float]
    learning_rate: float
    valid_mean: float | None = None
    """Mean validation log-likelihood (refined sigma, nats) where it was tracked."""
    sigma: float | None = None


def best_epoch(curve: Sequence[CurvePoint], looks: int) -> int | None:
    """Find the last of the `looks` tracked epochs in a row whose mean validation likelihood is highest.

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


class PluggedIn(_Part):
    """What a trial took from a plug-in (`gan_repro.util.plugins`)."""

    kind: Literal["row", "model", "data set"]
    name: str
    package: str | None = None
    version: str | None = None
    """Of the package."""
    file: str | None = None
    sha256: str | None = None
    """Name and content, where the plug-in is a file."""


class Provenance(Origin):
    """Where, when and with what a trial ran. Two runs of one spec differ here and nowhere else."""

    preset: str | None
    smaller: tuple[str, ...]
    """What the preset made smaller than the reference's own values."""
    begun: str | None = None
    """When the first run of the trial started; None in older records."""
    started: str
    finished: str
    seconds: dict[str, float]
    """Wall-clock by phase: training, tracking, sampling, consecutive sampling (for `mixing`), scoring."""
    peak_memory: int
    """Largest resident size of the process, bytes."""
    resumed: int
    """How many times the trial went on from a checkpoint."""
    reseeded: tuple[int, ...] = ()
    """After how many updates the noise was seeded anew: the checkpoint came from another kind of device."""
    peak_card_memory: int | None = None
    """The most of the card's memory that tensors took, bytes; None on the CPU."""
    plugins: tuple[PluggedIn, ...] = ()
    """What came from plug-ins; empty for a trial of ours."""
    earlier: tuple[Origin, ...] = ()
    """Of the runs that this one was resumed from, so far as they differ from this one's."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Of all runs of the trial, the latest last."""
        latest = Origin(commit=self.commit, dirty=self.dirty, environment=self.environment)
        return *self.earlier, latest

    @property
    def threads(self) -> int:
        """Of the latest run; 1 in records of before they were noted."""
        return int(self.environment.get("threads") or 1)


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
        if self.status != "done":
            return self
        evaluation = self.spec.evaluation
        needed: tuple[Literal["best", "last"], ...] = ("best", evaluation.scored)
        for which in needed:
            candidate = self.candidates.get(which)
            if lacking := {evaluation.protocol, "refined"} - set(candidate.scores if candidate else ()):
                no_score = f"has no score under {', '.join(sorted(lacking))}"
                raise ValueError(f"the trial is done, but its {which} generator {no_score}")
        return self

    @property
    def score(self) -> Score:
        """The headline: the scored generator under the spec's protocol. Only done trials have one."""
        return self.scored.scores[self.spec.evaluation.protocol]

    @property
    def scored(self) -> Candidate:
        """The generator that the spec says is scored: the best one, or the last. Only of done trials."""
        return self.candidates[self.spec.evaluation.scored]

    @property
    def collapsed(self) -> bool | None:
        """Whether the scored net has collapsed (`gan_repro.stats.spread`); None where that is not known.

        Never of a baseline, which has no net.
        """
        candidate = self.candidates.get(self.spec.evaluation.scored)
        if candidate is None or candidate.spread is None:
            return None
        return candidate.epoch is not None and candidate.spread < COLLAPSED_BELOW


class RecordError(ValueError):
    """A record's file is not what it should be."""


def record_paths(results: Path) -> list[Path]:
    """List the files of a results folder that should be trial records, by name."""
    return sorted((results / "trials").glob("*.json"))


def load_record(path: Path) -> TrialRecord:
    """Read one record and check that its name is its spec's id.

    Raises:
        RecordError: with one sentence that names the file and what is wrong with it.
    """
    try:
        content = read_regular(path, MAX_RECORD_BYTES)
    except OSError as error:
        raise RecordError(f"{path.name} cannot be read: {error.strerror or error}") from error
    return parse_record(content, path.name)


def parse_record(content: bytes, name: str) -> TrialRecord:
    """Make the record of the content of a file that is called `name`, wherever that was read from.

    Raises:
        RecordError: as `load_record`.
    """
    try:
        record = TrialRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise RecordError(f"{name} is not a trial record: {place}: {first['msg']}") from error
    if f"{record.spec.id}.json" != name:
        raise RecordError(f"{name} holds the trial {record.spec.id}")
    return record
