"""Running trials in several processes of this machine; one that dies does not take the others with it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_repro.trials.execution.progress import reporter
from gan_repro.trials.execution.stop import STOP_SIGNALS, Stop
from gan_repro.trials.presets import Planned
from gan_repro.trials.runner import (
    RunOptions,
    TrialOutcome,
    ending_with_the_card,
    explain,
    not_started,
    try_planned,
)
from gan_repro.util.device import card_for

WORKER_DEATHS = 3
"""How many worker processes may die of one trial before it is given up."""


@dataclass(frozen=True)
class Processes:
    """An executor of several processes on this machine."""

    shares: Any
    """Shared memory with a number for each process, in which it notes how far its trial is (`Progress`)."""

    def outcomes(self, plan: Sequence[Planned], options: RunOptions, stop: Stop) -> Iterator[TrialOutcome]:
        """Run the trials, as many at a time as `shares` has numbers; one outcome for each, as they come."""
        _end_if_imported_by_worker()
        workers = [_Worker(stop, self.shares, position) for position in range(len(self.shares))]
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
        with ThreadPoolExecutor(len(workers)) as threads:
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


_EXIT_SECONDS = 10.0
"""How long the exit status of a process that has ended is waited for."""


class _Worker:
    """A process that runs one trial after the other, replaced when it dies.

    A pool of one process each, because a pool of many gives up all its trials when one process dies.
    """

    def __init__(self, stop: Stop, shares: Any, position: int) -> None:
        self.stop = stop
        self.shares = shares
        self.position = position
        self.alive: Any = multiprocessing.RawValue("b", 0)
        """Set by the process once it has started."""
        self.executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: neither CUDA nor a process with threads survives a fork.
        context = multiprocessing.get_context("spawn")
        arguments = (self.stop.flag, self.alive, self.shares, self.position)
        return ProcessPoolExecutor(1, context, initializer=start_worker, initargs=arguments)

    def run(self, planned: Planned, options: RunOptions) -> TrialOutcome:
        """Run a trial; where the process dies, go on in a new one, from the checkpoint if there is one.

        What is run afresh begins anew.
        """
        if reason := cannot_import_main():
            return TrialOutcome(planned, None, reason)
        options = replace(options, device=card_for(options.device, self.position))
        outcome = None
        for deaths in range(1, WORKER_DEATHS + 1):
            if self.stop.is_set():
                break
            try:
                with _signals_blocked():
                    future = self.executor.submit(_run_in_worker, planned, options)
                return future.result()
            except BrokenProcessPool:
                if not self.alive.value and not self._killed():
                    return TrialOutcome(planned, None, unguarded_main())
                self.executor.shutdown()
                self.executor = self._start()
                times = "once" if deaths == 1 else f"{deaths} times"
                outcome = TrialOutcome(
                    planned,
                    None,
                    f"its worker process died {times} (killed, out of memory, or its card failed); run the "
                    "same command again with fewer --workers or more memory, finished trials are kept",
                )
            except Exception as error:
                return TrialOutcome(planned, None, explain(error, options.results))
            finally:
                self.shares[self.position] = 0
        return outcome or not_started(planned, options)

    def _killed(self) -> bool:
        """Whether the process was ended from outside; one that cannot import its program ends by itself."""
        processes = list((self.executor._processes or {}).values())
        for process in processes:
            process.join(_EXIT_SECONDS)  # the pool may be seen as broken before the status is there
        return not any((process.exitcode or 0) > 0 for process in processes)

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
    """Block `STOP_SIGNALS` in this thread, and so in a process that it starts until that ignores them.

    A Ctrl-C in the terminal reaches every process; the parent alone answers it, through the flag.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cannot_import_main() -> str | None:
    """Why a worker process cannot import the program that starts it, as it must; None where it can."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    # A module run with -m has a specification; a program given with -c has no file, and is not imported.
    if file is None or getattr(main, "__spec__", None) is not None or Path(file).is_file():
        return None
    return (
        "its worker process could not start: it cannot import a program that is read from standard input;"
        " save the program as a file, or give --workers 1"
    )


def unguarded_main() -> str:
    """Why a worker process ended while it imported the program that started it, in one sentence."""
    name = Path(getattr(sys.modules["__main__"], "__file__", None) or "the program").name
    return (
        f"its worker process could not start: it imports {name}, which must call this below"
        ' a line if __name__ == "__main__": and not otherwise; or give --workers 1'
    )


def _end_if_imported_by_worker() -> None:
    """End a worker whose import of the program that started it came here: the parent says what is wrong."""
    # As multiprocessing itself tells, which would raise an error with the advice to call freeze_support().
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(1)


_worker_stop: Stop
_worker_shares: Any
_worker_position: int


def start_worker(flag: Any, alive: Any, shares: Any, position: int) -> None:
    """Prepare a worker process, which leaves signals to its parent.

    Args:
        flag: that of the parent's `Stop`.
        alive: set to 1 here: the process has started.
        shares: numbers in which each process notes how far its trial is.
        position: of this process's number in `shares`.
    """
    global _worker_stop, _worker_shares, _worker_position
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _worker_stop = Stop()
    _worker_stop.flag = flag
    _worker_shares, _worker_position = shares, position
    alive.value = 1
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Workers that outlive a killed parent would train on, and hold their locks against the next sweep.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_worker(planned: Planned, options: RunOptions) -> TrialOutcome:
    report = reporter(_worker_shares, _worker_position, planned)
    options = replace(options, stop_requested=_worker_stop.is_set, report_share=report)
    with ending_with_the_card(planned):
        return try_planned(planned, options)
