"""Which trials a command will run: presets times data sets times models times seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_repro.trials.monitor import epochs_saved
from gan_repro.trials.presets import SEEDS, Preset, preset_spec
from gan_repro.trials.rows import names
from gan_repro.trials.runner import checkpoint_path
from gan_repro.trials.spec import DataSpec, TrialSpec
from gan_repro.trials.store import RecordStore


@dataclass(frozen=True)
class Planned:
    """A trial to be run, and the preset that asked for it."""

    spec: TrialSpec
    preset: str | None
    smaller: tuple[str, ...]
    minutes: float
    """Estimated, on one core."""
    row: str | None = None
    """The row of the table that it is for."""


def make_plan(
    preset: Preset, sources: Sequence[DataSpec], rows: Sequence[str] | None, n_seeds: int | None = None
) -> list[Planned]:
    """Every trial of the preset, first seeds first.

    `rows` and `n_seeds` override the preset's own; a named row is run where it has a place.

    Raises:
        ValueError: the preset says nothing of one of the models on one of the data sets.
    """
    seeds = preset.seeds if n_seeds is None else SEEDS[:n_seeds]
    return [
        Planned(preset_spec(preset, row, images, seed), preset.name, cut.smaller, cut.minutes, row)
        for images in sources
        for seed in seeds
        for row in rows_for(preset, images.name, rows)
        for cut in [preset.cut(row, images.name)]
    ]


def rows_for(preset: Preset, dataset: str, rows: Sequence[str] | None) -> list[str]:
    """The named rows that have a place in a data set's table, or else the preset's own."""
    return preset.rows(dataset) if rows is None else [row for row in rows if row in names(dataset)]


def _remains(planned: Planned, epochs: int | None) -> tuple[str, float]:
    """The state of a trial that is not finished, and the minutes that its remaining epochs may take."""
    if epochs is None:
        return "to be run", planned.minutes
    left = 1 - epochs / max(1, epochs, planned.spec.config["epochs"])
    return f"goes on after epoch {epochs}", float(f"{planned.minutes * left:.2g}")


def describe_plan(plan: Sequence[Planned], store: RecordStore, *, workers: int, fresh: bool) -> str:
    """The plan as a table with what is done already, and how long the rest may take."""
    from tabulate import tabulate

    rows, left = [], []
    for planned in plan:
        record = None if fresh else store.read(planned.spec)
        if record is not None and record.status == "done":
            state, minutes = "done", 0.0
        else:
            path = checkpoint_path(store.folder.parent, planned.spec)
            state, minutes = _remains(planned, None if fresh else epochs_saved(path, planned.spec))
        left.append(minutes)
        rows.append([planned.spec.id, state, f"{minutes:g}", "; ".join(planned.smaller) or "none"])
    table = tabulate(rows, ["trial", "state", "minutes", "smaller than the reference"], tablefmt="github")
    span = max(sum(left) / workers, max(left, default=0.0))
    return (
        f"{table}\n\n{sum(left):.0f} core minutes, about {span:.0f} minutes on {workers} workers"
        " (rough, for cores of a 2.6 GHz server CPU)"
    )
