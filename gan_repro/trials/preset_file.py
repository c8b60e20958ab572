"""Presets as TOML files: those of this package (`cuts/`), and a user's own.

seeds = 1                       # the first so many of the fixed seeds, 1 to 5

[[cuts]]
rows = ["gan", "gan-searched"]  # rows of the tables
images = "digits"               # digits, faces or colour; left out: every kind that has no cut of its own
minutes = 2                     # rough length on one core, for the plan
smaller = ["5 epochs"]          # for the record; left out: the settings themselves
[cuts.settings]                 # of the model, where they differ from the reference's
epochs = 5
[cuts.evaluation]               # of the scoring: n_samples, track_every, looks, scored, patience
n_samples = 2000
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gan_repro.trials.cut import SEEDS, Cut
from gan_repro.trials.rows import Kind, Row, get_row
from gan_repro.trials.spec import EvaluationSpec
from gan_repro.util.files import read_regular
from gan_repro.util.text import one_line, suggestion

_MAX_BYTES = 2**20


class _Entry(Cut):
    """A cut, and the rows that it is for."""

    rows: tuple[str, ...] = Field(min_length=1)
    images: Kind | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: int = Field(ge=1, le=len(SEEDS), strict=True)
    cuts: tuple[_Entry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Cuts:
    """What a file says."""

    n_seeds: int
    cuts: Mapping[str, Cut]
    """By row; ROW/KIND where images of a kind need a cut of their own."""


def read_cuts(path: Path) -> Cuts:
    """Read a preset; what models and scoring take as settings is not checked.

    Raises:
        ValueError: the file cannot be read or is no preset, with the reason in one sentence.
    """
    try:
        content = _File.model_validate(tomllib.loads(read_regular(path, _MAX_BYTES).decode()))
        return Cuts(content.seeds, _by_row(content.cuts))
    except OSError as error:
        raise ValueError(f"preset {path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        known = (*_File.model_fields, *_Entry.model_fields)
        raise ValueError(f"preset {path}: {_fault(error, known)}") from error
    except ValueError as error:  # no TOML, no UTF-8, an unknown row
        raise ValueError(f"preset {path}: {one_line(error)}") from error


def read_own_cuts(path: Path) -> Cuts:
    """Read a user's own preset and check its settings.

    Raises:
        ValueError: as `read_cuts`, or a model or the scoring refuses a setting.
    """
    content = read_cuts(path)
    for key, cut in content.cuts.items():
        name, _, kind = key.partition("/")
        row = get_row(name)
        for images in row.settings if not kind else (kind,):
            try:
                _check_settings(row, images, cut)
            except ValueError as error:
                raise ValueError(f"preset {path}: row {name} on {images}: {error}") from error
    return replace(content, cuts={key: _worded(cut) for key, cut in content.cuts.items()})


def _by_row(entries: Iterable[_Entry]) -> dict[str, Cut]:
    cuts: dict[str, Cut] = {}
    for entry in entries:
        cut = Cut.model_validate(entry.model_dump(exclude={"rows", "images"}))
        for name in entry.rows:
            row = get_row(name)
            if entry.images is not None and entry.images not in row.settings:
                raise ValueError(f"row {name} has no place in tables of {entry.images}")
            key = name if entry.images is None else f"{name}/{entry.images}"
            if key in cuts:
                raise ValueError(f"row {name} has two cuts for {entry.images or 'all images'}")
            cuts[key] = cut
    return cuts


def _check_settings(row: Row, kind: Any, cut: Cut) -> None:
    """Refuse settings that the row's model or the scoring does not take."""
    from gan_repro import models

    config = models.model_class(row.model).Config
    for form, values in (
        (config, row.settings_for(kind) | cut.settings),
        (EvaluationSpec, cut.evaluation),
    ):
        try:
            form.model_validate(values)
        except ValidationError as error:
            raise ValueError(_fault(error, form.model_fields)) from error
    if cut.evaluation.get("patience") is not None and cut.evaluation.get("track_every") == 0:
        raise ValueError("patience needs track_every of at least 1")


def _fault(error: ValidationError, known: Iterable[str]) -> str:
    """Name one thing that is wrong, with its place; an unknown name before all else, with one like it."""
    faults = error.errors(include_url=False)
    # What is called by a wrong name is also missing under its right one.
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    place = ".".join(str(step) for step in first["loc"]) or "the file"
    if first["type"] != "extra_forbidden":
        return one_line(f"{place}: {first['msg']}")
    names = list(known)
    hint = suggestion(str(first["loc"][-1]), names, f"there are: {', '.join(names)}", most=1)
    return one_line(f"{place} is unknown; {hint}")


def _worded(cut: Cut) -> Cut:
    """Say the changed settings in words for the record, where the file does not."""
    changed = cut.settings | cut.evaluation
    if cut.smaller or not changed:
        return cut
    words = tuple(f"{name} = {json.dumps(value, default=str)}" for name, value in changed.items())
    return cut.model_copy(update={"smaller": words})
