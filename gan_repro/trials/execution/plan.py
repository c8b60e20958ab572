"""Which trials a command will run: data sets times seeds times rows, as a preset has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro.stats.sums import total
from gan_repro.trials.checkpoint import epochs_saved
from gan_repro.trials.presets import SEEDS, Preset, presets_with
from gan_repro.trials.rows import names
from gan_repro.trials.runner import checkpoint_path
from gan_repro.trials.spec import DataSpec, TrialSpec
from gan_repro.trials.store import RecordStore


@dataclass(frozen=True)
class Planned:
    """A trial to be run, and the preset and row that it is for."""

    spec: TrialSpec
    preset: str | None
    smaller: tuple[str, ...]
    minutes: float
    """Estimated, on one core."""
    row: str | None = None
    """None for a trial of no row."""


def make_plan(
    preset: Preset, sources: Sequence[DataSpec], rows: Sequence[str] | None, n_seeds: int | None = None
) -> list[Planned]:
    """List every trial of the preset, first seeds first.

    Args:
        preset: which rows, how large and from how many seeds, unless told otherwise.
        sources: the data sets.
        rows: these rows instead, each where it has a place.
        n_seeds: the first so many of the fixed seeds instead.

    Raises:
        ValueError: the preset does not run one of the rows on one of the data sets.
    """
    seeds = preset.seeds if n_seeds is None else SEEDS[:n_seeds]
    return [
        _planned(preset, row, images, seed)
        for images in sources
        for seed in seeds
        for row in rows_for(preset, images.name, rows)
    ]


def _planned(preset: Preset, row: str, images: DataSpec, seed: int) -> Planned:
    try:
        cut = preset.cut(row, images.name)
    except ValueError as error:
        others = ", ".join(presets_with(row, images.name))
        raise ValueError(f"{error}; presets that do: {others}" if others else str(error)) from error
    return Planned(preset.spec(row, images, seed), preset.name, cut.smaller, cut.minutes, row)


def rows_for(preset: Preset, dataset: str, rows: Sequence[str] | None) -> list[str]:
    """List the rows to run on a data set: of the named ones those with a place there, else the preset's."""
    return preset.rows(dataset) if rows is None else [row for row in rows if row in names(dataset)]


def remaining(planned: Planned, results: Path, *, done: bool, fresh: bool) -> tuple[str, float]:
    """Return the state of a trial in words, and the minutes that what is left of it may take.

    Args:
        planned: the trial.
        results: the folder that has its checkpoint, if it was begun.
        done: whether it is finished.
        fresh: whether it is to be run again, whatever there is.
    """
    if done and not fresh:
        return "done", 0.0
    epochs = None if fresh else epochs_saved(checkpoint_path(results, planned.spec), planned.spec)
    if epochs is None:
        return "to be run", planned.minutes
    left = 1 - epochs / max(1, epochs, planned.spec.config["epochs"])
    return f"goes on after epoch {epochs}", float(f"{planned.minutes * left:.2g}")


def describe_plan(plan: Sequence[Planned], store: RecordStore, *, workers: int, fresh: bool) -> str:
    """Describe the plan as a Markdown table with what is done already, and how long the rest may take."""
    from tabulate import tabulate

    rows, left = [], []
    for planned in plan:
        record = None if fresh else store.read(planned.spec)
        done = record is not None and record.status == "done"
        state, minutes = remaining(planned, store.folder.parent, done=done, fresh=fresh)
        left.append(minutes)
        rows.append([planned.spec.id, state, f"{minutes:g}", "; ".join(planned.smaller) or "none"])
    table = tabulate(rows, ["trial", "state", "minutes", "smaller than the reference"], tablefmt="github")
    span = max(total(left) / workers, max(left, default=0.0))
    return (
        f"{table}\n\n{total(left):.0f} core minutes, about {span:.0f} minutes on {workers} workers"
        " (rough, for cores of a 2.6 GHz server CPU)"
    )
