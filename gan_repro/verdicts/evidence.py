"""What verdicts are computed from: the trials of each cell, chosen by their specs, and the experiments.

Reading for the audit changes nothing on disk: damaged files are reported by `gan_repro.audit.integrity`,
and left out here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gan_repro.experiments.record import ExperimentRecord
from gan_repro.results import load_results
from gan_repro.stats.intervals import mean_interval
from gan_repro.trials import rows
from gan_repro.trials.presets import FULL_SIZE, PRESETS, row_of
from gan_repro.trials.records import TrialRecord

TABLE_1_DATASETS = ("mnist", "tfd")
UNAVAILABLE = {"tfd": "; it is given out on request only"}
"""Why there may be no trials on a data set."""


@dataclass(frozen=True)
class Trials:
    """The finished trials of one model on one data set under one preset, one a seed."""

    model: str
    records: tuple[TrialRecord, ...] = ()
    cut: tuple[str, ...] = ()
    """What was smaller or shorter than the reference; empty for trials at its size and length."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the trials, by seed."""
        return tuple(record.spec.id for record in self.records)

    @property
    def scores(self) -> dict[int, float]:
        """By seed, the mean test log-likelihood in nats under the trial's own protocol."""
        return {record.spec.seed: record.score.log_likelihood.value for record in self.records}

    def reached(self) -> str:
        """What they score, in words."""
        scores = list(self.scores.values())
        mean = sum(scores) / len(scores)
        if len(scores) == 1:
            return f"{mean:.1f} nats from one seed"
        return f"{mean:.1f} nats on the mean of {len(scores)} seeds, 95 % interval {mean_interval(scores)}"

    def shortfall(self, dataset: str) -> str:
        """Why they decide nothing: there are none, or they were cut short."""
        label = rows.label(self.model)
        if not self.records:
            return (
                f"{label}: no full-size trial on {dataset.upper()} is recorded{UNAVAILABLE.get(dataset, '')}"
            )
        return f"{label}: {self.reached()}, but cut short ({'; '.join(self.cut)})"

    @property
    def full(self) -> bool:
        """Whether there are trials, and they are as large and as long as the reference."""
        return bool(self.records) and not self.cut


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

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that trials are recorded on, those of Table 1 first."""
        names = {record.spec.data.name for record in self.records}
        return tuple(sorted(names, key=lambda name: (name not in TABLE_1_DATASETS, name)))

    def trials(self, dataset: str, model: str) -> Trials:
        """The finished trials of the completest full-size preset that has any; perhaps none."""
        for name in FULL_SIZE:
            records = [r for r in self.of_preset(dataset, model, name) if r.status == "done"]
            if records:
                return Trials(model, tuple(records), PRESETS[name].cut(model, dataset).smaller)
        return Trials(model)

    def of_preset(self, dataset: str, model: str, preset: str) -> list[TrialRecord]:
        """The records, finished or not, of what the preset runs today, by seed."""
        found = [
            record
            for record in self.records
            if record.spec.data.name == dataset and row_of(record.spec, PRESETS[preset]) == model
        ]
        return sorted(found, key=lambda record: (record.spec.seed, record.spec.id))
