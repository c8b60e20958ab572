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
from dataclasses import dataclass, replace
from typing import Any

from gan_repro.trials.execution.outcome import NOT_STARTED, TrialOutcome, explain, try_planned
from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.runner import RunOptions

WORKER_DEATHS = 3
"""How many worker processes may die of one trial before it is given up."""


@dataclass(frozen=True)
class Processes:
    """An executor of `count` processes on this machine."""

    count: int

    def outcomes(self, plan: Sequence[Planned], options: RunOptions, stop: Stop) -> Iterator[TrialOutcome]:
        """Run the trials, at most `count` at a time; one outcome for each, as they come."""
        workers = [_Worker(stop, position) for position in range(self.count)]
        free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in workers:
            free.put(worker)

        def run_on_free_worker(planned: Planned) -> TrialOutcome:
            worker = free.get()
            try:
                return worker.run(planned, options)
            finally:
                free.put(worker)

        # As many threads as workers, so that no thread waits for a free one.
        with ThreadPoolExecutor(self.count) as threads:
            try:
                futures = [threads.submit(run_on_free_worker, planned) for planned in plan]
                for future in as_completed(futures):
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

    def run(self, planned: Planned, options: RunOptions) -> TrialOutcome:
        """Run a trial; where the process dies, go on in a new one, from the checkpoint if there is one."""
        if options.progress_position is not None:
            options = replace(options, progress_position=self.position)
        outcome = TrialOutcome(planned, None, NOT_STARTED)
        for deaths in range(1, WORKER_DEATHS + 1):
            if self.stop.is_set():
                break
            try:
                with _signals_blocked():
                    future = self.executor.submit(_run_in_worker, planned, options)
                return future.result()
            except BrokenProcessPool:
                self.executor.shutdown()
                self.executor = self._start()
                times = "once" if deaths == 1 else f"{deaths} times"
                outcome = TrialOutcome(
                    planned,
                    None,
                    f"its worker process died {times} (killed, or out of memory); run the same command again "
                    "with fewer --workers or more memory, finished trials are kept",
                )
            except Exception as error:
                return TrialOutcome(planned, None, explain(error, options.results))
        return outcome

    def kill(self) -> None:
        """Kill the process, whatever it is doing."""
        # As kill_workers() does from Python 3.14 on.
        for process in list((self.executor._processes or {}).values()):
            process.kill()

    def close(self) -> None:
        """Let the process end once it is idle."""
        self.executor.shutdown()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block SIGINT and SIGTERM in this thread, and so in a process that it starts until that ignores them.

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
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Workers that outlive a killed parent would train on, and hold their locks against the next sweep.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_worker(planned: Planned, options: RunOptions) -> TrialOutcome:
    return try_planned(planned, replace(options, stop_requested=_worker_stop.is_set))
