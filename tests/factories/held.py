"""Holding a training at a known point, so that a test can kill its process there however fast it is.

After the first checkpoint of each trial its process writes the trial's id into the folder $HELD and waits for
ever. A process that runs the trial after that goes on.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from gan_repro.models.base import Model
from gan_repro.trials.execution import processes
from gan_repro.trials.monitor import TrainingMonitor


def hold_trainings() -> None:
    """Hold the trainings of this process, each after its first checkpoint."""
    save, folder = TrainingMonitor.save, Path(os.environ["HELD"])

    def save_and_wait(self: TrainingMonitor, model: Model) -> None:
        save(self, model)
        if model.state() is None:  # it has no checkpoint
            return
        try:
            (folder / self.spec.id).touch(exist_ok=False)
        except FileExistsError:
            return
        threading.Event().wait()

    TrainingMonitor.save = save_and_wait  # type: ignore[method-assign]


def dask_setup(worker: object) -> None:
    """What Dask calls in a worker that was started with ``--preload`` of this file."""
    hold_trainings()


start_worker = processes.start_worker


def start_held_worker(*arguments: Any) -> None:
    """As a worker process of a sweep starts, but its trainings are held."""
    start_worker(*arguments)
    hold_trainings()
