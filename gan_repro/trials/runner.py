"""Running trials: one at a time in its folder, reused where it is done, and what becomes of a planned one."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from gan_repro.models.denormals import Denormals
from gan_repro.models.products import Products
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.presets import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.spec import TrialSpec
from gan_repro.trials.store import RecordStore
from gan_repro.trials.trial_run import TrialRun
from gan_repro.util.device import card_failed, out_of_memory
from gan_repro.util.files import remove_unfinished
from gan_repro.util.folders import RUNS
from gan_repro.util.plugins import Plugin
from gan_repro.util.text import describe_error, first_line

NOT_STARTED = "not started: the sweep was stopped before"
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def _never() -> bool:
    return False


def _unheard(share: float) -> None:
    pass


@dataclass(frozen=True)
class RunOptions:
    """How a trial is run this time. Only device, threads, products and denormals can change its numbers."""

    results: Path = RUNS
    root: Path | None = None
    """The user's own data folder."""
    device: str = "auto"
    threads: int = 1
    """One by default, so that the bits do not depend on how many cores there are."""
    products: Products = "torch"
    """Who takes the matrix products of the training (`gan_repro.models.products`)."""
    denormals: Denormals = "flushed"
    """Whether the training takes denormal numbers as zero (`gan_repro.models.denormals`)."""
    fresh: bool = False
    """Train again, whatever record or checkpoint there is."""
    preset: str | None = None
    row: str | None = None
    """The row of the table that it is for, named in messages and progress bars; None: the model's name."""
    smaller: tuple[str, ...] = ()
    """What the preset makes smaller than the reference, in words, for the record."""
    plugins: tuple[Plugin, ...] = ()
    """What has to be loaded first, wherever the trial runs."""
    checkpoint_seconds: float = 60.0
    """Least time between two checkpoints within the training."""
    progress_position: int | None = 0
    """Line of the progress bar on stderr; None for no bar."""
    stop_requested: Callable[[], bool] = _never
    """Asked after every update; where it says True the trial saves its checkpoint and ends."""
    report_share: Callable[[float], None] = _unheard
    """Called after every epoch with the share of the epochs that is done."""


def run(spec: TrialSpec, options: RunOptions | None = None) -> TrialRecord:
    """Run a trial, or return its record if it is done; the record is written to the results folder.

    Two processes given the same trial take turns: the second finds it done. A training that diverges, ends
    too soon or raises ArithmeticError, RuntimeError or ValueError is recorded, with its status and reason.

    Raises:
        Exception: any other of the model's, such as KeyError or TypeError: a fault of the program; no record.
        OSError: the results folder cannot be written, or the data cannot be had.
        filelock.Timeout: another process runs the trial, and `options.stop_requested` while this one waited.
        ValueError: the data are not those that the spec names, the device is not there, or a plug-in is not.
        MemoryError, RuntimeError: the machine or its card has too little memory, or the card has failed; the
            checkpoint stays.
    """
    options = options or RunOptions()
    for plugin in options.plugins:
        plugin.load()
    store = RecordStore(options.results)
    lock = options.results / "locks" / f"{spec.id}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _locked(lock, options.stop_requested):
        remove_unfinished(checkpoint_path(options.results, spec), store.path(spec))
        if not options.fresh:
            record = store.read_or_set_aside(spec)
            if record is not None and record.status == "done":
                return record
        record = TrialRun(spec, options).run()
        store.write(record)
        return record


@contextmanager
def _locked(path: Path, stop_requested: Callable[[], bool]) -> Iterator[None]:
    """Hold a lock; while another process does, wait for it, but not once somebody asked to stop."""
    lock = FileLock(path)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            if stop_requested():
                raise
    try:
        yield
    finally:
        lock.release()


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
