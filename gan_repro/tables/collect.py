"""From records to cells: which trials make one, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gan_repro import data
from gan_repro.models.chains import LONG_CHAINS, chain_shape
from gan_repro.stats.sums import mean
from gan_repro.tables.cell import Cell, Progress, Sampling, SeedResult
from gan_repro.tables.collapse import Floor, has_collapsed
from gan_repro.trials.presets import COMPLETEST_FIRST, PRESETS, stands_under
from gan_repro.trials.records import Score, TrialRecord

_SINCE_SAID_BETTER = {
    "the reference trains until its validation likelihood stops rising": (
        "mnist.yaml names no end of training; preset paper's is 2,000"
    )
}
"""What records say in words that claim too much, and how it is said today. The records stay as they are."""


def in_todays_words(text: str) -> str:
    """A sentence of a record, with what has since been said more truly in today's words."""
    for old, new in _SINCE_SAID_BETTER.items():
        text = text.replace(old, new)
    return text


class Placed:
    """The records of a results folder, each put once where it stands: data set, row and preset."""

    def __init__(self, records: Iterable[TrialRecord]) -> None:
        self.records = tuple(records)
        self._groups: dict[tuple[str, str, str], list[TrialRecord]] = {}
        for record in self.records:
            for preset in stands_under(record.provenance.preset):
                row = PRESETS[preset].row_of(record.spec) if preset in PRESETS else None
                if row is not None and preset is not None:
                    self._groups.setdefault((record.spec.data.name, row, preset), []).append(record)
        for group in self._groups.values():
            group.sort(key=lambda record: (record.spec.seed, record.spec.data.fold or 0, record.spec.id))

    def of(self, dataset: str, row: str, preset: str) -> tuple[TrialRecord, ...]:
        """The records of a row under a preset, finished or not, by seed and fold."""
        return tuple(self._groups.get((dataset, row, preset), ()))

    def presets(self, dataset: str) -> tuple[str, ...]:
        """The presets that asked for a trial on the data set, the completest first."""
        asked = {r.provenance.preset for r in self.records if r.spec.data.name == dataset}
        return tuple(preset for preset in COMPLETEST_FIRST if preset in asked)

    def has_score(self, dataset: str, row: str, preset: str) -> bool:
        """Whether any trial of the row under the preset is done."""
        return any(record.status == "done" for record in self.of(dataset, row, preset))


def cell_of(placed: Placed, dataset: str, row: str, preset: str, floor: Floor | None) -> Cell | None:
    """The cell of a row under a preset; None without a record."""
    records = placed.of(dataset, row, preset)
    return cell_from(records, row=row, preset=preset, floor=floor) if records else None


def cell_from(
    records: Sequence[TrialRecord],
    *,
    row: str = "",
    preset: str | None = None,
    floor: Floor | None = None,
) -> Cell:
    """Make a cell of a row's trials under one preset: a record a seed, or one a seed and fold.

    Args:
        records: any order.
        row: the row's name.
        preset: the preset under which they stand; by default the one that asked for the first of them.
        floor: what older records' collapse is derived from (`tables.collapse`).
    """
    by_seed: dict[int, list[TrialRecord]] = {}
    for record in sorted(records, key=lambda record: (record.spec.seed, record.spec.data.fold or 0)):
        by_seed.setdefault(record.spec.seed, []).append(record)
    seeds = tuple(_seed_result(group, floor) for group in by_seed.values())
    problems = [problem for group in by_seed.values() for problem in _problems(group)]
    finished = {seed.seed for seed in seeds if seed.score is not None}
    used = [record for seed in finished for record in by_seed[seed]] or list(records)
    begun = [progress for record in records if (progress := _progress(record)) is not None]
    preset = preset or (used[0].provenance.preset if used else None)
    return Cell(
        row=row or (used[0].spec.model if used else ""),
        preset=preset,
        seeds=seeds,
        planned=PRESETS[preset].n_seeds if preset in PRESETS else len(seeds),
        n_samples=tuple(sorted({record.spec.evaluation.n_samples for record in used})),
        smaller=tuple(in_todays_words(cut) for cut in used[0].provenance.smaller) if used else (),
        devices=_devices(used),
        sampling=_sampling(used) if finished else None,
        problem="; ".join(problems) or (None if finished else "no trial recorded"),
        progress=None if finished else max(begun, key=lambda progress: progress.epoch, default=None),
    )


def _seed_result(group: Sequence[TrialRecord], floor: Floor | None) -> SeedResult:
    first = group[0]
    told = [has_collapsed(record, floor) for record in group]
    collapsed = None if all(c is None for c, _ in told) else any(c for c, _ in told)
    common = SeedResult(
        seed=first.spec.seed,
        status=next((record.status for record in group if record.status != "done"), "done"),
        collapsed=collapsed,
        collapsed_is=next((how for _, how in told if how is not None), None),
        trials=tuple(record.spec.id for record in group),
    )
    if common.status != "done" or _missing_folds(group):
        return common
    score = Score.over_folds([record.score for record in group])
    refined = Score.over_folds([record.scored.scores["refined"] for record in group])
    errors = [
        fold.log_likelihood.standard_error
        for fold in score.folds
        if fold.log_likelihood.standard_error is not None
    ]
    within = {"value": score.log_likelihood.value, "standard_error": mean(errors)} if errors else {}
    return common.model_copy(
        update={
            "score": score.log_likelihood,
            "within_fold": score.folds[0].log_likelihood.model_copy(update=within) if within else None,
            "refined": refined.log_likelihood,
            "sigmas": score.sigmas,
            "at_grid_edge": score.at_grid_edge,
        }
    )


def _problems(group: Sequence[TrialRecord]) -> list[str]:
    found = [f"{_name(record)} {_failure(record)}" for record in group if record.status != "done"]
    missing = [] if found else _missing_folds(group)
    folds = ", ".join(map(str, missing))
    return [*found, f"seed {group[0].spec.seed}: no trial of fold {folds}"] if missing else found


def _missing_folds(group: Sequence[TrialRecord]) -> list[int]:
    """The folds without a finished trial, where each fold has a training of its own."""
    there = {record.spec.data.fold for record in group if record.status == "done"}
    if {record.spec.data.fold for record in group} == {None}:
        return []
    return [fold for fold in range(data.entry(group[0].spec.data.name).folds) if fold not in there]


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


def _devices(records: Sequence[TrialRecord]) -> tuple[str, ...]:
    origins = (origin for record in records for origin in record.provenance.origins)
    return tuple(sorted({str(origin.environment.get("device", "unknown")) for origin in origins}))


_COSTS = (
    "seconds_per_sample",
    "seconds_per_effective_sample",
    "autocorrelation_time",
    "seconds_per_effective_state",
)


def _sampling(records: Sequence[TrialRecord]) -> Sampling:
    """The means over the records, of each number over those that tell it."""
    each = [_sampling_of(record) for record in records]
    means: Mapping[str, list[float]] = {
        name: [value for one in each if (value := getattr(one, name)) is not None] for name in _COSTS
    }
    update = {name: mean(values) if values else None for name, values in means.items()}
    return each[0].model_copy(update=update | {"at_least": any(one.at_least for one in each)})


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
