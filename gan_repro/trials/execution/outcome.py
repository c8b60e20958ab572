"""What becomes of one planned trial, wherever it runs: a record, or one sentence on why there is none."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace

from filelock import Timeout

from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.store import RecordStore
from gan_repro.util.text import describe_error

NOT_STARTED = "not started: the sweep was stopped before"

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@dataclass(frozen=True)
class TrialOutcome:
    """What became of a planned trial: a record, or the reason why there is none."""

    planned: Planned
    record: TrialRecord | None
    problem: str | None = None

    @property
    def done(self) -> bool:
        """Whether the trial is finished and has a score."""
        return self.record is not None and self.record.status == "done"


def not_started(planned: Planned, options: RunOptions) -> TrialOutcome:
    """What becomes of a trial whose turn did not come: it may have been finished by an earlier sweep."""
    record = None if options.fresh else RecordStore(options.results).read(planned.spec)
    if record is not None and record.status == "done":
        return TrialOutcome(planned, record)
    return TrialOutcome(planned, None, NOT_STARTED)


def run_planned(planned: Planned, options: RunOptions) -> TrialOutcome:
    """Run one trial of a plan, unless the sweep was stopped before.

    Raises:
        OSError: a folder cannot be written, or the data cannot be had.
        ValueError: the data are not those that the spec names, or the device is not there.
    """
    if options.stop_requested():
        return not_started(planned, options)
    options = replace(options, preset=planned.preset, smaller=planned.smaller, row=planned.row)
    try:
        return TrialOutcome(planned, run(planned.spec, options))
    except Timeout:
        waited = "not started: another process was running it when the sweep was stopped"
        return TrialOutcome(planned, None, waited)


def try_planned(planned: Planned, options: RunOptions) -> TrialOutcome:
    """Run one trial of a plan, and turn whatever it raises into the reason why there is no record."""
    try:
        return run_planned(planned, options)
    except Exception as error:
        # The other trials go on; the table names this one and the reason.
        return TrialOutcome(planned, None, explain(error, options.results))


def explain(error: BaseException, results: object) -> str:
    """Say in one sentence, for the table, what kept a trial from its record in the folder `results`."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"no room in {results} ({error.strerror}); free some and run the same command again: "
            "finished trials are kept"
        )
    return describe_error(error)
