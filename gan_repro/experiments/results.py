"""A results folder, read once: its trials, its experiments, and what in it cannot be read.

    from gan_repro import load_results
    for trial in load_results("runs").trials:
        print(trial.spec.id, trial.status)

Reading changes nothing on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gan_repro.experiments.record import ExperimentError, ExperimentRecord, experiment_paths, load_experiment
from gan_repro.trials.plugged import find_plugged
from gan_repro.trials.records import RecordError, TrialRecord, load_record, record_paths
from gan_repro.util import folders


@dataclass(frozen=True)
class DamagedFile:
    """A file that should be a record and is none, or is one that no table can show."""

    path: Path
    reason: str
    """One sentence, which names the file."""

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Results:
    """What a results folder holds."""

    folder: Path
    trials: tuple[TrialRecord, ...] = ()
    """By the names of their files: finished and unfinished ones, of every preset."""
    experiments: Mapping[str, ExperimentRecord] = field(default_factory=dict)
    """By name."""
    waiting: tuple[TrialRecord, ...] = ()
    """Finished trials that are in no table yet, because seeds to their left are not finished."""
    problems: tuple[DamagedFile, ...] = ()


def published() -> Path:
    """The folder of the published records, which a clone of the repository has beside the package.

    Raises:
        ValueError: there is none, as in an installed package.
    """
    folder = folders.published_folder()
    if folder is None:
        raise ValueError(
            "this package has no published records beside it; name the results folder to be read"
        )
    return folder


def load_results(path: str | Path | None = None) -> Results:
    """Read all records of a results folder.

    Args:
        path: the folder; None for the published records.

    Raises:
        ValueError: there is no such folder. A damaged file raises nothing: it stands in `problems`.
    """
    folder = published() if path is None else Path(path)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {str(folder)!r}; name one that holds trials/ or experiments/")
    trials: list[TrialRecord] = []
    waiting: list[TrialRecord] = []
    experiments: dict[str, ExperimentRecord] = {}
    problems: list[DamagedFile] = []
    for where, found in ((folder, trials), (folder / folders.WAITING, waiting)):
        for file in record_paths(where):
            try:
                found.append(load_record(file))
            except RecordError as error:
                problems.append(DamagedFile(file, str(error)))
    for file in experiment_paths(folder):
        try:
            experiments[file.stem] = load_experiment(file)
        except ExperimentError as error:
            problems.append(DamagedFile(file, str(error)))
    for id, reason in find_plugged(trials).items():
        problems.append(DamagedFile(folder / "trials" / f"{id}.json", f"{id}.json {reason}"))
    return Results(folder, tuple(trials), experiments, tuple(waiting), tuple(problems))
