"""The findings of the experiments, one table each, for results/report/experiments.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro import experiments as experiments_run
from gan_repro.experiments import collapse_rates
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.tables.render import CODE, markdown
from gan_repro.verdicts.findings import describe, withdrawn

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

ELSEWHERE = frozenset({"update-order", collapse_rates.NAME})
"""Experiments whose findings stand with the variants of the recipe."""


def experiments(material: Material) -> str:
    """The findings of every experiment that is recorded; empty without one."""
    parts = []
    for name, record in material.experiments.items():
        if name not in ELSEWHERE:
            no_evidence = withdrawn(record)
            rows = [
                [f"`{key}`", f.what, f"withdrawn: {no_evidence[key]}" if key in no_evidence else describe(f)]
                for key, f in record.findings.items()
            ]
            table = markdown(["Finding", "What", "Value"], rows, keep=CODE)
            parts += [f"## Experiment `{name}`", *outdated(name, record), table, made_from(record)]
    return "\n\n".join(parts)


def outdated(name: str, record: ExperimentRecord) -> list[str]:
    """Say so where the experiment has been changed since this record was made; nothing otherwise."""
    now = experiments_run.module(name).VERSION if name in experiments_run.names() else record.version
    if record.version >= now:
        return []
    return [
        f"**Of version {record.version}; the experiment is at version {now} by now.** A verdict whose rule"
        " asks for that version takes nothing from this record."
    ]


def made_from(record: ExperimentRecord) -> str:
    """Seeds, trials and commit of an experiment."""
    commit = (record.provenance.commit or "none")[:12]
    trained = ", ".join(f"`{id}`" for id in record.trial_ids) or "none; it trains its own nets"
    seeds = ", ".join(map(str, record.seeds)) or ("those of its trials" if record.trial_ids else "none")
    parts = ", ".join(
        f"`{(origin.commit or 'none')[:12]}` ({origin.environment.get('processor')})"
        for origin in record.provenance.earlier
    )
    before = f"; parts kept of earlier runs: {parts}" if parts else ""
    return f"Seeds: {seeds}. Trials: {trained}. Commit `{commit}`{before}."
