"""Running trials in several processes of this machine; one that dies does not take the others with it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gan_repro.trials.execution.outcome import NOT_STARTED, Outcome, attempt_planned, problem
from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.runner import Attempt

WORKER_DEATHS = 3
"""So many worker processes may die of one trial before it is given up."""


def in_processes(plan: Sequence[Planned], attempt: Attempt, stop: Stop, count: int) -> Iterator[Outcome]:
    """Run trials in so many processes at a time; one outcome for each, as they come."""
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
    return attempt_planned(planned, replace(attempt, stop_requested=_worker_stop.is_set))
