"""Running the trials of a plan, and stopping them all without a loss."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from gan_repro.stats.sums import total
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.execution.plan import each_once, remaining
from gan_repro.trials.execution.processes import Processes
from gan_repro.trials.execution.progress import Progress, reporter
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.presets import Planned
from gan_repro.trials.runner import RunOptions, TrialOutcome, try_planned
from gan_repro.trials.store import RecordStore
from gan_repro.util.console import log
from gan_repro.util.device import on_card


class Executor(Protocol):
    """Where trials run: in this process, in several (`processes`), or on a cluster (`dask_cluster`)."""

    def outcomes(self, plan: Sequence[Planned], options: RunOptions, stop: Stop) -> Iterator[TrialOutcome]:
        """Run the trials, in this order as far as there is room; one outcome for each, as they come."""


@dataclass(frozen=True)
class ThisProcess:
    """An executor that runs one trial after the other, here."""

    shares: Any
    """One number, in which a trial notes how far it is (`Progress`)."""

    def outcomes(self, plan: Sequence[Planned], options: RunOptions, stop: Stop) -> Iterator[TrialOutcome]:
        """Run the trials in this order; one outcome for each."""
        for planned in plan:
            report = reporter(self.shares, 0, planned)
            outcome = try_planned(planned, replace(options, stop_requested=stop.is_set, report_share=report))
            report(0)
            yield outcome


def sweep(
    plan: Sequence[Planned],
    options: RunOptions,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    budget_minutes: float | None = None,
    show_progress: bool = False,
) -> tuple[list[TrialOutcome], int | None]:
    """Run the planned trials.

    A failing trial never takes the others with it, and neither does a worker process that dies. Those of
    which most is left start first; under a budget those that were begun, then the first of the plan. A trial
    that the plan has twice, for two rows, runs once, and both have its outcome. On a card even a single
    worker is a process of its own: one in which CUDA has failed can compute no more.

    Args:
        plan: what to run.
        options: how, the same for all trials.
        workers: processes here, at most as many as there are cores for their threads.
        executor: where, in place of processes here.
        budget_minutes: ask the trials to stop after so long; their checkpoints are kept.
        show_progress: on stderr, one line for the sweep as a whole.

    Returns:
        The outcomes in the plan's order, and the signal that cut the sweep short, if one did.
    """
    stop = Stop()
    outcomes: dict[str, TrialOutcome] = {}
    count = _affordable(workers, options.threads) if executor is None else 1
    store = RecordStore(options.results)
    left = [_of_what_is_left(planned, store, options) for planned in each_once(plan)]
    ordered = _ordered(left, options, budget_minutes)
    progress = Progress(ordered, count, shown=show_progress)
    options = replace(options, progress_position=None)
    with stop.listening(budget_minutes), progress.displayed():
        if executor is None:
            here = count == 1 and not on_card(options.device)
            executor = ThisProcess(progress.shares) if here else Processes(progress.shares)
        with suppress(KeyboardInterrupt):
            for outcome in executor.outcomes(ordered, options, stop):
                outcomes[outcome.planned.spec.id] = outcome
                progress.trial_finished(outcome.planned)
                _log_outcome(outcome)
    at_once = "stopped at once: what it had done since its last checkpoint is lost"
    ended = [replace(outcomes.get(p.spec.id) or TrialOutcome(p, None, at_once), planned=p) for p in plan]
    return ended, stop.signal


def _ordered(plan: Sequence[Planned], options: RunOptions, budget_minutes: float | None) -> list[Planned]:
    if budget_minutes is None:
        # So that no worker is left with a long one while the others are idle. Done ones take no time.
        return sorted(plan, key=lambda planned: -(planned.minutes or math.inf))
    # A plan has the first seed of every row before any second: cut off anywhere, it fills the most cells.
    return sorted(plan, key=lambda planned: not checkpoint_path(options.results, planned.spec).exists())


def _of_what_is_left(planned: Planned, store: RecordStore, options: RunOptions) -> Planned:
    # A damaged record is warned of when the trial is run, and need not be here.
    done = store.is_done(planned.spec)
    minutes = remaining(planned, options.results, done=done, fresh=options.fresh)[1]
    return replace(planned, minutes=minutes)


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _affordable(workers: int, threads: int) -> int:
    """Cut the number of workers to that of the cores for their threads.

    More would only slow each other down. Fewer threads for each is no way out: a trial's bits depend on how
    many it has.
    """
    here = cores()
    most = max(1, here // threads)
    if workers > most:
        log.info("%d workers asked for, %d cores here: %d trials at a time", workers, here, most)
    return min(workers, most)


def _log_outcome(outcome: TrialOutcome) -> None:
    planned, record = outcome.planned, outcome.record
    name = planned.spec.title(planned.row)
    if record is None:
        line = f"{name}: {outcome.problem}"
    elif record.status == "done":
        took = timedelta(seconds=round(total(record.provenance.seconds.values())))
        fate = ", collapsed" if record.collapsed else ""
        line = f"{name}: {record.score.log_likelihood} nats{fate}, {took}"
    else:
        line = f"{name}: {record.status}: {record.reason}"
    if outcome.done:
        log.info("%s", line)
    else:
        log.warning("%s", line)
