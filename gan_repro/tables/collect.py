"""From records to tables: which trials make a cell, seed by seed, and which cells make a column.

A data set's recorded table has the columns paper | as published | best by search, then one for each preset
with what these do not show. A user's table has paper | recorded | this run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gan_repro import data, paper
from gan_repro.experiments import chains, collapse_rates
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.sums import mean
from gan_repro.tables.cell import Cell, SeedResult
from gan_repro.tables.collapse import has_collapsed, with_short_trainings
from gan_repro.tables.likelihood import likelihoods
from gan_repro.tables.measures import measured
from gan_repro.tables.published import as_planned, from_chains
from gan_repro.tables.sampling import sampling_cost
from gan_repro.tables.table import BEST_BY_SEARCH, PRINTED_ROWS, Column, Kind, Table, table_name
from gan_repro.tables.unfinished import missing_folds, problems, progress
from gan_repro.tables.words import in_todays_words
from gan_repro.trials import rows
from gan_repro.trials.presets import COMPLETEST_FIRST, FULL_SIZE, PRESETS, stands_under
from gan_repro.trials.records import Score, TrialRecord
from gan_repro.verdicts.collapse import Floor, floors
from gan_repro.verdicts.published import WITH_CHAINS
from gan_repro.verdicts.rules import rules


class Placed:
    """The records of a results folder, each put once where it stands: data set, row and preset."""

    def __init__(self, records: Iterable[TrialRecord]) -> None:
        self.records = tuple(records)
        self.floors = floors(self.records)
        """By data set, what older records' collapse is derived from (`tables.collapse`)."""
        self._groups: dict[tuple[str, str, str], list[TrialRecord]] = {}
        for record in self.records:
            for preset in stands_under(record.provenance.preset):
                row = PRESETS[preset].row_of(record.spec) if preset in PRESETS else None
                if row is not None and preset is not None:
                    self._groups.setdefault((record.spec.data.name, row, preset), []).append(record)
        for group in self._groups.values():
            group.sort(key=lambda record: (record.spec.seed, record.spec.data.fold or 0, record.spec.id))

    def of(self, dataset: str, row: str, preset: str) -> tuple[TrialRecord, ...]:
        """The records of a row under a preset, finished or not, by seed and fold."""
        return tuple(self._groups.get((dataset, row, preset), ()))

    def presets(self, dataset: str) -> tuple[str, ...]:
        """The presets that asked for a trial on the data set, the completest first."""
        asked = {r.provenance.preset for r in self.records if r.spec.data.name == dataset}
        return tuple(preset for preset in COMPLETEST_FIRST if preset in asked)

    def has_score(self, dataset: str, row: str, preset: str) -> bool:
        """Whether any trial of the row under the preset is done."""
        return any(record.status == "done" for record in self.of(dataset, row, preset))

    def cell(self, dataset: str, row: str, preset: str) -> Cell | None:
        """The cell of a row under a preset; None without a record."""
        records = self.of(dataset, row, preset)
        floor = self.floors.get(dataset)
        return cell_from(records, row=row, preset=preset, floor=floor) if records else None

    def completest_cell(self, dataset: str, row: str, presets: Sequence[str] = FULL_SIZE) -> Cell | None:
        """The cell of a row under the first of the presets that has a score, or else that has any record."""
        ordered = sorted(presets, key=lambda preset: not self.has_score(dataset, row, preset))
        cells = (self.cell(dataset, row, preset) for preset in ordered)
        return next((cell for cell in cells if cell is not None), None)


def cell_from(
    records: Sequence[TrialRecord], *, row: str = "", preset: str | None = None, floor: Floor | None = None
) -> Cell:
    """Make a cell of a row's trials under one preset: a record a seed, or one a seed and fold.

    Args:
        records: any order.
        row: the row's name.
        preset: the preset under which they stand; by default the one that asked for the first of them.
        floor: what older records' collapse is derived from (`tables.collapse`).
    """
    by_seed: dict[int, list[TrialRecord]] = {}
    for record in sorted(records, key=lambda record: (record.spec.seed, record.spec.data.fold or 0)):
        by_seed.setdefault(record.spec.seed, []).append(record)
    seeds = tuple(_seed_result(group, floor) for group in by_seed.values())
    hindrances = [problem for group in by_seed.values() for problem in problems(group)]
    finished = {seed.seed for seed in seeds if seed.score is not None}
    used = [record for seed in finished for record in by_seed[seed]] or list(records)
    begun = [found for record in records if (found := progress(record)) is not None]
    preset = preset or (used[0].provenance.preset if used else None)
    return Cell(
        row=row or (used[0].spec.model if used else ""),
        preset=preset,
        seeds=seeds,
        planned=PRESETS[preset].n_seeds if preset in PRESETS else len(seeds),
        n_samples=tuple(sorted({record.spec.evaluation.n_samples for record in used})),
        smaller=tuple(in_todays_words(cut) for cut in used[0].provenance.smaller) if used else (),
        devices=tuple(
            sorted({str(o.environment.get("device", "unknown")) for r in used for o in r.provenance.origins})
        ),
        sampling=sampling_cost(used) if finished else None,
        problem="; ".join(hindrances) or (None if finished else "no trial recorded"),
        progress=None if finished else max(begun, key=lambda found: found.epoch, default=None),
    )


def _seed_result(group: Sequence[TrialRecord], floor: Floor | None) -> SeedResult:
    first = group[0]
    told = [has_collapsed(record, floor) for record in group]
    collapsed = None if all(c is None for c, _ in told) else any(c for c, _ in told)
    common = SeedResult(
        seed=first.spec.seed,
        status=next((record.status for record in group if record.status != "done"), "done"),
        collapsed=collapsed,
        collapsed_is=next((how for _, how in told if how is not None), None),
        trials=tuple(record.spec.id for record in group),
    )
    if common.status != "done" or missing_folds(group):
        return common
    score = Score.over_folds([record.score for record in group])
    refined = Score.over_folds([record.scored.scores["refined"] for record in group])
    errors = [e for fold in score.folds if (e := fold.log_likelihood.standard_error) is not None]
    within = {"value": score.log_likelihood.value, "standard_error": mean(errors)} if errors else {}
    return common.model_copy(
        update={
            "score": score.log_likelihood,
            "within_fold": score.folds[0].log_likelihood.model_copy(update=within) if within else None,
            "refined": refined.log_likelihood,
            "sigmas": score.sigmas,
            "at_grid_edge": score.at_grid_edge,
        }
    )


def recorded_table(
    records: Iterable[TrialRecord] | Placed,
    name: str,
    experiments: Mapping[str, ExperimentRecord] | None = None,
) -> Table:
    """Make the table of a results folder: each trial in the leftmost column that it belongs to.

    Args:
        records: the trials, of any data set.
        name: of the table (`table_name`).
        experiments: by name; some sample rows with Markov chains as published, or measure samples and nets.
    """
    placed = records if isinstance(records, Placed) else Placed(records)
    columns: list[Column] = []
    for dataset in data.names():
        if table_name(dataset) == name:
            views = _views(placed, dataset, (experiments or {}).get(chains.NAME))
            # What an experiment sampled anew are the nets of trials that stand elsewhere.
            shown = {t for c in views for cell in c.cells.values() if cell.sampling for t in cell.trials}
            columns += [*views, *_preset_columns(placed, dataset, shown)]
    columns = with_short_trainings(columns, (experiments or {}).get(collapse_rates.NAME))
    return _table(name, columns, placed, experiments or {})


def run_table(
    dataset: str,
    preset: str,
    *,
    published: Iterable[TrialRecord] | None,
    own: Mapping[str, Sequence[TrialRecord]],
    problems: Mapping[str, str] | None = None,
    experiments: Mapping[str, ExperimentRecord] | None = None,
) -> Table:
    """Make the table of a user's run: paper | recorded | this run.

    Args:
        dataset: the data set that was run.
        preset: the name of the preset.
        published: of which each row's completest full-size preset is shown; None where they are not at hand.
        own: by row that was asked for, its records of this run.
        problems: by row, why it has no record, or not all of them.
        experiments: the published ones, by name.
    """
    placed = Placed(record for record in published or () if record.spec.data.name == dataset)
    # The published floor counts: a small preset's is of fewer samples.
    placed.floors = floors(record for each in own.values() for record in each) | placed.floors
    shown = {row: placed.completest_cell(dataset, row) for row in rows.names(dataset)}
    this_run = {}
    for row, records in own.items():
        cell = cell_from(records, row=row, preset=preset, floor=placed.floors.get(dataset))
        problem = (problems or {}).get(row)
        this_run[row] = cell.model_copy(update={"problem": problem}) if problem else cell
    columns = [
        _column("recorded", dataset, shown),
        Column(kind="this run", dataset=dataset, preset=preset, cells=this_run),
    ]
    return _table(table_name(dataset), columns[published is None :], placed, experiments or {})


def _table(
    name: str, columns: Sequence[Column], placed: Placed, experiments: Mapping[str, ExperimentRecord]
) -> Table:
    filled = {row for column in columns for row in column.cells}
    shown = [row for row in rows.names(name) if row in filled or row in paper.LABELS]
    # Rows that others add stand below ours.
    shown += sorted(filled - set(shown))
    return Table(
        name=name,
        rows=tuple(shown),
        columns=tuple(columns),
        measured=measured(placed.records, experiments, name),
        measured_beside=measured(placed.records, experiments, name, beside=True),
        likelihoods=likelihoods(placed.records, experiments, name),
    )


def _views(placed: Placed, dataset: str, sampled: ExperimentRecord | None) -> list[Column]:
    """The two ways in which the rows of the paper are compared, on the data sets of Table 1."""
    if not any(paper.printed(row, dataset) for row in PRINTED_ROWS):
        return []
    published: dict[str, Cell | None] = {}
    for row in paper.LABELS:
        if dataset == "mnist" and row in WITH_CHAINS:
            trained = [placed.cell(dataset, row, preset) for preset in FULL_SIZE]
            published[row] = from_chains(sampled, row, trained)
        else:
            published[row] = placed.completest_cell(dataset, row)
    found = [_column("as published", dataset, as_planned(published, rules().as_published.seeds))]
    if dataset == "mnist":  # where the search was
        presets = _in_common(placed, dataset, BEST_BY_SEARCH.values())
        best = {r: placed.completest_cell(dataset, ours, presets) for r, ours in BEST_BY_SEARCH.items()}
        found.append(_column("best by search", dataset, as_planned(best, rules().best_by_search.seeds)))
    return [column for column in found if column.cells or column.kind == "as published"]


def _column(kind: Kind, dataset: str, cells: Mapping[str, Cell | None]) -> Column:
    return Column(kind=kind, dataset=dataset, cells={row: cell for row, cell in cells.items() if cell})


def _in_common(placed: Placed, dataset: str, names: Iterable[str]) -> Sequence[str]:
    """The completest full-size preset under which all these rows have a score; all of them where none has."""
    shared = (p for p in FULL_SIZE if all(placed.has_score(dataset, name, p) for name in names))
    return next(([preset] for preset in shared), list(FULL_SIZE))


def _preset_columns(placed: Placed, dataset: str, shown: set[str]) -> Iterator[Column]:
    """What each preset holds that no column on the left shows."""
    for preset in placed.presets(dataset):
        cells = {row: placed.cell(dataset, row, preset) for row in rows.names(dataset)}
        new = {row: cell for row, cell in cells.items() if cell and not set(cell.trials) <= shown}
        if new:
            yield Column(kind="preset", dataset=dataset, preset=preset, cells=new)
            shown |= {trial for cell in new.values() for trial in cell.trials}
