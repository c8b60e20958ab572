"""Running many trials, in this process or in several, and stopping them all without losing anything."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event as ProcessEvent
from types import FrameType
from typing import Any, Protocol

from tqdm import tqdm

from gan_repro.trials.plan import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import Attempt, run


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


class StopSignal(Protocol):
    """`threading.Event` or its counterpart between processes."""

    def set(self) -> None:
        """Ask everybody to stop."""

    def is_set(self) -> bool:
        """Whether somebody asked."""


class Stop:
    """A request to stop, by a signal or because the time is up."""

    def __init__(self, event: StopSignal) -> None:
        self.event = event
        self.signal: int | None = None

    @contextmanager
    def listening(self, budget_minutes: float | None) -> Iterator[None]:
        """Turn Ctrl-C, SIGTERM and the end of the budget into the request; a second Ctrl-C interrupts."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            if self.signal is not None:
                raise KeyboardInterrupt
            self.signal = number
            self.event.set()
            print("stopping: saving what is running (again to stop at once)", file=sys.stderr)

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        timer = threading.Timer(budget_minutes * 60, self.event.set) if budget_minutes is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)


def sweep(
    plan: Sequence[Planned], attempt: Attempt, *, workers: int = 1, budget_minutes: float | None = None
) -> tuple[list[Outcome], int | None]:
    """Run the planned trials; outcomes in the plan's order, and the signal that cut the sweep short if any.

    Longer trials start first. A failing trial never takes the others with it.
    """
    context = multiprocessing.get_context("spawn")
    event: StopSignal = threading.Event() if workers == 1 else context.Event()
    stop = Stop(event)
    outcomes: dict[str, Outcome] = {}
    with stop.listening(budget_minutes):
        by_length = sorted(plan, key=lambda planned: -planned.minutes)
        runner = (
            _here(by_length, attempt, event) if workers == 1 else _pool(by_length, attempt, event, workers)
        )
        for outcome in runner:
            outcomes[outcome.planned.spec.id] = outcome
            _tell(outcome)
    return [outcomes[planned.spec.id] for planned in plan], stop.signal


def _here(plan: Sequence[Planned], attempt: Attempt, event: StopSignal) -> Iterator[Outcome]:
    for planned in plan:
        yield _attempt(planned, replace(attempt, stop_requested=event.is_set))


def _pool(plan: Sequence[Planned], attempt: Attempt, event: Any, workers: int) -> Iterator[Outcome]:
    # Spawned, not forked: neither CUDA nor a process with threads survives a fork.
    context = multiprocessing.get_context("spawn")
    lines = context.Value("i", 0)
    bars = context.RLock()
    tqdm.set_lock(bars)
    with ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(event, lines, bars)
    ) as executor:
        futures: dict[Future[Outcome], Planned] = {
            executor.submit(_attempt_in_worker, planned, attempt): planned for planned in plan
        }
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Outcome(futures[future], None, "a worker process died (killed, or out of memory)")


_worker_stop: ProcessEvent
_worker_line: int


def _start_worker(event: ProcessEvent, lines: Any, bars: Any) -> None:
    global _worker_stop, _worker_line
    # A Ctrl-C in the terminal reaches every process; the parent alone answers it, through the event.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker_stop = event
    with lines.get_lock():
        _worker_line = lines.value
        lines.value += 1
    tqdm.set_lock(bars)


def _attempt_in_worker(planned: Planned, attempt: Attempt) -> Outcome:
    position = None if attempt.progress_position is None else _worker_line
    return _attempt(planned, replace(attempt, stop_requested=_worker_stop.is_set, progress_position=position))


def _attempt(planned: Planned, attempt: Attempt) -> Outcome:
    if attempt.stop_requested():
        return Outcome(planned, None, "not started: the sweep was stopped before")
    try:
        record = run(planned.spec, replace(attempt, preset=planned.preset, smaller=planned.smaller))
    except Exception as error:
        # The other trials go on; the table names this one and the reason.
        return Outcome(planned, None, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
    return Outcome(planned, record)


def _tell(outcome: Outcome) -> None:
    spec, record = outcome.planned.spec, outcome.record
    title = f"{spec.model} {spec.data.name} seed {spec.seed}"
    if record is None:
        line = f"{title}: {outcome.problem}"
    elif record.status == "done":
        seconds = sum(record.provenance.seconds.values())
        line = (
            f"{title}: {record.score.log_likelihood} nats, {time.strftime('%H:%M:%S', time.gmtime(seconds))}"
        )
    else:
        line = f"{title}: {record.status}: {record.reason}"
    tqdm.write(line, file=sys.stderr)
