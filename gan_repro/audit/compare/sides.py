"""What stands on a side of a comparison: a results folder, one file, or the records at a commit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gan_repro.audit.compare.entries import Entry, of_report, of_saved_row, of_trial
from gan_repro.audit.history import files_at
from gan_repro.experiments.results import load_results
from gan_repro.scoring.exported import ExportedReport
from gan_repro.scoring.submissions import FOLDER, load_submissions, read_submission
from gan_repro.trials.records import MAX_RECORD_BYTES, RecordError, parse_record
from gan_repro.util.files import read_regular
from gan_repro.util.folders import RESULTS
from gan_repro.util.text import one_line

GIT = "git:"


@dataclass(frozen=True)
class Side:
    """The entries of one side."""

    name: str
    """As it was named on the command line."""
    entries: tuple[Entry, ...]
    is_file: bool
    """Whether it is a single file, which is compared with another whatever the two are called."""
    problems: tuple[str, ...] = ()
    """A sentence for each file that is left out because it cannot be read."""


def read_side(name: str) -> Side:
    """Read a side from what names it.

    Args:
        name: a folder with ``trials/`` or ``submissions/``; a file (a trial's record, a row saved by ``score
            --save``, or the output of ``score --json``); or ``git:REV`` or ``git:REV:FOLDER``, the records
            that a commit of the repository around the current folder holds.

    Raises:
        ValueError: there is no such thing, or it holds nothing that can be compared; one sentence.
    """
    if name.startswith(GIT):
        return _at_commit(name)
    path = Path(name)
    try:
        if path.is_dir():
            return _folder(name, path)
        return Side(name, (_file(path),), is_file=True)
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror or error}; give a folder, a file or git:REV") from error


def _folder(name: str, folder: Path) -> Side:
    results = load_results(folder)
    entries = [of_trial(record) for record in results.trials]
    if (folder / FOLDER).is_dir():
        entries += [of_saved_row(row.submission) for row in load_submissions(folder)]
    if not entries and not results.problems:
        raise ValueError(f"{name}: holds no trials and no saved scores; give a folder with trials/ in it")
    return Side(name, tuple(entries), is_file=False, problems=tuple(map(str, results.problems)))


def _file(path: Path) -> Entry:
    content = read_regular(path, MAX_RECORD_BYTES)
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        if "spec" in whole:
            return of_trial(parse_record(content, path.name))
        if "main_protocol" in whole:
            return of_saved_row(read_submission(path))
        if "read_as" in whole:
            return of_report(_report(content, path), path.stem)
    raise ValueError(
        f"{path}: is neither a trial's record nor a score; `score --save` and `score --json` write scores"
    )


def _report(content: bytes, path: Path) -> ExportedReport:
    try:
        return ExportedReport.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise ValueError(f"{path}: is no score: {one_line(place)}: {one_line(first['msg'])}") from error


def _at_commit(name: str) -> Side:
    revision, _, folder = name.removeprefix(GIT).partition(":")
    trials = f"{folder.strip('/') or RESULTS}/trials"
    try:
        files = files_at(Path.cwd(), revision, trials, suffix=".json")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    entries, problems = [], []
    for file, content in files.items():
        try:
            entries.append(of_trial(parse_record(content, file)))
        except RecordError as error:
            problems.append(str(error))
    if not files:
        raise ValueError(
            f"{name}: that commit has no records in {trials}; git:REV:FOLDER names another folder"
        )
    return Side(name, tuple(entries), is_file=False, problems=tuple(problems))
