"""What an experiment found: one JSON file, results/experiments/NAME.json, of named numbers with their errors.

Verdicts, tables and figures are functions of these records, so that a claim changes its verdict by itself
when a record appears. The names of findings and series are constants of the experiment's module.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gan_repro.trials.records import Origin
from gan_repro.util.files import atomic_write, read_regular

_MAX_BYTES = 16 * 2**20

Point = TypeVar("Point")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Finding(_Part):
    """One number that an experiment found."""

    value: float
    standard_error: float | None = Field(None, ge=0)
    """In the unit of `value`; None where it is undefined (one observation), never 0 for that."""
    interval: tuple[float, float] | None = None
    """95 per cent interval, low and high; None where there is none to be had."""
    unit: str
    """nats, probability, ratio, share, pixels, ..."""
    over: str | None = None
    """Across what `standard_error` and `interval` are: training seeds, test examples, Parzen samples, ..."""
    n: int | None = Field(None, ge=1)
    """How many of them."""
    what: str
    """What the number is, in one sentence that can stand in a table."""

    @model_validator(mode="after")
    def _errors_are_over_something(self) -> Finding:
        if (self.standard_error is not None or self.interval is not None) and self.over is None:
            raise ValueError("an error or interval must say what it is over")
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError("an interval is low, then high")
        if self.n == 1 and (self.standard_error is not None or self.interval is not None):
            raise ValueError("one observation has no error and no interval")
        return self


class ExperimentProvenance(Origin):
    """Where, when and with what code an experiment ran."""

    started: str
    """When the making of its first part did."""
    finished: str
    earlier: tuple[Origin, ...] = ()
    """Of parts that earlier runs kept, so far as they differ from this one's."""


class ExperimentRecord(_Part):
    """An experiment's settings and its findings."""

    schema_version: int = 1
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$")
    """Also the file's name."""
    version: int = 1
    """Raised whenever the same settings and seeds would give other numbers than before."""
    settings: dict[str, Any]
    """Everything the findings depend on, as JSON values."""
    seeds: tuple[int, ...] = ()
    trial_ids: tuple[str, ...] = ()
    """Trials whose records or models it used; none where it trains its own small nets."""
    provenance: ExperimentProvenance
    findings: dict[str, Finding]
    """By name, in the order in which a table shows them."""
    series: dict[str, list[list[float]]] = Field(default_factory=dict)
    """Curves for figures, by name: a row of numbers a point, in the order of the experiment's point type."""

    def points(self, series: str, kind: Callable[..., Point]) -> list[Point]:
        """Give the rows of a series as what the experiment says they are, a named tuple."""
        return [kind(*row) for row in self.series[series]]


class ExperimentError(ValueError):
    """An experiment's file is not what it should be."""


def experiment_path(results: Path, name: str) -> Path:
    """Where the record of an experiment stands."""
    return results / "experiments" / f"{name}.json"


def experiment_paths(results: Path) -> list[Path]:
    """The files of a results folder that should be experiments' records, by name."""
    return sorted((results / "experiments").glob("*.json"))


def write_experiment(results: Path, record: ExperimentRecord) -> Path:
    """Write or replace an experiment's record in one step; its path."""
    path = experiment_path(results, record.name)
    text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    atomic_write(path, text + "\n")
    return path


def load_experiment(path: Path) -> ExperimentRecord:
    """Read one record and check that its file has its name.

    Raises:
        ExperimentError: with one sentence that names the file and what is wrong with it.
    """
    try:
        record = ExperimentRecord.model_validate_json(read_regular(path, _MAX_BYTES))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise ExperimentError(
            f"{path.name} is not an experiment's record: {place}: {first['msg']}"
        ) from error
    except OSError as error:
        raise ExperimentError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if record.name != path.stem:
        raise ExperimentError(f"{path.name} holds the experiment {record.name}")
    return record
