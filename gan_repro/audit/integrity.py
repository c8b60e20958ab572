"""Whether the records of a results folder hold, as a set.

Seeds fixed in advance and taken from the left, commits that this repository has, experiments that name
trials there are. What one record must satisfy stands in `record_checks`. Nothing is changed on disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_repro.audit.history import unknown_commits
from gan_repro.audit.problem import Problem
from gan_repro.audit.record_checks import check_provenance, check_record, is_commit
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.results import load_results
from gan_repro.trials.presets import PRESETS, SEEDS
from gan_repro.trials.records import TrialRecord

_ROUNDING = 1e-9


def check_records(results: Path, *, published: bool = True) -> list[Problem]:
    """Everything that does not hold in the records of a results folder.

    Those of one's own need not name a clean commit of this repository, and may be of any of the seeds.
    """
    found = load_results(results)
    problems = [Problem(damaged.path.name, damaged.reason) for damaged in found.problems]
    records, experiments = found.trials, found.experiments.values()
    for record in records:
        problems += [Problem(record.spec.id, what) for what in check_record(record, published=published)]
    problems += check_seeds(records) if published else []
    problems += check_data(records)
    known = {record.spec.id for record in records}
    for experiment in experiments:
        problems += [
            Problem(f"experiment {experiment.name}", what)
            for what in _check_experiment(experiment, known, published)
        ]
    if not published:
        return problems
    by_commit = [(r.spec.id, r.provenance.commit) for r in records]
    by_commit += [(f"experiment {e.name}", e.provenance.commit) for e in experiments]
    unknown = unknown_commits(results.resolve().parent, [c for _, c in by_commit if c and is_commit(c)])
    problems += [
        Problem(where, f"commit {commit} is not in this repository")
        for where, commit in by_commit
        if commit in unknown
    ]
    return problems


def check_seeds(records: Iterable[TrialRecord]) -> list[Problem]:
    """Seeds that were not fixed in advance, taken twice, or left out, in each cell of the tables."""
    problems = []
    cells: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for record in records:
        spec, preset = record.spec, record.provenance.preset
        if spec.seed not in SEEDS:
            problems.append(Problem(spec.id, f"seed {spec.seed} was not fixed in advance: {SEEDS}"))
        elif preset is not None:
            fold = "" if spec.data.fold is None else f" fold {spec.data.fold}"
            # What one preset runs another may run too, under the same id: then both count as one cell.
            rows = {name: row for name in PRESETS if (row := PRESETS[name].row_of(spec))}
            row = rows.get(preset, spec.model)
            cells[row, f"{spec.data.name}{fold}", "/".join(rows) or preset].append(spec.seed)
    for (model, dataset, preset), seeds in sorted(cells.items()):
        where = f"{model} on {dataset}, preset {preset}"
        problems += [
            Problem(where, f"seed {seed} is recorded more than once")
            for seed in sorted(set(seeds))
            if seeds.count(seed) > 1
        ]
        missing = [seed for seed in SEEDS[: SEEDS.index(max(seeds)) + 1] if seed not in seeds]
        problems += [
            Problem(where, f"seed {seed} is missing; seeds are taken from the left") for seed in missing
        ]
    return problems


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


def _check_experiment(record: ExperimentRecord, known: set[str], published: bool) -> Iterator[str]:
    yield from check_provenance(record.provenance, published=published)
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
