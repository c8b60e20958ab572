"""The folder that keeps the records: one JSON file a trial, under `trials/` of a results folder.

Reading changes nothing on disk. Only what runs a trial (`runner`) moves a damaged file aside, since it is
about to write a sound one in its place.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan_repro.trials.records import RecordError, TrialRecord, load_record, record_paths
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.files import atomic_write
from gan_repro.util.text import one_line


class RecordStore:
    """The records of a results folder."""

    def __init__(self, results: Path) -> None:
        self.folder = results / "trials"

    def path(self, spec: TrialSpec) -> Path:
        """Return where the record of `spec` stands."""
        return self.folder / f"{spec.id}.json"

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """Read the record of exactly this spec; None where there is none, or with a warning a damaged one."""
        try:
            return self._load(spec)
        except RecordError as error:
            _warn(error, "left out")
            return None

    def __iter__(self) -> Iterator[TrialRecord]:
        """Read all records, by name; damaged ones are left out with a warning."""
        for path in record_paths(self.folder.parent):
            try:
                yield load_record(path)
            except RecordError as error:
                _warn(error, "left out")

    def is_done(self, spec: TrialSpec) -> bool:
        """Tell whether exactly this spec is finished; a damaged record is none, silently."""
        try:
            record = self._load(spec)
        except RecordError:
            return False
        return record is not None and record.status == "done"

    def read_or_set_aside(self, spec: TrialSpec) -> TrialRecord | None:
        """As `read`; a damaged file is renamed to ID.json.corrupt, since a new one is to take its place."""
        try:
            return self._load(spec)
        except RecordError as error:
            path = self.path(spec)
            aside = path.with_suffix(".json.corrupt")
            try:
                os.replace(path, aside)
            except OSError:
                _warn(error, "ignored")
            else:
                _warn(error, f"set aside as {aside.name}")
            return None

    def write(self, record: TrialRecord) -> Path:
        """Write or replace a record in one step; its path.

        An earlier finished one with other numbers is kept in `superseded/`, with a note on stderr. It stays
        in its place where the new one is not finished.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        path = self.path(record.spec)
        old = self.read_or_set_aside(record.spec)
        finished = old if old is not None and old.status == "done" else None
        if finished is not None and record.status != "done":
            print(f"{path.name}: {record.status} this time; the finished record stays", file=sys.stderr)
            return path
        if finished is not None and _numbers(finished) != _numbers(record):
            aside = path.parent / "superseded"
            aside.mkdir(exist_ok=True)
            number = sum(1 for _ in aside.glob(f"{path.stem}.*"))
            os.replace(path, aside / f"{path.stem}.{number}.json")
            print(f"{path.name}: differs from the earlier record, now in {aside}", file=sys.stderr)
        text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        atomic_write(path, _short_pairs(text) + "\n")
        return path

    def _load(self, spec: TrialSpec) -> TrialRecord | None:
        path = self.path(spec)
        if not path.exists():
            return None
        record = load_record(path)
        if record.spec != spec:
            raise RecordError(f"{path.name} holds another spec than its name says")
        return record


def _numbers(record: TrialRecord) -> dict[str, Any]:
    # The spread follows from the samples, whose digest is compared; older records do not have it.
    return record.model_dump(exclude={"provenance": True, "candidates": {"__all__": {"spread"}}})


def _warn(error: RecordError, fate: str) -> None:
    print(f"warning: {one_line(error)}; {one_line(fate)}", file=sys.stderr)


def _short_pairs(text: str) -> str:
    """Put innermost lists of numbers on one line, so that a curve does not fill the screen."""
    # Between line breaks, which JSON never has inside a string.
    return re.sub(r"\[\n\s*([-\d.e+]+),\n\s*([-\d.e+]+)\n\s*\]", r"[\1, \2]", text)
