"""Which trials a command will run: presets times data sets times models times seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro import data
from gan_repro.trials.presets import SEEDS, Preset, preset_spec
from gan_repro.trials.records import RecordStore
from gan_repro.trials.runner import checkpoint_path
from gan_repro.trials.spec import DataSpec, TrialSpec


@dataclass(frozen=True)
class Planned:
    """A trial to be run, and the preset that asked for it."""

    spec: TrialSpec
    preset: str | None
    smaller: tuple[str, ...]
    minutes: float
    """Estimated, on one core."""


def source(dataset: str, root: Path | None = None) -> DataSpec:
    """The data set of that name as it is on this machine, fetched if need be.

    Raises:
        DataUnavailable: it cannot be had.
    """
    return DataSpec(name=dataset, sha256=data.load(dataset, root=root).sha256)


def make_plan(
    preset: Preset, sources: Sequence[DataSpec], models: Sequence[str], n_seeds: int | None = None
) -> list[Planned]:
    """Every trial of the preset, first seeds first; `n_seeds` overrides the preset's number.

    Raises:
        ValueError: the preset says nothing of one of the models.
    """
    seeds = preset.seeds if n_seeds is None else SEEDS[:n_seeds]
    return [
        Planned(preset_spec(preset, model, images, seed), preset.name, cut.smaller, cut.minutes)
        for images in sources
        for seed in seeds
        for model in models
        for cut in [preset.cut(model)]
    ]


def describe_plan(plan: Sequence[Planned], store: RecordStore, *, workers: int, fresh: bool) -> str:
    """The plan as a table with what is done already, and how long the rest may take."""
    from tabulate import tabulate

    rows, left = [], []
    for planned in plan:
        record = None if fresh else store.read(planned.spec)
        if record is not None and record.status == "done":
            state, minutes = "done", 0.0
        else:
            begun = not fresh and checkpoint_path(store.folder.parent, planned.spec).exists()
            state, minutes = "goes on from its checkpoint" if begun else "to be run", planned.minutes
        left.append(minutes)
        rows.append([planned.spec.id, state, f"{minutes:g}", "; ".join(planned.smaller) or "none"])
    table = tabulate(rows, ["trial", "state", "minutes", "smaller than the reference"], tablefmt="github")
    span = max(sum(left) / workers, max(left, default=0.0))
    return (
        f"{table}\n\n{sum(left):.0f} core minutes, about {span:.0f} minutes on {workers} workers"
        " (rough, for cores of a 2.6 GHz server CPU)"
    )
