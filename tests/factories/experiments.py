"""Records of experiments as their own code makes them."""

from __future__ import annotations

from gan_repro import experiments
from gan_repro.experiments.base import ExperimentResult
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord
from tests.factories.records import WHERE


def as_record(name: str, result: ExperimentResult, **changes) -> ExperimentRecord:
    """The record that a run with this result leaves."""
    fields = {
        "name": name,
        "version": experiments.module(name).VERSION,
        "settings": {"model": "gan"},
        "trial_ids": result.trial_ids,
        "provenance": ExperimentProvenance(**WHERE),
        "findings": result.findings,
        "series": result.series,
    }
    return ExperimentRecord(**fields | changes)


def of_findings(name: str, findings, **changes) -> ExperimentRecord:
    """The record of findings alone."""
    return as_record(name, ExperimentResult(findings), **changes)
