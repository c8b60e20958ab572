"""All that the report says something of, read from a results folder once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gan_repro.experiments.record import ExperimentRecord
from gan_repro.experiments.results import Results
from gan_repro.search.log import SearchLog, log_path, read_log
from gan_repro.tables.collect import Placed
from gan_repro.tables.table import PRINTED_ROWS, Table, recorded_table, table_name
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.controls.base import Control
from gan_repro.verdicts.controls.kept import read_kept
from gan_repro.verdicts.evidence import TABLE_1_DATASETS, Evidence
from gan_repro.verdicts.judge import Verdict, judge


@dataclass(frozen=True)
class Material:
    """The records of a results folder, put where they stand, and what is computed from all of them."""

    results: Results
    searches: Mapping[str, SearchLog]
    """On MNIST, by row."""
    pictures: tuple[str, ...]
    """The names of the figures in the folder."""
    damaged: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    controls: tuple[Control, ...] = ()
    """What the rules answered to cases whose answer is known, as it was kept."""

    @classmethod
    def of(cls, results: Results) -> Material:
        """Read what stands beside the records: the logs of the searches, and which figures there are."""
        searches, damaged = {}, [str(problem) for problem in results.problems]
        for row in PRINTED_ROWS:
            path = log_path(results.folder, row, "mnist")
            if path.exists():
                try:
                    searches[row] = read_log(path)
                except ValueError as error:
                    damaged.append(str(error))
        try:
            controls = read_kept(results.folder)
        except ValueError as error:
            controls = ()
            damaged.append(str(error))
        pictures = sorted(path.name for path in (results.folder / "figures").glob("*.png"))
        return cls(results, searches, tuple(pictures), tuple(damaged), controls)

    @cached_property
    def trials(self) -> tuple[TrialRecord, ...]:
        """The trials that are counted: those of the presets at the references' sizes."""
        return tuple(r for r in self.results.trials if r.provenance.preset in FULL_SIZE)

    @property
    def experiments(self) -> Mapping[str, ExperimentRecord]:
        """By name."""
        return self.results.experiments

    @cached_property
    def placed(self) -> Placed:
        """The counted trials by data set, row and preset."""
        return Placed(self.trials)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that counted trials are recorded on, those of Table 1 first."""
        names = {record.spec.data.name for record in self.trials}
        return tuple(sorted(names, key=lambda name: (name not in TABLE_1_DATASETS, name)))

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The tables of Table 1's data sets, recorded or not, and of every other that has counted trials."""
        names = dict.fromkeys([*TABLE_1_DATASETS, *map(table_name, self.datasets)])
        return {name: recorded_table(self.placed, name, self.experiments) for name in names}

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """By claim."""
        evidence = Evidence(self.trials, self.experiments)
        return {verdict.claim: verdict for verdict in judge(evidence)}
