"""Whether saved rows (`score --save`) have their form and hold what they held; nothing is judged."""

from __future__ import annotations

from pathlib import Path

from gan_repro.audit.problem import Problem
from gan_repro.scoring.submissions import FOLDER, SubmissionError, read_submission, submission_paths
from gan_repro.util.folders import RUNS


def saved_rows(given: Path | None, results: Path) -> list[Path]:
    """List the files of saved rows: of a folder that is given, or else of the audited folder and of `RUNS`.

    Raises:
        SubmissionError: the given folder is none.
    """
    if given is not None:
        return submission_paths(given)
    folders = dict.fromkeys(
        folder.resolve() for folder in (results / FOLDER, RUNS / FOLDER) if folder.is_dir()
    )
    return [path for folder in folders for path in submission_paths(folder)]


def check_saved_rows(paths: list[Path]) -> list[Problem]:
    """Check form, name and hash of each file; a sentence on each that is not as it was saved."""
    problems = []
    for path in paths:
        try:
            read_submission(path)
        except SubmissionError as error:
            problems.append(Problem(path.name, str(error).removeprefix(f"{path}: ")))
    return problems
