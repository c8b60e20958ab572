"""One line for a whole sweep: how much of it is done, and how long the rest may take."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from gan_repro.trials.presets import Planned
from gan_repro.util.console import log

BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, about {remaining} left"
REDRAW_SECONDS, LINE_SECONDS = 1.0, 60.0
"""Between two looks at a terminal's bar, and between two lines in a log file."""


class Progress:
    """How much of a sweep's planned minutes is done; workers report theirs through shared memory.

    On a terminal it is a bar; elsewhere a line a minute, without carriage returns and escape codes.

    Args:
        plan: the trials of the sweep; the minutes that are left of each are the weights.
        workers: how many trials may run at a time.
        shown: whether anything is printed at all.
    """

    def __init__(self, plan: Sequence[Planned], workers: int, *, shown: bool) -> None:
        self.total = sum(planned.minutes for planned in plan)
        self.finished = 0.0
        self.shares: Any = multiprocessing.RawArray("d", max(1, workers))
        """Minutes of the trial that each worker is at, so far as they are done."""
        self.shown = shown and self.total > 0
        self.started = time.monotonic()

    @property
    def done(self) -> float:
        """Planned minutes that are done."""
        return min(self.finished + sum(self.shares), self.total)

    def trial_finished(self, planned: Planned) -> None:
        """Count a trial as done, however it ended."""
        self.finished += planned.minutes

    def __str__(self) -> str:
        spent = time.monotonic() - self.started
        text = f"sweep: {100 * self.done / self.total:.0f} % after {_span(spent)}"
        return f"{text}, about {_span(spent * (self.total / self.done - 1))} left" if self.done else text

    @contextmanager
    def displayed(self) -> Iterator[None]:
        """Show it while the block runs; what is logged meanwhile stands above the bar."""
        if not self.shown:
            yield
            return
        terminal = sys.stderr is not None and sys.stderr.isatty()
        over = threading.Event()
        painter = threading.Thread(target=self._bar if terminal else self._lines, args=(over,), daemon=True)
        with logging_redirect_tqdm([log]) if terminal else nullcontext():
            painter.start()
            try:
                yield
            finally:
                over.set()
                painter.join()

    def _bar(self, over: threading.Event) -> None:
        with tqdm(total=self.total, desc="sweep", bar_format=BAR, file=sys.stderr, dynamic_ncols=True) as bar:
            while not over.wait(REDRAW_SECONDS):
                bar.n = self.done
                bar.refresh()
            bar.n = self.done

    def _lines(self, over: threading.Event) -> None:
        while not over.wait(LINE_SECONDS):
            log.info("%s", self)


def reporter(shares: Any, worker: int, planned: Planned) -> Callable[[float], None]:
    """What a trial calls with the share that is done of what was left of it, from 0 to 1; 0 as it starts."""

    def report(share: float) -> None:
        shares[worker] = share * planned.minutes

    return report


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
