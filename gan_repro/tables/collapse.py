"""Which trained nets have collapsed, so that no mean runs over them and others together.

A record says so itself where it holds the spread across the samples (`TrialRecord.collapsed`). Where it does
not, the rule of `verdicts.collapse` stands in: a score below that of the Gaussian per pixel. An unfinished
training has no score; it is called collapsed where it is one of an adversarial net, ten epochs long or more,
and its latest validation likelihood lies below the Gaussian per pixel's (both at the refined sigma).
"""

from __future__ import annotations

from collections.abc import Iterable

from gan_repro.experiments.collapse_rates import TrainingPoint
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.spread import COLLAPSED_BELOW
from gan_repro.tables.cell import ShortTrainings, Told
from gan_repro.tables.table import Column
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.collapse import Floor, collapsed

RULE = "derived, where the spread of the samples is not recorded: a likelihood below the Gaussian per pixel's"
_EPOCHS = 10


def has_collapsed(record: TrialRecord, floor: Floor | None) -> tuple[bool | None, Told | None]:
    """Whether a trial's net has collapsed, and whether the record says so or it is derived.

    Args:
        record: a trial, finished or not.
        floor: of its data set; None where no Gaussian per pixel is recorded, and then nothing is derived.

    Returns:
        (None, None) where neither the record nor a rule can tell.
    """
    if record.collapsed is not None:
        return record.collapsed, "recorded"
    if record.status == "done":
        return (collapsed(record, floor), "derived") if floor else (None, None)
    if floor is None or record.spec.model != "gan" or len(record.learning_curve) < _EPOCHS:
        return None, None
    looks = [point.valid_mean for point in record.learning_curve if point.valid_mean is not None]
    return (looks[-1] < floor.valid, "derived") if looks else (None, None)


def with_short_trainings(columns: Iterable[Column], record: ExperimentRecord | None) -> list[Column]:
    """Tell each cell how many short trainings of its recipe collapsed, where the experiment counted them.

    Args:
        columns: of the data set's table.
        record: of the experiment `collapse-rates`; None where there is none.
    """
    counted = {} if record is None else {row: short_trainings(record, row) for row in record.findings}
    on = None if record is None else record.settings["dataset"]

    def told(column: Column) -> Column:
        cells = {
            name: cell.model_copy(update={"short_trainings": counted.get(cell.row)})
            for name, cell in column.cells.items()
        }
        return column.model_copy(update={"cells": cells}) if column.dataset == on else column

    return [told(column) for column in columns]


def short_trainings(record: ExperimentRecord, row: str) -> ShortTrainings:
    """Count the collapsed short trainings of a row in a record of the experiment `collapse-rates`."""
    spreads = [point.spread for point in record.points(row, TrainingPoint)]
    return ShortTrainings(
        collapsed=sum(spread < COLLAPSED_BELOW for spread in spreads),
        trained=len(spreads),
        epochs=record.settings["epochs"],
        interval=record.findings[row].interval or (0.0, 1.0),
    )
