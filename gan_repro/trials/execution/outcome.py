"""What becomes of one planned trial, wherever it runs: a record, or one sentence on why there is none."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace

from filelock import Timeout

from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import Attempt, run

NOT_STARTED = "not started: the sweep was stopped before"

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """What became of a planned trial: a record, or the reason why there is none."""

    planned: Planned
    record: TrialRecord | None
    problem: str | None = None

    @property
    def done(self) -> bool:
        """Whether the trial is finished and has a score."""
        return self.record is not None and self.record.status == "done"


def run_planned(planned: Planned, attempt: Attempt) -> Outcome:
    """Run one trial of a plan, unless the sweep was stopped before.

    Raises:
        OSError: a folder cannot be written, or the data cannot be had.
        ValueError: the data are not those that the spec names, or the device is not there.
    """
    if attempt.stop_requested():
        return Outcome(planned, None, NOT_STARTED)
    try:
        return Outcome(
            planned, run(planned.spec, replace(attempt, preset=planned.preset, smaller=planned.smaller))
        )
    except Timeout:
        return Outcome(planned, None, "not started: another process was at it when the sweep was stopped")


def attempt_planned(planned: Planned, attempt: Attempt) -> Outcome:
    """As `run_planned`, with what it raises turned into the reason."""
    try:
        return run_planned(planned, attempt)
    except Exception as error:
        # The other trials go on; the table names this one and the reason.
        return Outcome(planned, None, problem(error, attempt.results))


def problem(error: BaseException, results: object) -> str:
    """One sentence on what kept a trial from its record, for the table."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"no room in {results} ({error.strerror}); free some and run the same command again: "
            "finished trials are kept"
        )
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
