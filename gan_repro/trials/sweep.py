"""Running many trials, here, in several processes or on a cluster, and stopping them all without a loss."""

from __future__ import annotations

import errno
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from types import FrameType
from typing import Any, Protocol

from filelock import Timeout
from tqdm import tqdm

from gan_repro.trials.plan import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import Attempt, checkpoint_path, run

WORKER_DEATHS = 3
"""So many worker processes may die of one trial before it is given up."""

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


class Stop:
    """A request to stop, by a signal or because the time is up. Worker processes may hold it too.

    One byte of shared memory and no lock: a worker may be killed at any moment, and one that took a lock with
    it would hold up everybody else for good. For the same reason a signal handler may set it.
    """

    def __init__(self) -> None:
        self.flag: Any = multiprocessing.RawValue("b", 0)
        self.signal: int | None = None

    def set(self) -> None:
        """Ask everybody to stop."""
        self.flag.value = 1

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return bool(self.flag.value)

    @contextmanager
    def listening(self, budget_minutes: float | None) -> Iterator[None]:
        """Turn Ctrl-C, SIGTERM and the end of the budget into the request; a second Ctrl-C interrupts."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            if self.signal is not None:
                raise KeyboardInterrupt
            self.signal = number
            self.set()
            # Not print: the code that the signal broke into may be printing.
            os.write(2, b"stopping: saving what is running (again to stop at once)\n")

        # Python answers signals in its main thread; a sweep in another one leaves them to it.
        numbers = (signal.SIGINT, signal.SIGTERM) if _in_main_thread() else ()
        before = {number: signal.signal(number, on_signal) for number in numbers}
        timer = threading.Timer(budget_minutes * 60, self.set) if budget_minutes is not None else None
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


class Elsewhere(Protocol):
    """Other machines that run trials (see `gan_repro.trials.cluster`)."""

    def outcomes(self, plan: Sequence[Planned], attempt: Attempt, stop: Stop) -> Iterator[Outcome]:
        """Run the trials, in this order as far as there is room; one outcome for each, as they come."""


def sweep(
    plan: Sequence[Planned],
    attempt: Attempt,
    *,
    workers: int = 1,
    elsewhere: Elsewhere | None = None,
    budget_minutes: float | None = None,
) -> tuple[list[Outcome], int | None]:
    """Run the planned trials; outcomes in the plan's order, and the signal that cut the sweep short if any.

    Longer trials start first; under a budget those that were begun, then the first of the plan. A failing
    trial never takes the others with it, and neither does a worker process that dies. At most as many workers
    are used as there are cores for their threads.
    """
    stop = Stop()
    outcomes: dict[str, Outcome] = {}
    ordered = _order(plan, attempt, budget_minutes)
    with stop.listening(budget_minutes):
        if elsewhere is not None:
            runner = elsewhere.outcomes(ordered, attempt, stop)
        elif (count := _affordable(workers, attempt.threads)) == 1:
            runner = _here(ordered, attempt, stop)
        else:
            runner = _pool(ordered, attempt, stop, count)
        with suppress(KeyboardInterrupt):
            for outcome in runner:
                outcomes[outcome.planned.spec.id] = outcome
                _tell(outcome)
    at_once = "stopped at once: what it had done since its last checkpoint is lost"
    return [outcomes.get(p.spec.id, Outcome(p, None, at_once)) for p in plan], stop.signal


def _order(plan: Sequence[Planned], attempt: Attempt, budget_minutes: float | None) -> list[Planned]:
    if budget_minutes is None:
        # So that no worker is left with a long one while the others are idle.
        return sorted(plan, key=lambda planned: -planned.minutes)
    # A plan has the first seed of every row before any second: cut off anywhere, it fills the most cells.
    return sorted(plan, key=lambda planned: not checkpoint_path(attempt.results, planned.spec).exists())


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


def problem(error: BaseException, results: object) -> str:
    """One sentence on what kept a trial from its record, for the table."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"no room in {results} ({error.strerror}); free some and run the same command again: "
            "finished trials are kept"
        )
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _attempt(planned: Planned, attempt: Attempt) -> Outcome:
    try:
        return run_planned(planned, attempt)
    except Exception as error:
        # The other trials go on; the table names this one and the reason.
        return Outcome(planned, None, problem(error, attempt.results))


def _here(plan: Sequence[Planned], attempt: Attempt, stop: Stop) -> Iterator[Outcome]:
    for planned in plan:
        yield _attempt(planned, replace(attempt, stop_requested=stop.is_set))


def _pool(plan: Sequence[Planned], attempt: Attempt, stop: Stop, count: int) -> Iterator[Outcome]:
    workers = [_Worker(stop, position) for position in range(count)]
    free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    for worker in workers:
        free.put(worker)

    def on_a_free_worker(planned: Planned) -> Outcome:
        worker = free.get()
        try:
            return worker.attempt(planned, attempt)
        finally:
            free.put(worker)

    # As many threads as workers, so that nobody waits for a free one.
    with ThreadPoolExecutor(count) as threads:
        try:
            for future in as_completed([threads.submit(on_a_free_worker, planned) for planned in plan]):
                yield future.result()
        except BaseException:
            stop.set()
            for worker in workers:
                worker.kill()
            raise
        finally:
            for worker in workers:
                worker.close()


class _Worker:
    """A process that runs one trial after the other, replaced when it dies.

    A pool of one process each, because a pool of many gives up all its trials when one process dies.
    """

    def __init__(self, stop: Stop, position: int) -> None:
        self.stop = stop
        self.position = position
        self.executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: neither CUDA nor a process with threads survives a fork.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, context, initializer=_start_worker, initargs=(self.stop.flag,))

    def attempt(self, planned: Planned, attempt: Attempt) -> Outcome:
        """Run a trial; where the process dies, go on in a new one, from the checkpoint if there is one."""
        if attempt.progress_position is not None:
            attempt = replace(attempt, progress_position=self.position)
        outcome = Outcome(planned, None, NOT_STARTED)
        for deaths in range(1, WORKER_DEATHS + 1):
            if self.stop.is_set():
                break
            try:
                with _signals_left_to_the_parent():
                    future = self.executor.submit(_attempt_in_worker, planned, attempt)
                return future.result()
            except BrokenProcessPool:
                self.executor.shutdown()
                self.executor = self._start()
                times = "once" if deaths == 1 else f"{deaths} times"
                outcome = Outcome(
                    planned,
                    None,
                    f"its worker process died {times} (killed, or out of memory); run the same command again "
                    "with fewer --workers or more memory, finished trials are kept",
                )
            except Exception as error:
                return Outcome(planned, None, problem(error, attempt.results))
        return outcome

    def kill(self) -> None:
        """End the process in the middle of what it does."""
        # As kill_workers() does from Python 3.14 on.
        for process in list((self.executor._processes or {}).values()):
            process.kill()

    def close(self) -> None:
        """Let the process end once it is idle."""
        self.executor.shutdown()


@contextmanager
def _signals_left_to_the_parent() -> Iterator[None]:
    """Block the signals in this thread, and so in a process that it starts, until that process ignores them.

    A Ctrl-C in the terminal reaches every process; the parent alone answers it, through the flag.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_worker_stop: Stop


def _start_worker(flag: Any) -> None:
    global _worker_stop
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    _worker_stop = Stop()
    _worker_stop.flag = flag
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    # Left alone, they would train on after it was killed, and hold their locks against the next sweep.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _attempt_in_worker(planned: Planned, attempt: Attempt) -> Outcome:
    return _attempt(planned, replace(attempt, stop_requested=_worker_stop.is_set))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _affordable(workers: int, threads: int) -> int:
    """At most as many workers as there are cores for their threads.

    More would only slow each other down. Fewer threads for each is no way out: a trial's bits depend on how
    many it has.
    """
    here = cores()
    most = max(1, here // threads)
    if workers > most:
        print(f"{workers} workers asked for, {here} cores here: {most} trials at a time", file=sys.stderr)
    return min(workers, most)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _tell(outcome: Outcome) -> None:
    spec, record = outcome.planned.spec, outcome.record
    title = f"{outcome.planned.row or spec.model} {spec.data.name} seed {spec.seed}"
    if record is None:
        line = f"{title}: {outcome.problem}"
    elif record.status == "done":
        took = timedelta(seconds=round(sum(record.provenance.seconds.values())))
        line = f"{title}: {record.score.log_likelihood} nats, {took}"
    else:
        line = f"{title}: {record.status}: {record.reason}"
    tqdm.write(line, file=sys.stderr)
