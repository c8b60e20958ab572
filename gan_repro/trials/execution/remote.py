"""What a Dask worker does with the trial that it is sent; `dask_cluster` sends it.

A worker that sees the results folder keeps lock, checkpoint and record there. One that does not works in a
folder of its own; the record and the checkpoint are sent back to be written where the sweep runs.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import torch

import gan_repro
from gan_repro.trials import environment
from gan_repro.trials.checkpoint import checkpoint_path, epochs_saved
from gan_repro.trials.presets import Planned
from gan_repro.trials.runner import RunOptions, TrialOutcome, ending_with_the_card, run_planned
from gan_repro.util.files import atomic_write


@dataclass(frozen=True)
class RemoteTask:
    """One trial, as it is sent to a worker."""

    planned: Planned
    options: RunOptions
    marker: Path
    """A file in the results folder: a worker that finds it shares the folder."""
    stop_event: str
    """Name of the `distributed.Event` that asks to stop."""
    checkpoint: bytes | None
    """For a worker without the folder: the checkpoint there, to go on from."""


@dataclass(frozen=True)
class RemoteResult:
    """What a worker sends back."""

    outcome: TrialOutcome
    checkpoint: bytes | None = None
    """Only from a worker without the results folder."""
    epochs: int = 0
    """Whole epochs that the checkpoint holds."""


@dataclass(frozen=True)
class WorkerView:
    """What a worker sees of the results folder, and the versions that it would run."""

    shares_folder: bool
    versions: tuple[str, ...]


def run_remote(task: RemoteTask) -> RemoteResult:
    """Run a trial on a worker.

    Raises:
        OSError, ValueError: as `run_planned`; Dask then tries again, elsewhere if it can.
    """
    options = task.options
    if options.root is not None and not options.root.exists():
        options = replace(options, root=None)
    with ending_with_the_card(task.planned), _listening(task.stop_event) as stop_requested:
        options = replace(options, stop_requested=stop_requested)
        if task.marker.exists():
            return RemoteResult(run_planned(task.planned, options))
        import distributed

        own = distributed.get_worker().local_directory
        with tempfile.TemporaryDirectory(prefix="gan_repro-", dir=own) as folder:
            checkpoint = checkpoint_path(Path(folder), task.planned.spec)
            if task.checkpoint is not None:
                atomic_write(checkpoint, task.checkpoint)
            outcome = run_planned(task.planned, replace(options, results=Path(folder)))
            epochs = epochs_saved(checkpoint, task.planned.spec) or 0
            return RemoteResult(outcome, content(checkpoint), epochs)


def view(marker: Path) -> WorkerView:
    """Look for the marker, and read back the versions of this package, torch and numpy."""
    commit, _ = environment.code_version()
    packages = (f"torch {torch.__version__}", f"numpy {metadata.version('numpy')}")
    ours = f"gan_repro {gan_repro.__version__} ({commit or 'no commit'})"
    return WorkerView(marker.exists(), (ours, *packages))


def content(path: Path) -> bytes | None:
    """Return the bytes of a file; None where there is none."""
    return path.read_bytes() if path.exists() else None


@contextmanager
def _listening(name: str) -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether the sweep was stopped, without asking the scheduler each time."""
    import distributed

    event = distributed.Event(name, client=distributed.get_client())
    asked, over = threading.Event(), threading.Event()
    if event.is_set():
        asked.set()

    def listen() -> None:
        with suppress(Exception):  # the scheduler is gone: nobody waits for this trial any more
            while not over.is_set() and not event.wait(timeout=1):
                pass
        asked.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield asked.is_set
    finally:
        over.set()
