"""Running many trials, here, in several processes or on a cluster, and stopping them all without a loss."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from tqdm import tqdm

from gan_repro.trials.execution.outcome import Outcome, attempt_planned
from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.execution.processes import in_processes
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.presets import title
from gan_repro.trials.runner import Attempt, checkpoint_path


class Elsewhere(Protocol):
    """Other machines that run trials (see `gan_repro.trials.execution.dask_cluster`)."""

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
            runner = in_processes(ordered, attempt, stop, count)
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


def _here(plan: Sequence[Planned], attempt: Attempt, stop: Stop) -> Iterator[Outcome]:
    for planned in plan:
        yield attempt_planned(planned, replace(attempt, stop_requested=stop.is_set))


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


def _tell(outcome: Outcome) -> None:
    planned, record = outcome.planned, outcome.record
    name = title(planned.preset, planned.spec)
    if record is None:
        line = f"{name}: {outcome.problem}"
    elif record.status == "done":
        took = timedelta(seconds=round(sum(record.provenance.seconds.values())))
        line = f"{name}: {record.score.log_likelihood} nats, {took}"
    else:
        line = f"{name}: {record.status}: {record.reason}"
    tqdm.write(line, file=sys.stderr)
