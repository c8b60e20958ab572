"""Whether the records of a results folder hold, as a set.

Seeds fixed in advance and taken from the left, commits that this repository has, experiments that name
trials there are. What one record must satisfy stands in `record_checks`. Nothing is changed on disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_repro.audit.history import knows_commits, unknown_commits
from gan_repro.audit.problem import Problem
from gan_repro.audit.record_checks import check_origins, check_record, check_times, is_commit
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord
from gan_repro.experiments.results import load_results
from gan_repro.experiments.weights import WeightsError, read_weights, weights_path
from gan_repro.figures.grids import drawn_from
from gan_repro.trials.presets import PRESETS, SEEDS
from gan_repro.trials.records import Provenance, TrialRecord, record_paths
from gan_repro.util import folders

_ROUNDING = 1e-9


class Checked(NamedTuple):
    """What was found."""

    problems: list[Problem]
    """What does not hold."""
    notes: list[Problem]
    """What cannot be checked, or should be known beside the numbers."""


def check_records(results: Path, own: Collection[str] = (), *, published: bool = True) -> Checked:
    """Check the records of a results folder.

    Args:
        results: the folder.
        own: somebody's own runs among them, by path below the folder. Where their code came from is noted,
            and no problem: an installed package, an archive without its history, or a changed tree.
        published: whether the folder is the published record, and not one of own runs, which may be
            of any seeds.
    """
    found = load_results(results)
    problems = [Problem(_name(damaged.path), damaged.reason) for damaged in found.problems]
    notes: list[Problem] = []
    records, experiments = found.trials, found.experiments.values()
    origins: list[tuple[str, str, Provenance | ExperimentProvenance]]
    origins = [(r.spec.id, f"trials/{r.spec.id}.json", r.provenance) for r in records]
    origins += [
        (r.spec.id, f"{folders.WAITING}/trials/{r.spec.id}.json", r.provenance) for r in found.waiting
    ]
    origins += [(f"experiment {e.name}", f"experiments/{e.name}.json", e.provenance) for e in experiments]
    for where, path, provenance in origins:
        told = [Problem(where, what) for what in check_origins(provenance)]
        (problems if published and path not in own else notes).extend(told)
    for record in records:
        problems += [Problem(record.spec.id, what) for what in check_record(record)]
    problems += [*check_seeds(records), *check_waiting(results, records, found.waiting)] if published else []
    notes += check_survivors(records)
    problems += [*check_data([*records, *found.waiting]), *check_grids(results, records)]
    known = {record.spec.id for record in records}
    if not published and (folder := folders.published_folder()) is not None:
        # An experiment of one's own may be on published nets.
        known |= {path.stem for path in record_paths(folder)}
    for experiment in experiments:
        where = f"experiment {experiment.name}"
        problems += [Problem(where, what) for what in _check_experiment(experiment, known)]
    if not published:
        return Checked(problems, notes)
    repository = results.resolve().parent
    if origins and not knows_commits(repository):
        text = (
            "no history of the repository is here, so that the commits which records name cannot be checked"
        )
        notes.append(Problem(str(results), text))
    by_commit = [
        (where, origin.commit) for where, path, p in origins if path not in own for origin in (p, *p.earlier)
    ]
    unknown = unknown_commits(repository, [c for _, c in by_commit if c and is_commit(c)])
    problems += [
        Problem(where, f"commit {commit} is not in this repository")
        for where, commit in by_commit
        if commit in unknown
    ]
    return Checked(problems, notes)


def check_seeds(records: Iterable[TrialRecord]) -> list[Problem]:
    """List seeds that were not fixed in advance, taken twice, or left out, in each cell of the tables."""
    records = list(records)
    problems = [
        Problem(record.spec.id, f"seed {record.spec.seed} was not fixed in advance: {SEEDS}")
        for record in records
        if record.spec.seed not in SEEDS
    ]
    for where, cell in _cells(records).items():
        seeds = [record.spec.seed for record in cell]
        problems += [
            Problem(where, f"seed {seed} is recorded more than once")
            for seed in sorted(set(seeds))
            if seeds.count(seed) > 1
        ]
    return problems + check_left(records)


def check_grids(results: Path, records: Iterable[TrialRecord]) -> list[Problem]:
    """List pictures of samples that are not those which a trial was scored on, or of no finished trial."""
    of = {record.spec.id: record for record in records if record.status == "done"}
    problems = []
    for path in sorted(results.glob("samples/*.npz")):
        try:
            if path.stem not in of:
                problems.append(Problem(_name(path), "is of no finished trial; remove it"))
            elif drawn_from(path) != of[path.stem].scored.samples_sha256:
                again = "remove it and run python -m gan_repro.figures.grids"
                problems.append(Problem(_name(path), f"is of other samples than the record's; {again}"))
        except ValueError as error:
            problems.append(Problem(_name(path), str(error)))
    return problems


def check_left(records: Iterable[TrialRecord]) -> list[Problem]:
    """List seeds that were left out, in each cell of the tables, to the left of one that is there."""
    problems = []
    for where, cell in _cells(records).items():
        seeds = {record.spec.seed for record in cell}
        missing = [seed for seed in SEEDS[: SEEDS.index(max(seeds)) + 1] if seed not in seeds]
        problems += [
            Problem(where, f"seed {seed} is missing; seeds are taken from the left") for seed in missing
        ]
    return problems


def check_waiting(
    results: Path, records: Sequence[TrialRecord], waiting: Sequence[TrialRecord]
) -> list[Problem]:
    """List what is wrong with the trials that wait for seeds to their left, or that nothing keeps them.

    Args:
        results: the folder, in which their weights lie, too.
        records: the trials of the tables.
        waiting: those that wait.
    """
    problems: list[Problem] = []
    recorded = {record.spec.id for record in records}
    for record in waiting:
        id = record.spec.id
        problems += [Problem(id, what) for what in check_record(record)]
        if record.status != "done":
            problems.append(Problem(id, f"is {record.status}, and only finished trials wait"))
        if id in recorded:
            problems.append(Problem(id, f"is recorded and waits, too; gan-repro record {id} ends that"))
        elif not check_left([*records, record]):
            problems.append(Problem(id, f"waits for nothing; gan-repro record {id} takes it"))
        if weights_path(results / folders.WAITING, id).exists():
            try:
                read_weights(record, results / folders.WAITING)
            except WeightsError as error:
                problems.append(Problem(id, str(error)))
    return problems


def _name(damaged: Path) -> str:
    waits = folders.WAITING in damaged.parts
    return f"{folders.WAITING}/{damaged.name}" if waits else damaged.name


def check_survivors(records: Iterable[TrialRecord]) -> list[Problem]:
    """List seeds that have no score while others of their cell have: their means are over the survivors."""
    notes = []
    for where, cell in _cells(records).items():
        done = {record.spec.seed for record in cell if record.status == "done"}
        left = {r.spec.seed: r.status for r in cell if r.status != "done" and r.spec.seed not in done}
        if done and left:
            named = ", ".join(f"seed {seed} is {status}" for seed, status in sorted(left.items()))
            seeds = ", ".join(map(str, sorted(done)))
            notes.append(
                Problem(where, f"{named}: what is said of it rests on the seeds that ended ({seeds})")
            )
    return notes


def _cells(records: Iterable[TrialRecord]) -> dict[str, list[TrialRecord]]:
    """Group the records of the tables' cells, by row, data set and preset in words."""
    cells: dict[tuple[str, str, str], list[TrialRecord]] = defaultdict(list)
    for record in records:
        spec, preset = record.spec, record.provenance.preset
        if spec.seed in SEEDS and preset is not None:
            fold = "" if spec.data.fold is None else f" fold {spec.data.fold}"
            # What one preset runs another may run too, under the same id: then both count as one cell.
            rows = {name: row for name in PRESETS if (row := PRESETS[name].row_of(spec))}
            row = rows.get(preset, spec.model)
            cells[row, f"{spec.data.name}{fold}", "/".join(rows) or preset].append(record)
    return {
        f"{row} on {data}, preset {preset}": cells[row, data, preset] for row, data, preset in sorted(cells)
    }


def check_data(records: Iterable[TrialRecord]) -> list[Problem]:
    """Trials on a data set whose pixels, or whose number of test images, are not those of the others."""
    problems = []
    first: dict[tuple[str, int | None], TrialRecord] = {}
    for record in records:
        if record.status != "done":
            continue
        data = record.spec.data
        other = first.setdefault((data.name, data.fold), record)
        if data.sha256 != other.spec.data.sha256:
            problems.append(Problem(record.spec.id, f"has other pixels of {data.name} than {other.spec.id}"))
        elif record.score.log_likelihood.n != other.score.log_likelihood.n:
            counts = f"{record.score.log_likelihood.n}, against {other.score.log_likelihood.n}"
            what = f"score.log_likelihood.n is {counts} in {other.spec.id}"
            problems.append(Problem(record.spec.id, what))
    return problems


def _check_experiment(record: ExperimentRecord, known: set[str]) -> Iterator[str]:
    yield from check_times(record.provenance)
    if len(set(record.seeds)) != len(record.seeds):
        yield "seeds are not unique"
    for id in record.trial_ids:
        if id not in known:
            yield f"names the trial {id}, which is not recorded"
    for name, finding in record.findings.items():
        if finding.interval is None:
            continue
        low, high = finding.interval
        # An interval's end may be the value itself, computed another way.
        if not low - _ROUNDING <= finding.value <= high + _ROUNDING:
            yield f"findings.{name}.value lies outside its own interval"
