"""What verdicts are computed from: the trials of each row, chosen by their specs, and the experiments.

Reading changes nothing on disk: damaged files are left out with a warning, and `gan_repro.audit` reports
them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from gan_repro import paper
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.experiments.results import load_results
from gan_repro.stats.intervals import mean_interval
from gan_repro.stats.sums import mean, total
from gan_repro.trials import rows
from gan_repro.trials.presets import FULL_SIZE, PRESETS
from gan_repro.trials.records import Provenance, TrialRecord
from gan_repro.verdicts.collapse import collapsed, floors

TABLE_1_DATASETS = ("mnist", "tfd")
COMMITTED: Mapping[str | None, datetime] = {
    "a53569323ef66d42a58db8d12e46fedf86d88be5": datetime(2026, 11, 27, 13, 20, 27, tzinfo=UTC),
}
"""When commits were made under which trainings began that others went on with: before it none of them can
have begun, and their records tell only the latest time at which they can."""
UNAVAILABLE = {"tfd": "; it is given out on request only"}
"""Why there may be no trials on a data set."""


@dataclass(frozen=True)
class Trials:
    """The trials of one row on one data set under one preset, one a seed."""

    row: str
    records: tuple[TrialRecord, ...] = ()
    """Finished, of nets that have not collapsed."""
    cut: tuple[str, ...] = ()
    """What was smaller or shorter than the reference; empty for trials at its size and length."""
    collapsed: tuple[TrialRecord, ...] = ()
    """Finished, of nets that have."""
    unfinished: tuple[TrialRecord, ...] = ()
    """Diverged, interrupted or failed: their seeds are not dropped, but have no score."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all that were judged, by seed."""
        judged = [*self.records, *self.collapsed, *self.unfinished]
        return tuple(r.spec.id for r in sorted(judged, key=lambda r: (r.spec.seed, r.spec.id)))

    @property
    def scores(self) -> dict[int, float]:
        """By seed, the mean test log-likelihood in nats, under the trial's own protocol."""
        return {record.spec.seed: record.score.log_likelihood.value for record in self.records}

    def left_out(self) -> str:
        """Name the seeds that no mean includes; empty where there are none."""
        said = [f"seed {r.spec.seed} collapsed ({r.score.log_likelihood.value:.1f})" for r in self.collapsed]
        said += [f"seed {r.spec.seed} is {r.status}" for r in self.unfinished]
        return f" (not in the mean: {', '.join(said)})" if said else ""

    def reached(self) -> str:
        """Say what they score."""
        return reached(self.scores, self.left_out())

    def shortfall(self, dataset: str) -> str:
        """Say why they decide nothing: there are none, or they were cut short."""
        label = rows.label(self.row)
        if not self.ids:
            return (
                f"{label}: no full-size trial on {dataset.upper()} is recorded{UNAVAILABLE.get(dataset, '')}"
            )
        return cut_short(label, self.reached(), self.cut)

    @property
    def full(self) -> bool:
        """Whether there are trials, and they are as large and as long as the reference."""
        return bool(self.records or self.collapsed) and not self.cut


@dataclass(frozen=True)
class Evidence:
    """Trials under the full-size presets, and experiments. Smaller runs beside them change no verdict."""

    records: Sequence[TrialRecord] = ()
    experiments: Mapping[str, ExperimentRecord] = field(default_factory=dict)

    @classmethod
    def load(cls, results: Path) -> Evidence:
        """Read a results folder; what cannot be read is named on stderr."""
        found = load_results(results)
        for problem in found.problems:
            print(f"warning: {problem}; left out", file=sys.stderr)
        return cls(
            tuple(r for r in found.trials if r.provenance.preset in FULL_SIZE), dict(found.experiments)
        )

    def trials(self, dataset: str, row: str) -> Trials:
        """Give a row's trials under the completest full-size preset that has a finished one; perhaps none."""
        for name in FULL_SIZE:
            found = self.under(dataset, row, name)
            if found.records or found.collapsed:
                return found
        return Trials(row)

    def under(self, dataset: str, row: str, preset: str) -> Trials:
        """Give the trials of a row under one preset."""
        records = self.of_preset(dataset, row, preset)
        floor = floors(self.records).get(dataset)
        done = [r for r in records if r.status == "done"]
        seeds = {r.spec.seed for r in done}
        return Trials(
            row,
            tuple(r for r in done if not collapsed(r, floor)),
            PRESETS[preset].cut(row, dataset).smaller if records else (),
            tuple(r for r in done if collapsed(r, floor)),
            tuple(r for r in records if r.spec.seed not in seeds),
        )

    def of_preset(self, dataset: str, row: str, preset: str) -> list[TrialRecord]:
        """Give the records, finished or not, of what the preset runs for a row today, by seed."""
        found = [
            record
            for record in self.records
            if record.spec.data.name == dataset and self._rows[preset][record.spec.id] == row
        ]
        return sorted(found, key=lambda record: (record.spec.seed, record.spec.id))

    def rows_by_trial(self) -> dict[str, str]:
        """Give the row of each full-size trial, by its id."""
        found: dict[str, str] = {}
        for record in self.records:
            for name in FULL_SIZE:
                if (row := self._rows[name][record.spec.id]) is not None:
                    found.setdefault(record.spec.id, row)
        return found

    @cached_property
    def _rows(self) -> dict[str, dict[str, str | None]]:
        """By preset and id, the row of each trial: to find one takes the specs of all rows."""
        ids = {record.spec.id: record.spec for record in self.records}
        return {name: {id: PRESETS[name].row_of(spec) for id, spec in ids.items()} for name in FULL_SIZE}

    def cut(self, dataset: str, row: str, ids: Sequence[str]) -> tuple[str, ...]:
        """Say what was smaller or shorter of trials of a row; empty where all are as the reference's."""
        said: list[str] = []
        for record in self.records:
            if record.spec.id in ids:
                # A trial that several presets run is what the completest of them says.
                name = next((n for n in FULL_SIZE if self._rows[n][record.spec.id] == row), None)
                said += PRESETS[name].cut(row, dataset).smaller if name else ()
        return tuple(dict.fromkeys(said))

    def begun(self, trials: Sequence[str], experiments: Sequence[str]) -> list[datetime]:
        """Give the times at which trials and experiments began, so far as they are recorded.

        The record of a trial that was resumed says it, or else how long all attempts took, and so the latest
        time at which the first of them can have begun. Where the time of the commit that it began under is
        known (`COMMITTED`), such a trial counts from there, the earliest.
        """
        wanted = set(trials)
        found = [_begun(record.provenance) for record in self.records if record.spec.id in wanted]
        for name in experiments:
            if name in self.experiments:
                found.append(datetime.fromisoformat(self.experiments[name].provenance.started))
        return found


def _begun(provenance: Provenance) -> datetime:
    if provenance.begun:
        return datetime.fromisoformat(provenance.begun)
    started, finished = map(datetime.fromisoformat, (provenance.started, provenance.finished))
    if not provenance.resumed:
        return started
    took = timedelta(seconds=total(provenance.seconds.values()))
    return COMMITTED.get(provenance.origins[0].commit, min(started, finished - took))


def reached(scores: Mapping[int, float], left_out: str = "") -> str:
    """Say what scores come to, nats by seed, and which seeds are left out."""
    values = list(scores.values())
    if not values:
        return f"no net with a score{left_out}"
    if len(values) == 1:
        return f"{values[0]:.1f} nats from one seed{left_out}"
    seeds = f"the mean of {len(values)} seeds"
    return f"{mean(values):.1f} nats on {seeds}, 95 % interval {mean_interval(values)}{left_out}"


def cut_short(label: str, reached: str, cut: Sequence[str]) -> str:
    """Say that what a row reached decides nothing, since its trials are not the reference's."""
    return f"{label}: {reached}, but cut short ({'; '.join(cut)})"


def printed(row: str, dataset: str) -> float:
    """Give the number of Table 1, nats.

    Raises:
        ValueError: it prints none.
    """
    estimate = paper.printed(row, dataset)
    if estimate is None:
        raise ValueError(f"Table 1 prints no number for {row} on {dataset}")
    return estimate.value
