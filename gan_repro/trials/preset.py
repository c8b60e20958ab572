"""A preset: how much of the references' own sizes and lengths a run spends, row by row.

The defaults in the models are the references' values. A preset only lists what it makes smaller, and every
record says which of these cuts it has.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from gan_repro.data import entry
from gan_repro.trials.cut import Cut as Cut
from gan_repro.trials.rows import find_row, get_row, kind_of, names
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

# Written down before the first recorded trial was run; a preset takes as many as it says, from the left.
SEEDS = (1, 2, 3, 4, 5)


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
