"""The presets by name, and the preset and row for which a recorded trial counts."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from gan_repro.trials.cut import PresetName
from gan_repro.trials.preset import SEEDS as SEEDS
from gan_repro.trials.preset import Cut as Cut
from gan_repro.trials.preset import Preset as Preset
from gan_repro.trials.preset_file import read_own_preset, read_preset
from gan_repro.trials.spec import TrialSpec

NAMES: tuple[str, ...] = get_args(PresetName)
COMPLETEST_FIRST = NAMES[::-1]
FULL_SIZE = ("paper", "standard")
"""The presets at the references' own sizes, the completest first: what is shown as recorded."""

PRESETS: dict[str, Preset] = {
    name: read_preset(Path(__file__).parent / "cuts" / f"{name}.toml", name) for name in NAMES
}


def get_preset(name: str) -> Preset:
    """Return the preset of that name, or one's own from a file whose name ends in .toml (see `preset_file`).

    Raises:
        ValueError: there is none, or the file is no preset; one sentence.
    """
    if name.endswith(".toml"):
        return read_own_preset(Path(name))
    if name not in PRESETS:
        raise ValueError(f"no preset is called {name!r}; known presets: {', '.join(PRESETS)}, or FILE.toml")
    return PRESETS[name]


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
