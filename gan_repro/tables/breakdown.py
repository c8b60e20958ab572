"""What stands below a table: cell by cell, seed by seed, and what samples cost. Headers and rows of text."""

from __future__ import annotations

from gan_repro.tables import words
from gan_repro.tables.cell import chosen_sigmas, number, seed_count
from gan_repro.tables.table import REFERENCE_ROWS, Table
from gan_repro.trials.rows import label

Grid = tuple[list[str], list[list[str]]]
"""A header, and rows of as many cells."""

SAMPLING_NOTE = (
    "What samples cost, on one core as the trials ran (other work may have run beside them). A sample from a"
    " chain of its own counts as an effective one, though the chain need not have forgotten its start;"
    " consecutive states of 100 long chains are worth what their autocorrelation leaves of them (Geyer 1992,"
    " Vehtari et al. 2021), and never less than one sample a chain: where they are correlated over the whole"
    " of it, the numbers are lower bounds."
)


def cells(table: Table) -> Grid:
    """Cell by cell: seeds, errors, sigma, device and cuts."""
    header = [
        "Row", "Column", "Trials of row", "Preset", "Seeds", "± of one net", "± within a fold", "Sigma",
        "Score at the refined sigma", "Samples", "Device", "Cut",
    ]  # fmt: skip
    rows = [
        [
            label(row),
            words.heading(column),
            cell.row,
            cell.preset or "none",
            seed_count(cell),
            _error(cell.error_of_one),
            _error(cell.error_within_fold),
            chosen_sigmas(cell),
            number(cell.refined),
            ", ".join(f"{n:,}" for n in cell.n_samples),
            ", ".join(cell.devices),
            "; ".join(cell.smaller) or "none",
        ]
        for row, column, cell in table.cells()
        if cell.score is not None
    ]
    return header, rows


def seeds(table: Table) -> Grid:
    """Seed by seed: its score, and whether its net has collapsed."""
    header = ["Row", "Column", "Seed", "Score, ± of one net", "Collapsed", "Status"]
    rows = [
        [
            label(row),
            words.heading(column),
            f"{seed.seed}",
            "" if seed.score is None else f"{seed.score}",
            {True: f"yes ({seed.collapsed_is})", False: "no", None: ""}[seed.collapsed],
            seed.status,
        ]
        for row, column, cell in table.cells()
        for seed in cell.seeds
    ]
    return header, rows


def supplied(table: Table) -> Grid:
    """The rows of which samples were supplied: score, and why it does not stand beside Table 1 as it is."""
    return ["Row", "Score", "Remarks"], [
        [
            row.label,
            f"{row.score} {words.OTHER_COUNT}" if row.other_count else f"{row.score}",
            "; ".join(row.marks),
        ]
        for row in table.supplied
    ]


def sampling(table: Table) -> Grid:
    """What samples cost."""
    header = [
        "Row", "Column", "Chains", "Autocorrelation time, states", "Milliseconds a sample",
        "Milliseconds an effective sample", "the same from consecutive states",
    ]  # fmt: skip
    rows = []
    for row, column, cell in table.cells():
        cost = cell.sampling
        if cost is None or row in REFERENCE_ROWS:
            continue
        least = "at least " if cost.at_least else ""
        time = cost.autocorrelation_time
        rows.append(
            [
                label(row),
                words.heading(column),
                "none" if cost.chains is None else f"{cost.chains:,}",
                "" if time is None else f"{least}{time:.0f}",
                _milliseconds(cost.seconds_per_sample),
                _milliseconds(cost.seconds_per_effective_sample),
                _milliseconds(cost.seconds_per_effective_state, least),
            ]
        )
    return header, rows


def _milliseconds(seconds: float | None, least: str = "") -> str:
    return "" if seconds is None else f"{least}{1000 * seconds:.3g}"


def _error(error: float | None) -> str:
    return "" if error is None else f"{error:.1f}"
