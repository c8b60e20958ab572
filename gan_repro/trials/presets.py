"""How much of the references' own sizes and lengths a run spends. A preset only lists what it makes smaller.

The defaults in the models are the references' values; everything below is a cut, and every record says which.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from gan_repro.data import entry
from gan_repro.trials.cuts import PAPER, QUICK, SMOKE, STANDARD, Cut
from gan_repro.trials.rows import ROWS, kind_of, names, reference_settings
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

# Written down before the first recorded trial was run; a preset takes as many as it says, from the left.
SEEDS = (1, 2, 3, 4, 5)


class Preset(BaseModel):
    """A named budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    n_seeds: int
    cuts: Mapping[str, Cut]
    """By row; ROW/KIND where images of a kind need a cut of their own."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that this preset runs, fixed in advance."""
        return SEEDS[: self.n_seeds]

    def has(self, row: str, dataset: str) -> bool:
        """Whether the preset says what to do for a row on a data set."""
        return row in names(dataset) and bool({row, f"{row}/{kind_of(dataset)}"} & set(self.cuts))

    def rows(self, dataset: str) -> list[str]:
        """The rows of a data set's table that the preset fills unless told otherwise."""
        return [row for row in names(dataset) if self.has(row, dataset) and not ROWS[row].on_request]

    def cut(self, row: str, dataset: str) -> Cut:
        """What this preset changes for a row on a data set.

        Raises:
            ValueError: it says nothing of that row, or the row has no place in that table.
        """
        if not self.has(row, dataset):
            reference_settings(row, dataset)
            others = [preset.name for preset in PRESETS.values() if preset.has(row, dataset)]
            raise ValueError(
                f"preset {self.name} does not run row {row} on {dataset}; presets that do:"
                f" {', '.join(others) or 'none; add one to trials/cuts.py'}"
            )
        return self.cuts.get(f"{row}/{kind_of(dataset)}") or self.cuts[row]


PRESETS: dict[str, Preset] = {
    "smoke": Preset(
        name="smoke",
        description="seconds; shows that everything runs, says nothing about the models",
        n_seeds=1,
        cuts=SMOKE,
    ),
    "quick": Preset(
        name="quick",
        description="every model within 10 minutes on 2 cores",
        n_seeds=1,
        cuts=QUICK,
    ),
    "standard": Preset(
        name="standard",
        description="the references' sizes, at most 45 minutes of training a trial on 2 cores",
        n_seeds=3,
        cuts=STANDARD,
    ),
    "paper": Preset(
        name="paper",
        description="the references' sizes and lengths",
        n_seeds=5,
        cuts=PAPER,
    ),
}


COMPLETEST_FIRST = ("paper", "standard", "quick", "smoke")
FULL_SIZE = ("paper", "standard")
"""The presets at the references' own sizes, the completest first: what is shown as recorded."""


def get_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise ValueError(f"no preset is called {name!r}; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_spec(preset: Preset, row: str, images: DataSpec, seed: int) -> TrialSpec:
    """The trial that a preset runs for a row, a data set and a seed.

    Raises:
        ValueError: the preset says nothing of that row on that data set.
    """
    cut = preset.cut(row, images.name)
    # The authors' script takes the first 1,000 validation images of MNIST and all of a fold's.
    protocol = {"protocol": "authors-folds"} if entry(images.name).folds else {}
    return make_spec(
        ROWS[row].model,
        images,
        seed=seed,
        settings=reference_settings(row, images.name) | cut.settings,
        evaluation=EvaluationSpec(**protocol | cut.evaluation),
    )


def row_of(spec: TrialSpec, preset: Preset) -> str | None:
    """The row in which the preset, as it is today, would run this very trial; None if it would not."""
    if spec.seed not in SEEDS:
        return None
    for row in names(spec.data.name):
        fits = ROWS[row].model == spec.model and preset.has(row, spec.data.name)
        if fits and preset_spec(preset, row, spec.data, spec.seed) == spec:
            return row
    return None


def row_under(preset: str | None, spec: TrialSpec) -> str | None:
    """The row under which a trial stands that the preset of that name asked for.

    That of its model where no preset did; None where the preset would not run it today.
    """
    return row_of(spec, PRESETS[preset]) if preset in PRESETS else spec.model


def stands_under(asked: str | None) -> tuple[str | None, ...]:
    """The presets, the completest first, for which a trial counts that the one of that name asked for.

    Full-size ones share theirs: where `standard` cuts nothing, `paper` would run the very same trial.
    """
    return FULL_SIZE if asked in FULL_SIZE else (asked,)


def completest(asked: str | None, spec: TrialSpec) -> str | None:
    """The completest preset that would run the trial today, or else the one that asked for it."""
    fitting = (name for name in stands_under(asked) if name in PRESETS and row_of(spec, PRESETS[name]))
    return next(fitting, asked)
