"""What stands above and below a table's cells, in words: headings, and notes on what the marks mean."""

from __future__ import annotations

from collections.abc import Iterable

from gan_repro import data
from gan_repro.parzen.protocols import PROTOCOLS
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import COLLAPSES, CUT, ONE_SEED, UNFINISHED, Cell
from gan_repro.tables.collapse import RULE
from gan_repro.tables.table import Column, Table
from gan_repro.trials.rows import label

OTHER_COUNT = "‡"
"""Behind a supplied row's score: from another number of samples than Table 1's."""
SUPPLIED = "Samples supplied, training not seen"

_SINCE_SAID_BETTER = {
    "the reference trains until its validation likelihood stops rising": (
        "mnist.yaml names no end of training; preset paper's is 2,000"
    )
}
"""What records say in words that claim too much, and how it is said today. The records stay as they are."""

_FOLD_NOTES = {
    "tfd": "TFD: one model, trained on the unlabelled images, is scored on all folds, as the authors did, so"
    " that an error over folds holds no spread of training. Its folds share images: their scores are not"
    " independent, and that error is too small.",
    "fer2013": "fer2013: one model, trained on the same images for all folds, is scored on each. No test"
    " image is in two folds.",
    "orl": "orl: a model is trained for each fold; no person is in two parts of a fold.",
}


def heading(column: Column) -> str:
    """How a column is headed; a stand-in is called one."""
    what = kind_of(column)
    if column.stand_in:
        return f"{column.dataset} (stand-in), {what}"
    return f"TFD, {what}" if column.dataset == "tfd" else what.capitalize()


def kind_of(column: Column) -> str:
    """What a column shows, with the preset where it is of one."""
    return {
        "preset": f"preset {column.preset}",
        "this run": f"this run ({column.preset})",
    }.get(column.kind, column.kind)


def paper_heading(table: Table) -> str:
    """How the column of the paper's numbers is headed."""
    return "Paper (TFD)" if table.name == "tfd" else "Paper"


def title(table: Table) -> str:
    """The data set, by the name that people know."""
    sets = [c.dataset for c in table.columns if c.stand_in]
    name = table.name.upper() if table.name in ("mnist", "tfd") else table.name
    return f"{name} ({', '.join(dict.fromkeys(sets))} in its place)" if sets and not _own_tfd(table) else name


def as_printed(estimate: Estimate | None) -> str:
    """A number of the paper, with the digits that it prints."""
    return "" if estimate is None else f"{estimate.value:g} ± {estimate.standard_error:g}"


def notes(table: Table) -> list[str]:
    """What a reader has to know of the whole table, a sentence or two each."""
    cells = [cell for _, _, cell in table.cells()]
    counts = sorted({n for cell in cells for n in cell.n_samples}) or [10_000]
    folds = data.entry(table.name).folds
    protocol = PROTOCOLS["authors-folds" if folds else "authors"]
    found = [
        "Mean log-likelihood of the test images in nats, under Gaussians on"
        f" {' or '.join(f'{n:,}' for n in counts)} samples of the model.",
        f"Protocol {protocol.name}, version {protocol.version}: {protocol.description}.",
        " ".join(error_notes(cells)) or "No score of ours yet.",
        "Over seeds and folds: sample standard deviation (n - 1) over sqrt(n).",
    ]
    if any(column.kind == "best by search" for column in table.columns):
        found.append(
            "As published: run as its source says, so far as it says. Best by search: the best of equally"
            " many candidates on validation images, and of as many ways of running the chains for rows that"
            " have them, at the longest training that all four rows have."
            " Reference rows hold no trained net and have nothing to search for."
        )
    if any(table.printed(row) for row in table.rows):
        over = "folds" if folds else "test images"
        found.append(
            f"Paper: as printed in 2014, ± over {over}; its first three rows were copied from older papers."
        )
    if any(column.stand_in for column in table.columns):
        found.append(
            "A stand-in is another set of faces, of the same image size: its numbers reproduce nothing of the"
            " paper's."
        )
    shown = {column.dataset for column in table.columns}
    found += [note for dataset, note in _FOLD_NOTES.items() if dataset in shown]
    if table.name == "tfd" and not _own_tfd(table):
        found.append(
            "TFD: no number of ours, because the Toronto Face Database is given out on request and is not"
            " here; with TFD_48x48.mat in the data folder, --datasets faces fills the column."
        )
    if any(cell.smaller for cell in cells):
        found.append(f"{CUT}: smaller or trained for less than the reference; the details say how.")
    if any(seed.collapsed_is == "derived" and seed.collapsed for cell in cells for seed in cell.seeds):
        found.append(f"Collapsed nets, whose samples have lost their diversity, enter no mean ({RULE}).")
    elif any(cell.collapsed for cell in cells):
        found.append("Collapsed nets, whose samples have lost their diversity, enter no mean.")
    return found + short_trainings(cells) + unfinished(table)


def short_trainings(cells: Iterable[Cell]) -> list[str]:
    """The note on recipes of which short trainings collapsed; empty where none did."""
    counted = {cell.row: cell.short_trainings for cell in cells if cell.short_trainings is not None}
    which = [
        f"{label(row)} {of.collapsed} of {of.trained} (95 % interval {of.interval[0]:.0%} to"
        f" {of.interval[1]:.0%})"
        for row, of in counted.items()
    ]
    if not any(of.collapsed for of in counted.values()):
        return []
    epochs = next(iter(counted.values())).epochs
    return [
        f"{COLLAPSES}: of trainings of {epochs} epochs, one a seed, collapsed by then: {', '.join(which)}."
    ]


def error_notes(cells: Iterable[Cell]) -> list[str]:
    """What the ± of these cells are over, a sentence each."""
    kinds = {cell.score.over for cell in cells if cell.score is not None}
    found = ["±: standard error over training seeds."] if "training seeds" in kinds else []
    singles = [
        "test images of one net" if kind == "test examples" else "five folds of one seed"
        for kind in sorted(kinds - {"training seeds"})
    ]
    if singles:
        found.append(f"{ONE_SEED}: one seed; ± is over the {' or '.join(singles)}, not over seeds.")
    return found


def unfinished(table: Table) -> list[str]:
    """The note on trainings that are not finished; empty without one."""
    which = [
        f"{label(row)}, {heading(column)}: {cell.problem}"
        for row, column, cell in table.cells()
        if cell.progress is not None
    ]
    if not which:
        return []
    return [
        f"{UNFINISHED}: not a score: training is not finished. The highest mean validation likelihood so far"
        f" (refined sigma) of the seed that has come furthest. {'; '.join(which)}."
    ]


def _own_tfd(table: Table) -> bool:
    return any(column.dataset == "tfd" and column.cells for column in table.columns)


def in_todays_words(text: str) -> str:
    """A sentence of a record, with what has since been said more truly in today's words."""
    for old, new in _SINCE_SAID_BETTER.items():
        text = text.replace(old, new)
    return text
