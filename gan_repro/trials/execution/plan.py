"""What is left of a plan: the state of each trial, and the minutes that the rest may take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_repro.stats.sums import total
from gan_repro.trials.checkpoint import checkpoint_path, epochs_saved
from gan_repro.trials.presets import Planned
from gan_repro.trials.store import RecordStore


def each_once(plan: Sequence[Planned]) -> list[Planned]:
    """List the trials of a plan, each once: two rows with the same cut are one trial, the first row's."""
    trials: dict[str, Planned] = {}
    for planned in plan:
        trials.setdefault(planned.spec.id, planned)
    return list(trials.values())


def remaining(planned: Planned, results: Path, *, done: bool, fresh: bool) -> tuple[str, float]:
    """Return the state of a trial in words, and the minutes that what is left of it may take.

    Args:
        planned: the trial.
        results: the folder that has its checkpoint, if it was begun.
        done: whether it is finished.
        fresh: whether it is to be run again, whatever there is.
    """
    if done and not fresh:
        return "done", 0.0
    epochs = None if fresh else epochs_saved(checkpoint_path(results, planned.spec), planned.spec)
    if epochs is None:
        return "to be run", planned.minutes
    left = 1 - epochs / max(1, epochs, planned.spec.config["epochs"])
    return f"goes on after epoch {epochs}", float(f"{planned.minutes * left:.2g}")


def describe_plan(plan: Sequence[Planned], store: RecordStore, *, workers: int | None, fresh: bool) -> str:
    """Describe the plan as a Markdown table with what is done already, and how long the rest may take.

    Without `workers`, as on a cluster whose workers come and go, no span is given.
    """
    from tabulate import tabulate

    rows, left = [], []
    for planned in each_once(plan):
        record = None if fresh else store.read(planned.spec)
        done = record is not None and record.status == "done"
        state, minutes = remaining(planned, store.folder.parent, done=done, fresh=fresh)
        left.append(minutes)
        rows.append([planned.spec.id, state, f"{minutes:g}", "; ".join(planned.smaller) or "none"])
    table = tabulate(rows, ["trial", "state", "minutes", "smaller than the reference"], tablefmt="github")
    span = ""
    if workers is not None:
        minutes = max(total(left) / workers, max(left, default=0.0))
        span = f", about {minutes:.0f} minutes on {workers} worker{'' if workers == 1 else 's'}"
    return f"{table}\n\n{total(left):.0f} core minutes{span} (rough, for cores of a 2.6 GHz server CPU)"
