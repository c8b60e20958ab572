"""A request to stop a sweep, which the trials and their processes look at once in a while."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What asks a sweep to save what it is doing and end; Windows has no SIGHUP."""


class Stop:
    """A request to stop, by a signal or because the time is up, which worker processes share.

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
        """Tell whether somebody asked."""
        return bool(self.flag.value)

    @contextmanager
    def listening(self, budget_minutes: float | None) -> Iterator[None]:
        """Turn Ctrl-C, SIGTERM, SIGHUP and the end of the budget into the request; a second one interrupts.

        A signal that whoever started us has arranged to be ignored (``nohup``, a job in a shell's background)
        stays ignored.
        """

        def on_signal(number: int, frame: FrameType | None) -> None:
            if self.signal is not None:
                raise KeyboardInterrupt
            self.signal = number
            self.set()
            # Not print: the code that the signal broke into may be printing.
            os.write(2, b"stopping: saving what is running (again to stop at once)\n")

        # Python answers signals in its main thread; a sweep in another one leaves them to it.
        numbers = (
            [n for n in STOP_SIGNALS if signal.getsignal(n) != signal.SIG_IGN] if _in_main_thread() else []
        )
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


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
