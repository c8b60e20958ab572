"""The scores of the rows of Table 1 in two ways: as published, and at the best of an equal search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gan_repro import paper
from gan_repro.experiments import chains
from gan_repro.experiments.quality_record import AS_PUBLISHED, BEST_BY_SEARCH
from gan_repro.stats.sums import mean
from gan_repro.trials import rows
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.verdicts.evidence import Evidence, Trials, cut_short, reached
from gan_repro.verdicts.rules import rules

ROWS = tuple(row.model for row in paper.TABLE_1)
"""Of Table 1."""
WITH_CHAINS = ("dbn", "cae", "gsn")

WAYS = (AS_PUBLISHED, BEST_BY_SEARCH)

SEARCHED: Mapping[str, str] = {"gan": "gan-searched"}
"""The row that runs the search's best settings, where it is another than the row itself."""


@dataclass(frozen=True)
class RowScores:
    """What a row scores in one way, one number a training seed."""

    row: str
    scores: Mapping[int, float] = field(default_factory=dict)
    """By seed, nats; without collapsed nets."""
    left_out: str = ""
    """Names collapsed, diverged and interrupted seeds; empty where there are none."""
    missing: str = ""
    """Why there is no score; a phrase."""
    trials: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    envelope: tuple[float, float] | None = None
    """Lowest and highest score, nats, over the choices that the source leaves open, so far as measured."""
    silent_on: tuple[str, ...] = ()
    """What moves the number and is not in the source."""
    cut: tuple[str, ...] = ()
    """What was smaller or shorter of the trained nets than the reference."""

    @property
    def label(self) -> str:
        """How Table 1 calls the row."""
        return paper.LABELS[self.row]


def as_published(evidence: Evidence, dataset: str, row: str) -> RowScores:
    """Give a row's scores as its source has it: the rule "as_published"; on TFD, under our own chains.

    Nets that are smaller than the reference's, or trained for less, are not as published: they have no score.
    """
    found = evidence.trials(dataset, row)
    if dataset != "mnist" or row not in WITH_CHAINS:
        return _of_trials(row, found, dataset)
    said = rules().as_published.row(row)
    record = evidence.experiments.get(chains.NAME)
    if record is None:
        reason = f"{rows.label(row)}: experiment {chains.NAME}, which samples it so, is not recorded"
        return RowScores(row, missing=reason, silent_on=said.silent_on, trials=found.ids)
    of_row = [id for id, name in evidence.rows_by_trial().items() if name == row and id in record.trial_ids]
    fixed: tuple[float | None, ...] = said.sigmas or (None,)
    scores = chains.published_scores(record, chains.ONE_CHAIN, row, fixed[0])
    collapsed = {r.spec.seed for r in found.collapsed}
    kept = {seed: score for seed, score in scores.items() if seed not in collapsed}
    cut = evidence.cut(dataset, row, of_row)
    if kept and cut:
        reason = cut_short(rows.label(row), reached(kept, found.left_out()), cut)
        return RowScores(row, missing=reason, trials=tuple(of_row), experiments=(chains.NAME,))
    return RowScores(
        row,
        kept,
        found.left_out(),
        "" if scores else f"{rows.label(row)}: experiment {chains.NAME} has no trial of it",
        tuple(of_row),
        # The experiment is of several rows: where it has none of this one, nothing is judged.
        (chains.NAME,) if scores else (),
        _envelope(evidence, row, fixed),
        said.silent_on,
    )


def best_by_search(evidence: Evidence, dataset: str) -> dict[str, RowScores]:
    """Give each row's scores at its best settings: the rule "best_by_search".

    They are of the completest preset under which all four rows' winners have finished trials; a shorter
    length than the reference's is no obstacle.
    """
    winners = {row: SEARCHED.get(row, row) if dataset == "mnist" else row for row in ROWS}
    for preset in FULL_SIZE:
        found = {row: evidence.under(dataset, winner, preset) for row, winner in winners.items()}
        if all(trials.records for trials in found.values()):
            return {row: _row_scores(row, trials) for row, trials in found.items()}
    lacking = [
        rows.label(winner)
        for winner in winners.values()
        if not any(evidence.under(dataset, winner, preset).records for preset in FULL_SIZE)
    ]
    reason = f"no preset has trials of all four rows' winners on {dataset.upper()}" + (
        f" (lacking: {', '.join(lacking)})" if lacking else ""
    )
    return {row: RowScores(row, missing=reason) for row in ROWS}


def _of_trials(row: str, found: Trials, dataset: str) -> RowScores:
    if found.full:
        return _row_scores(row, found)
    return RowScores(row, missing=found.shortfall(dataset), trials=found.ids)


def _row_scores(row: str, found: Trials) -> RowScores:
    return RowScores(row, found.scores, found.left_out(), trials=found.ids, cut=found.cut)


def _envelope(evidence: Evidence, row: str, sigmas: tuple[float | None, ...]) -> tuple[float, float] | None:
    """Give the lowest and highest mean over seeds, over ways of sampling or, where these are open, sigmas."""
    record = evidence.experiments[chains.NAME]
    if sigmas == (None,):
        return chains.envelope(record, evidence.rows_by_trial(), row)
    means = []
    for sigma in (*sigmas, None):
        scores = chains.published_scores(record, chains.ONE_CHAIN, row, sigma)
        if scores:
            means.append(mean(scores.values()))
    return (min(means), max(means)) if means else None
