"""What becomes of one planned trial, wherever it runs: a record, or one sentence on why there is none."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from filelock import Timeout

from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.store import RecordStore
from gan_repro.util.device import card_failed, out_of_memory
from gan_repro.util.text import describe_error, first_line

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
    """Run one trial of a plan, and turn whatever it raises into the reason why there is no record.

    Raises:
        torch.AcceleratorError: the card has failed; this process can compute no more on it.
    """
    try:
        return run_planned(planned, options)
    except Exception as error:
        if card_failed(error):
            raise  # whoever owns this process must end it
        # The other trials go on; the table names this one and the reason.
        return TrialOutcome(planned, None, explain(error, options.results))


def explain(error: BaseException, results: object) -> str:
    """Say in one sentence, for the table, what kept a trial from its record in the folder `results`."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"no room in {results} ({error.strerror}); free some and run the same command again: "
            "finished trials are kept"
        )
    if out_of_memory(error):
        return (
            f"out of memory ({first_line(error)}); run the same command again with fewer --workers, with more"
            " memory or with --device cpu: it goes on from its checkpoint"
        )
    if card_failed(error):
        cure = "run the same command again: it goes on from its checkpoint"
        return f"the card failed ({first_line(error)}); {cure}"
    return describe_error(error)


@contextmanager
def ending_with_the_card(planned: Planned) -> Iterator[None]:
    """Within a worker: end its process where its card fails, for it could compute no more.

    The trial goes on in a new process, from its checkpoint.
    """
    try:
        yield
    except Exception as error:
        if not card_failed(error):
            raise
        print(f"{planned.spec.id}: the card failed ({first_line(error)})", file=sys.stderr, flush=True)
        os._exit(1)
