"""The cells of rows with Markov chains as published: their trained nets, sampled as their sources say.

The trials of these rows are sampled in the way that a search found. Experiment `chains` samples the same nets
as their sources do, so far as these say (rule `as_published`), and holds a score for each training seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gan_repro.experiments import chains
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import Cell, SeedResult
from gan_repro.tables.table import PRINTED_ROWS
from gan_repro.verdicts.rules import rules


def from_chains(record: ExperimentRecord | None, row: str, trained: Iterable[Cell | None]) -> Cell | None:
    """Make the cell of a row as published from experiment `chains`; None where that has no score of it.

    Args:
        record: of the experiment.
        row: one with Markov chains.
        trained: the row's own cells, of which the first that holds a net of the experiment's counts.
    """
    if record is None:
        return None
    sigmas = rules().as_published.row(row).sigmas or (None,)
    for cell in trained:
        seeds = [] if cell is None else [_sampled(record, row, seed, sigmas[0]) for seed in cell.seeds]
        found = tuple(seed for seed in seeds if seed is not None)
        if cell is not None and found:
            return cell.model_copy(update={"seeds": found, "sampling": None, "progress": None})
    return None


def _sampled(
    record: ExperimentRecord, row: str, trained: SeedResult, sigma: float | None
) -> SeedResult | None:
    finding = record.findings.get(chains.published_name(chains.ONE_CHAIN, row, trained.seed, sigma))
    if finding is None or not set(trained.trials) & set(record.trial_ids):
        return None
    score = Estimate(
        value=finding.value, standard_error=finding.standard_error, over="test examples", n=finding.n
    )
    return trained.model_copy(
        update={
            "score": score,
            "refined": None,
            "sigmas": () if sigma is None else (sigma,),
            "at_grid_edge": False,
        }
    )


def as_planned(cells: Mapping[str, Cell | None], seeds: Sequence[int]) -> dict[str, Cell | None]:
    """Count the seeds of the paper's rows against those that a rule names, not those of a preset."""
    return {
        row: cell.model_copy(update={"planned": len(seeds)}) if cell and row in PRINTED_ROWS else cell
        for row, cell in cells.items()
    }
