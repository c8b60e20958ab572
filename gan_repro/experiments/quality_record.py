"""What a record of sample quality holds: sets of samples, and a point a measure for each.

A run adds to the record that is there: a set that it holds already, of the same trial and measured with the
same settings, is taken over as it stands. So checkpoints may come one after another, and go again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gan_repro.experiments.record import (
    ExperimentError,
    ExperimentRecord,
    Finding,
    experiment_path,
    load_experiment,
)
from gan_repro.experiments.recorded import recorded, searched
from gan_repro.measures.quality import Quality
from gan_repro.measures.spaces import Number
from gan_repro.trials.records import TrialRecord

NAME = "sample-quality"
MARGIN = "margin"
"""The finding: a quantile of KID between halves of real images."""
REAL = "kid/real"
"""The finding: KID of validation images against test images."""
OTHER_BITS = "other_bits"
"""The finding: sets that, made again, had other bits than those that were scored. The series: 1 for these."""

BASELINE, AS_PUBLISHED, BEST_BY_SEARCH = "baseline", "as published", "best by search"

_CHOICE = ("rows", "seeds")
"""Settings that say which sets are measured, and not how."""
_NONE = -1.0
"""Stands in a series for an error that is undefined."""


class SampleSet(NamedTuple):
    """Samples of a row, made in one way."""

    way: str
    row: str
    """As Table 1 calls it."""
    trials_of: str
    """The row whose trials they are of: that of the searched settings, where it is another."""


SETS = (
    *(SampleSet(BASELINE, row, row) for row in ("train-set", "kmeans", "gaussian")),
    *(SampleSet(AS_PUBLISHED, row, row) for row in ("gan", "dbn", "cae", "gsn")),
    SampleSet(BEST_BY_SEARCH, "gan", "gan-searched"),
    *(SampleSet(BEST_BY_SEARCH, row, row) for row in ("dbn", "cae", "gsn")),
)
"""In the order of the series."""


def trials_of(wanted: SampleSet, records: Sequence[TrialRecord], dataset: str) -> list[TrialRecord]:
    """List the finished trials whose samples a set is of, by seed: those of the table's column of its way."""
    if wanted.way != BEST_BY_SEARCH:
        return recorded(records, wanted.trials_of, dataset)
    rows = [each.trials_of for each in SETS if each.way == BEST_BY_SEARCH]
    return searched(records, wanted.trials_of, rows, dataset)


class QualityPoint(NamedTuple):
    """A measure of one trial's samples."""

    set: float
    """Number in `SETS`; -1 for validation images in place of samples."""
    seed: float
    """Of training; -1 for real images."""
    value: float
    error: float
    """Over draws of samples, or over held-out ones for the two-sample test; -1: undefined."""


def kid_name(way: str, row: str, seed: int) -> str:
    """Name the finding of a row's KID."""
    return f"kid/{way}/{row}/seed{seed}"


def series_name(measure: str, space: str) -> str:
    """Name the series of a measure."""
    return f"{measure}/{space}"


def earlier_record(
    results: Path, version: int, settings: dict[str, Any]
) -> tuple[ExperimentRecord | None, str]:
    """Read the record that is there, if its sets were measured as these settings say.

    Args:
        results: the folder.
        version: of the experiment.
        settings: as JSON values.

    Returns:
        The record, or None and why there is none to add to; the reason is empty where there is no file.
    """
    path = experiment_path(results, NAME)
    if not path.exists():
        return None, ""
    try:
        record = load_experiment(path)
    except ExperimentError as error:
        return None, f"{error}; it is replaced"
    theirs, ours = ({k: v for k, v in s.items() if k not in _CHOICE} for s in (record.settings, settings))
    if record.version != version or theirs != ours:
        return None, f"{path.name} was measured with other settings; it is replaced"
    return record, ""


@dataclass
class Collection:
    """The findings and series of a record, set by set in the order of `SETS`."""

    space: str
    """Whose KID the findings are."""
    earlier: ExperimentRecord | None
    findings: dict[str, Finding] = field(default_factory=dict)
    series: dict[str, list[list[float]]] = field(default_factory=dict)
    trial_ids: list[str] = field(default_factory=list)
    taken_over: int = 0
    """How many sets."""

    def take_over(self, number: int, trial_id: str, seed: int) -> bool:
        """Take a set over from the earlier record; False where it is not there."""
        name, earlier = kid_name(*SETS[number][:2], seed), self.earlier
        if earlier is None or trial_id not in earlier.trial_ids or name not in earlier.findings:
            return False
        self.findings |= {name: earlier.findings[name], REAL: earlier.findings[REAL]}
        for series in earlier.series:
            for point in earlier.points(series, QualityPoint):
                real = point.set == -1 and series not in self.series
                if real or (point.set, point.seed) == (number, seed):
                    self._points(series).append(list(point))
        self.trial_ids.append(trial_id)
        self.taken_over += 1
        return True

    def add(self, number: int, trial_id: str, seed: int, quality: Quality, *, same: bool) -> None:
        """Add a set that was measured; `same` is False where it has other bits than when it was scored."""
        wanted = SETS[number]
        what = f"KID against test images, as {self.space}, of {wanted.row} {wanted.way}, seed {seed}"
        self.findings[kid_name(wanted.way, wanted.row, seed)] = _finding(
            quality.value("kid", self.space), what
        )
        for measure in quality.measures:
            points = self._points(series_name(measure.name, measure.space))
            if not points:
                points.append(list(QualityPoint(-1, -1, *_pair(measure.real))))
            if (measure.name, measure.space) == ("kid", self.space):
                what = f"the same of {quality.n_real:,} validation images, real against real"
                self.findings.setdefault(REAL, _finding(measure.real, what))
            points.append(list(QualityPoint(number, seed, *_pair(measure.samples))))
        if not same:
            self._points(OTHER_BITS).append(list(QualityPoint(number, seed, 1, _NONE)))
        self.trial_ids.append(trial_id)

    def other_bits(self) -> Finding:
        """Count the sets with other bits than were scored."""
        return Finding(
            value=len(self.series.get(OTHER_BITS, ())),
            unit="sets",
            what=f"sets of samples, of {len(self.trial_ids)}, with other bits, made again, than were scored",
        )

    def _points(self, series: str) -> list[list[float]]:
        return self.series.setdefault(series, [])


def _finding(number: Number, what: str) -> Finding:
    return Finding(
        value=number.value, standard_error=number.standard_error, over=number.over, n=number.n,
        unit="KID", what=what,
    )  # fmt: skip


def _pair(number: Number) -> tuple[float, float]:
    return number.value, number.standard_error or _NONE
