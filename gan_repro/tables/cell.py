"""Cells of a table from records: which trials make one, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from gan_repro import data
from gan_repro.models.chains import LONG_CHAINS, chain_shape
from gan_repro.stats.estimate import Estimate
from gan_repro.trials.presets import COMPLETEST_FIRST, PRESETS, stands_under
from gan_repro.trials.records import Score, TrialRecord


class Sampling(BaseModel):
    """What samples cost in the trials of a cell: means over them, wall-clock, on the cell's device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


class Progress(BaseModel):
    """How far an unfinished training has come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    """The last one trained."""
    valid_mean: float
    """The highest mean validation log-likelihood on the way, nats, at the refined sigma."""


class Cell(BaseModel):
    """What one column says of one model: a score with its errors, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_likelihood: Estimate | None = None
    """Nats: the mean over seeds, with the error across test examples, or folds, of one seed (their mean)."""
    within_folds: Estimate | None = None
    """The same mean, with the error across the test examples of one fold (their mean); None without folds."""
    over_seeds: Estimate | None = None
    """The same mean, with the error across training seeds."""
    refined: Estimate | None = None
    """As `log_likelihood`, with sigma optimised on all validation images."""
    sigmas: tuple[float, ...] = ()
    at_grid_edge: bool = False
    preset: str | None = None
    smaller: tuple[str, ...] = ()
    """What was cut against the reference's own values."""
    devices: tuple[str, ...] = ()
    sampling: Sampling | None = None
    trials: tuple[str, ...] = ()
    problem: str | None = None
    progress: Progress | None = None
    """Where there is no score yet: of the unfinished training that has come furthest."""

    def __str__(self) -> str:
        if self.log_likelihood is not None:
            return f"{self.log_likelihood}{' *' if self.smaller else ''}"
        return _so_far(self.progress) if self.progress is not None else self.problem or ""


def cell_from(records: Sequence[TrialRecord]) -> Cell:
    """The cell of a model's trials under one preset: a record a seed, or one a seed and fold."""
    done = [record for record in records if record.status == "done"]
    problems = [f"{_name(r)} {_failure(r)}" for r in records if r.status != "done"]
    by_seed: dict[int, list[TrialRecord]] = {}
    for record in done:
        by_seed.setdefault(record.spec.seed, []).append(record)
    for seed, group in list(by_seed.items()):
        if missing := _missing_folds(group):
            problems.append(f"seed {seed}: no trial of fold {', '.join(map(str, missing))}")
            del by_seed[seed]
    problem = "; ".join(problems) or None
    if not by_seed:
        begun = [progress for record in records if (progress := _progress(record)) is not None]
        return Cell(
            problem=problem or "no trial recorded",
            progress=max(begun, key=lambda progress: progress.epoch, default=None),
            trials=tuple(r.spec.id for r in records),
        )
    scores = [Score.over_folds([record.score for record in group]) for group in by_seed.values()]
    refined = [
        Score.over_folds([record.scored.scores["refined"] for record in group]) for group in by_seed.values()
    ]
    used = [record for group in by_seed.values() for record in group]
    within = [fold.log_likelihood for score in scores for fold in score.folds]
    headline = _across_seeds([score.log_likelihood for score in scores])
    return Cell(
        log_likelihood=headline,
        within_folds=_across_seeds(within).model_copy(update={"value": headline.value}) if within else None,
        over_seeds=Estimate.from_values([s.log_likelihood.value for s in scores], "training seeds"),
        refined=_across_seeds([score.log_likelihood for score in refined]),
        sigmas=tuple(sigma for score in scores for sigma in score.sigmas),
        at_grid_edge=any(score.at_grid_edge for score in scores),
        preset=used[0].provenance.preset,
        smaller=used[0].provenance.smaller,
        devices=tuple(
            sorted(
                {str(ran.environment.get("device", "unknown")) for r in used for ran in r.provenance.origins}
            )
        ),
        sampling=_sampling(used),
        trials=tuple(record.spec.id for record in used),
        problem=problem,
    )


def _sampling(records: Sequence[TrialRecord]) -> Sampling:
    """The means over the records, of each number over those that tell it."""
    each = [_sampling_of(record) for record in records]
    means = {}
    for name in _COSTS:
        values = [value for one in each if (value := getattr(one, name)) is not None]
        means[name] = sum(values) / len(values) if values else None
    return each[0].model_copy(update=means | {"at_least": any(one.at_least for one in each)})


_COSTS = (
    "seconds_per_sample",
    "seconds_per_effective_sample",
    "autocorrelation_time",
    "seconds_per_effective_state",
)


def _sampling_of(record: TrialRecord) -> Sampling:
    candidate, seconds = record.scored, record.provenance.seconds
    # The last state is sampled too, where it is another than the best.
    draws = 1 if candidate.epoch == record.candidates["last"].epoch else 2
    n, mixing = record.spec.evaluation.n_samples, candidate.mixing
    per_sample = seconds.get("sampling", 0.0) / (draws * n)
    if mixing is None:
        return Sampling(chains=None, seconds_per_sample=per_sample, seconds_per_effective_sample=per_sample)
    states_a_chain = chain_shape(n, LONG_CHAINS)[1]
    consecutive = seconds.get("consecutive sampling", 0.0) / draws
    return Sampling(
        chains=candidate.chains,
        seconds_per_sample=per_sample,
        seconds_per_effective_sample=per_sample if candidate.chains == n else None,
        autocorrelation_time=mixing.autocorrelation_time,
        seconds_per_effective_state=consecutive / mixing.effective_sample_size,
        at_least=mixing.autocorrelation_time >= states_a_chain * (1 - 1e-9),
    )


def _name(record: TrialRecord) -> str:
    fold = "" if record.spec.data.fold is None else f" fold {record.spec.data.fold}"
    return f"seed {record.spec.seed}{fold}"


def _failure(record: TrialRecord) -> str:
    progress = _progress(record)
    if progress is not None:
        return f"interrupted after epoch {progress.epoch}, validation so far {progress.valid_mean:.0f}"
    return f"{record.status}: {record.reason}"


def _progress(record: TrialRecord) -> Progress | None:
    """How far an interrupted trial came, if its likelihood was looked at on the way."""
    tracked = [point.valid_mean for point in record.learning_curve if point.valid_mean is not None]
    if record.status != "interrupted" or not tracked:
        return None
    return Progress(epoch=record.learning_curve[-1].epoch, valid_mean=max(tracked))


def _so_far(progress: Progress) -> str:
    # In brackets, since it is no score: of other images, and of the best of many looks.
    return f"({progress.valid_mean:.0f} by epoch {progress.epoch:,}) †"


def _missing_folds(records: Sequence[TrialRecord]) -> list[int]:
    """The folds without a trial, where each fold has a training of its own."""
    there = {record.spec.data.fold for record in records}
    if there == {None}:
        return []
    return [fold for fold in range(data.entry(records[0].spec.data.name).folds) if fold not in there]


def _across_seeds(estimates: Sequence[Estimate]) -> Estimate:
    # Test images and folds are the same for every seed: this error does not shrink as seeds are added.
    errors = [e.standard_error for e in estimates if e.standard_error is not None]
    return Estimate(
        value=sum(e.value for e in estimates) / len(estimates),
        standard_error=sum(errors) / len(errors) if errors else None,
        over=estimates[0].over,
        n=estimates[0].n,
    )


def recorded_cells(records: Iterable[TrialRecord], dataset: str, presets: Sequence[str]) -> dict[str, Cell]:
    """By row, the cell of the completest of `presets` that has finished trials on the data set."""
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in records:
        if record.spec.data.name == dataset:
            for preset in _counts_for(record, presets):
                row = PRESETS[preset].row_of(record.spec)
                if row is not None:
                    groups.setdefault((row, preset), []).append(record)
    cells: dict[str, Cell] = {}
    for preset in COMPLETEST_FIRST:
        for (row, name), group in groups.items():
            usable = any(record.status == "done" for record in group)
            if name == preset and (row not in cells or (cells[row].log_likelihood is None and usable)):
                cell = cell_from(sorted(group, key=_seed_and_fold))
                cells[row] = cell.model_copy(update={"preset": cell.preset and name})
    return cells


def _counts_for(record: TrialRecord, presets: Sequence[str]) -> list[str]:
    return [preset for preset in presets if preset in stands_under(record.provenance.preset)]


def _seed_and_fold(record: TrialRecord) -> tuple[int, int]:
    return record.spec.seed, record.spec.data.fold or 0
