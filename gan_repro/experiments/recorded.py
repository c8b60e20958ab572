"""Which recorded trials stand for a row, where an experiment or a report takes its trained nets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_repro.experiments.base import Context
from gan_repro.trials.presets import COMPLETEST_FIRST, completest, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore

_ENOUGH = 3
"""Trainings, from which on rules judge (`minimum_seeds` in gan_repro/verdicts/rules.toml)."""


def recorded(records: Sequence[TrialRecord], row: str, dataset: str) -> list[TrialRecord]:
    """List the finished trials of a row on a data set under one preset, by seed.

    The completest preset that has enough of them for a verdict; where none has, the one with the most.
    """
    done = [
        r
        for r in records
        if r.spec.data.name == dataset and not r.spec.data.fold and r.status == "done"
        if row_under(r.provenance.preset, r.spec) == row
    ]
    presets = [completest(record.provenance.preset, record.spec) for record in done]
    by_preset = [
        [record for record, of in zip(done, presets, strict=True) if of == preset]
        for preset in (*COMPLETEST_FIRST, None)
    ]
    enough = [found for found in by_preset if len(found) >= _ENOUGH]
    return sorted((enough or [max(by_preset, key=len)])[0], key=lambda record: record.spec.seed)


def read_trials(context: Context) -> list[list[TrialRecord]]:
    """Read the trials of the results folder, and those of the published record."""
    return [list(RecordStore(folder)) for folder in context.folders]


def recorded_first(trials: Iterable[Sequence[TrialRecord]], row: str, dataset: str) -> list[TrialRecord]:
    """Give the trials of `recorded` in the first folder that has any."""
    return next((found for records in trials if (found := recorded(records, row, dataset))), [])
