"""Which recorded trials stand for a row, where an experiment or a report takes its trained nets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_repro.experiments.base import Context
from gan_repro.trials.presets import COMPLETEST_FIRST, FULL_SIZE, PRESETS, completest, row_under, stands_under
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore

_ENOUGH = 3
"""Trainings, from which on rules judge (`minimum_seeds` in gan_repro/verdicts/rules.toml)."""


def recorded(records: Sequence[TrialRecord], row: str, dataset: str) -> list[TrialRecord]:
    """List the finished trials of a row on a data set under one preset, by seed.

    The completest preset that has enough of them for a verdict; where none has, the one with the most.
    """
    done = [r for r in _finished(records, dataset) if row_under(r.provenance.preset, r.spec) == row]
    presets = [completest(record.provenance.preset, record.spec) for record in done]
    by_preset = [
        [record for record, of in zip(done, presets, strict=True) if of == preset]
        for preset in (*COMPLETEST_FIRST, None)
    ]
    enough = [found for found in by_preset if len(found) >= _ENOUGH]
    return sorted((enough or [max(by_preset, key=len)])[0], key=lambda record: record.spec.seed)


def searched(
    records: Sequence[TrialRecord], row: str, rows: Iterable[str], dataset: str
) -> list[TrialRecord]:
    """List the finished trials of a row of the equal search, by seed.

    They are of the completest preset of full size that has some of all of `rows`, as in the rule
    "best_by_search"; where none has, those of `recorded`.
    """
    for preset in FULL_SIZE:
        of_rows = {each: _under(records, each, dataset, preset) for each in (row, *rows)}
        if all(of_rows.values()):
            return of_rows[row]
    return recorded(records, row, dataset)


def _under(records: Sequence[TrialRecord], row: str, dataset: str, preset: str) -> list[TrialRecord]:
    found = [
        r
        for r in _finished(records, dataset)
        if preset in stands_under(r.provenance.preset) and PRESETS[preset].row_of(r.spec) == row
    ]
    return sorted(found, key=lambda record: record.spec.seed)


def _finished(records: Sequence[TrialRecord], dataset: str) -> list[TrialRecord]:
    return [r for r in records if r.spec.data.name == dataset and not r.spec.data.fold and r.status == "done"]


def read_trials(context: Context) -> list[list[TrialRecord]]:
    """Read the trials of the results folder, and those of the published record."""
    return [list(RecordStore(folder)) for folder in context.folders]


def recorded_first(trials: Iterable[Sequence[TrialRecord]], row: str, dataset: str) -> list[TrialRecord]:
    """Give the trials of `recorded` in the first folder that has any."""
    return next((found for records in trials if (found := recorded(records, row, dataset))), [])
