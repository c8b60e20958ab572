"""Presets: how much of the references' own sizes and lengths a run spends, and the trials that it plans.

The defaults in the models are the references' values. A preset only lists what it makes smaller, row by row,
and every record says which of these cuts it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ConfigDict

from gan_repro.data import entry
from gan_repro.trials.cut import SEEDS as SEEDS
from gan_repro.trials.cut import Cut, PresetName
from gan_repro.trials.preset_file import Cuts, read_cuts, read_own_cuts
from gan_repro.trials.rows import every_row, find_row, get_row, kind_of, names
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

if TYPE_CHECKING:
    from gan_repro.models.precision import Precision

NAMES: tuple[str, ...] = get_args(PresetName)
COMPLETEST_FIRST = NAMES[::-1]
FULL_SIZE = ("paper", "standard")
"""The presets at the references' own sizes, the completest first: what is shown as recorded."""


class Preset(BaseModel):
    """A named budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    n_seeds: int
    cuts: Mapping[str, Cut]
    """By row; ROW/KIND where images of a kind need a cut of their own. Rows may bring theirs (`Row.cuts`)."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that this preset runs, fixed in advance."""
        return SEEDS[: self.n_seeds]

    def has(self, row: str, dataset: str) -> bool:
        """Tell whether the preset runs a row on a data set."""
        found = find_row(row)
        if found is None or not found.has_place(dataset):
            return False
        return found.cuts is not None or bool({row, f"{row}/{kind_of(dataset)}"} & set(self.cuts))

    def rows(self, dataset: str) -> list[str]:
        """List the rows of a data set's table that the preset runs unless told otherwise."""
        return [row for row in names(dataset) if self.has(row, dataset) and not get_row(row).on_request]

    def cut(self, row: str, dataset: str) -> Cut:
        """Return what this preset changes for a row on a data set.

        Raises:
            ValueError: there is no such row, it has no place in that table, or the preset does not run it.
        """
        if not self.has(row, dataset):
            get_row(row).reference_settings(dataset)
            raise ValueError(f"preset {self.name} does not run row {row} on {dataset}")
        found = get_row(row)
        cut = self.cuts.get(f"{row}/{kind_of(dataset)}") or self.cuts.get(row)
        return cut or found.cut(self.name)

    def spec(self, row: str, images: DataSpec, seed: int) -> TrialSpec:
        """Make the spec of the trial that this preset runs for a row, a data set and a seed.

        Raises:
            ValueError: as `cut`.
        """
        cut = self.cut(row, images.name)
        # The authors' script takes the first 1,000 validation images of MNIST and all of a fold's.
        protocol = {"protocol": "authors-folds"} if entry(images.name).folds else {}
        return make_spec(
            get_row(row).model,
            images,
            seed=seed,
            settings=get_row(row).reference_settings(images.name) | cut.settings,
            evaluation=EvaluationSpec(**protocol | cut.evaluation),
        )

    def row_of(self, spec: TrialSpec) -> str | None:
        """Find the row for which this preset, as it is today, would run this very trial; None if for none."""
        if spec.seed not in SEEDS:
            return None
        for row in names(spec.data.name):
            fits = get_row(row).model == spec.model and self.has(row, spec.data.name)
            if fits and self.spec(row, spec.data, spec.seed) == spec:
                return row
        return None


def _preset(name: str, content: Cuts) -> Preset:
    return Preset(name=name, n_seeds=content.n_seeds, cuts=content.cuts)


PRESETS: dict[str, Preset] = {
    name: _preset(name, read_cuts(Path(__file__).parent / "cuts" / f"{name}.toml")) for name in NAMES
}


def get_preset(name: str) -> Preset:
    """Return the preset of that name, or one's own from a file whose name ends in .toml (see `preset_file`).

    Records carry the name of the file, suffix included, so that it is never that of a preset of this package.

    Raises:
        ValueError: there is none, or the file is no preset; one sentence.
    """
    if name.endswith(".toml"):
        return _preset(Path(name).name, read_own_cuts(Path(name)))
    if name not in PRESETS:
        raise ValueError(f"no preset is called {name!r}; known presets: {', '.join(PRESETS)}, or FILE.toml")
    return PRESETS[name]


def in_precision(preset: Preset, precision: Precision) -> Preset:
    """Return the preset with every training's products in a precision, which its name then says.

    Rows whose model knows no precision, such as those that train nothing, stay as they are.
    """
    if precision == "float32":
        return preset
    from gan_repro import models

    def cut_in(key: str, cut: Cut) -> Cut:
        config = models.model_class(get_row(key.partition("/")[0]).model).Config
        if "precision" not in config.model_fields:
            return cut
        update = {
            "settings": cut.settings | {"precision": precision},
            "smaller": (*cut.smaller, f"trained with products in {precision}"),
        }
        return cut.model_copy(update=update)

    cuts = {name: row.cut(preset.name) for name, row in every_row().items() if row.cuts is not None}
    cuts = {key: cut_in(key, cut) for key, cut in (cuts | dict(preset.cuts)).items()}
    return preset.model_copy(update={"name": f"{preset.name}-{precision}", "cuts": cuts})


def presets_with(row: str, dataset: str) -> list[str]:
    """List the presets that run a row on a data set."""
    return [name for name, preset in PRESETS.items() if preset.has(row, dataset)]


def row_under(preset: str | None, spec: TrialSpec) -> str | None:
    """Return the row of a trial that was recorded under a preset.

    The name of its model where the preset is a user's own; None where the preset no longer runs the trial.
    """
    return PRESETS[preset].row_of(spec) if preset in PRESETS else spec.model


def stands_under(asked: str | None) -> tuple[str | None, ...]:
    """List the presets in whose columns a trial is shown that was recorded under one, the completest first.

    Those of full size share their trials: where `standard` cuts nothing, `paper` would run the very same one.
    """
    return FULL_SIZE if asked in FULL_SIZE else (asked,)


def completest(asked: str | None, spec: TrialSpec) -> str | None:
    """Return the completest preset that would run the trial today, or else the one that asked for it."""
    fitting = (name for name in stands_under(asked) if name in PRESETS and PRESETS[name].row_of(spec))
    return next(fitting, asked)


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
    """List the rows to run on a data set: of the named ones, each once, those with a place there.

    The preset's where none is named.
    """
    named = preset.rows(dataset) if rows is None else dict.fromkeys(rows)
    return [row for row in named if row in names(dataset)]
