"""``gan-repro record RUN``: take finished trials of one's own into the published record.

After the audit's checks, a trial is taken as it is, byte for byte, or not at all: finished, of a known commit
without changes, whole in itself, and in place beside what is published (seeds from the left, the same
images). Exit status: 0 taken, 1 something does not hold (nothing is written), 2 bad usage.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util import console
from gan_repro.util.folders import RESULTS, RUNS, SEAL, WAITING, is_published
from gan_repro.util.text import suggestion

if TYPE_CHECKING:
    from gan_repro.audit.problem import Problem
    from gan_repro.trials.records import TrialRecord


def run(options: argparse.Namespace) -> int:
    """Check the trials and take them over; the exit status.

    Raises:
        ValueError: there is no such trial, it cannot be read, or the folder is not a published record.
        OSError: a file cannot be written.
    """
    from gan_repro.trials.records import load_record
    from gan_repro.util.files import atomic_write

    if not is_published(options.results):
        raise ValueError(f"{options.results} holds no published record (it has no {SEAL}); use --results")
    places = (options.runs, options.results / WAITING)
    paths = [_path(name, places) for name in dict.fromkeys(options.run_names)]
    records = [load_record(path) for path in paths]
    if problems := check(records, options.results):
        print(*problems, sep="\n")
        console.log.warning("nothing was recorded")
        return 1
    for path in paths:
        target = options.results / "trials" / path.name
        atomic_write(target, path.read_bytes())
        end_waiting(options.results, path.stem)
        print(target)
    console.log.info(
        "now bring the rest in line: gan-repro figures, gan-repro report, gan-repro audit --seal"
    )
    return 0


def end_waiting(results: Path, trial_id: str) -> None:
    """Take a trial that is recorded now out of those that wait, and its published weights to the others.

    Raises:
        OSError: a file cannot be moved.
    """
    folder = results / WAITING
    for path in sorted((folder / "weights").glob(f"{trial_id}.*")):
        (results / "weights").mkdir(exist_ok=True)
        path.replace(results / "weights" / path.name)
    (folder / "trials" / f"{trial_id}.json").unlink(missing_ok=True)


def check(records: Sequence[TrialRecord], results: Path) -> list[Problem]:
    """Everything that keeps these trials out of a published record; not what is wrong with it already."""
    from gan_repro.audit.history import knows_commits, unknown_commits
    from gan_repro.audit.integrity import check_data, check_seeds
    from gan_repro.audit.problem import Problem
    from gan_repro.audit.record_checks import check_origins, check_record
    from gan_repro.experiments.results import load_results

    found = load_results(results)
    published = {record.spec.id: record for record in found.trials}
    waiting = {record.spec.id: record for record in found.waiting}
    problems: list[Problem] = []
    for record in records:
        id, old = record.spec.id, published.get(record.spec.id)
        problems += [Problem(id, what) for what in (*check_record(record), *check_origins(record.provenance))]
        if record.provenance.plugins:
            cure = "add its row to this repository (docs/contributing.md) and run it again"
            problems.append(Problem(id, f"comes from a plug-in, which nobody else has; {cure}"))
        if record.status != "done":
            problems.append(Problem(id, f"is {record.status}, and only finished trials are recorded"))
        if old is not None and old.status == "done" and waiting.get(id) != old:
            problems.append(Problem(id, "is recorded already; gan-repro audit --replay compares"))
        if id in waiting and waiting[id] != record:
            cure = f"the one that was finished first counts: gan-repro record {id} --runs {results / WAITING}"
            problems.append(Problem(id, f"another training of it waits to be recorded; {cure}"))
    repository = results.resolve().parent
    if not knows_commits(repository):
        cure = "record in a whole clone (git fetch --unshallow)"
        problems.append(
            Problem(str(repository), f"is no git repository with its history, which has the commits; {cure}")
        )
    commits = {record.provenance.commit for record in records if record.provenance.commit}
    unknown = unknown_commits(repository, commits)
    problems += [
        Problem(record.spec.id, f"commit {record.provenance.commit} is not in this repository")
        for record in records
        if record.provenance.commit in unknown
    ]
    together = list({**published, **{record.spec.id: record for record in records}}.values())
    for checks in (check_seeds, check_data):
        before = set(checks(published.values()))
        problems += [problem for problem in checks(together) if problem not in before]
    return problems


def _path(name: str, places: Sequence[Path]) -> Path:
    """The file of a trial, given by its path or by its id in one of the folders."""
    candidates = [Path(name), *(folder / "trials" / f"{name}.json" for folder in places)]
    for path in candidates:
        # os.path.isfile: a name that is no path at all is one without a file.
        if path.suffix == ".json" and os.path.isfile(path):
            return path
    folder = places[0] / "trials"
    known = sorted(path.stem for path in folder.glob("*.json"))
    hint = suggestion(name, known, f"{len(known)} trials are there")
    raise ValueError(f"{folder} holds no trial {name!r}; {hint}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Take finished trials of your own into the published record, after the audit's checks."
    )
    parser.add_argument(
        "run_names", nargs="+", metavar="RUN", help="a trial's id, or the path of its .json file"
    )
    parser.add_argument(
        "--runs", type=Path, default=RUNS, metavar="DIR", help=f"where your trials are (default: {RUNS})"
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="DIR", help=f"the published record ({RESULTS})"
    )
