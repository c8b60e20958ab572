"""A training's checkpoint: one file with the model's state and the monitor's, read without running code.

The file is a `torch.save` of {"watch": what `SavedMonitor` holds, "model": `TrainedModel.state()`}.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_repro.trials.records import CurvePoint, Origin
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.files import atomic_write, check_saved_tensors


class SavedMonitor(BaseModel):
    """What a checkpoint holds of the monitor, checked before any of it is used."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    spec: str
    """The canonical JSON of the trial's spec."""
    curve: list[str]
    """Each `CurvePoint` as JSON."""
    best_epoch: int | None
    best_mean: float
    best_parameters: dict[str, torch.Tensor]
    resumed: int
    tracking_seconds: float
    training_seconds: float
    recent: list[float] = Field(default_factory=list)
    """The latest looks at the validation likelihood, nats."""
    origins: list[Origin] = Field(default_factory=list)
    """Of all runs of the trial up to here; a checkpoint from before they were kept does not say."""
    begun: str | None = None
    """When the first of them started; a checkpoint from before it was kept does not say."""

    @property
    def points(self) -> list[CurvePoint]:
        """The learning curve."""
        return [CurvePoint.model_validate_json(point) for point in self.curve]


class OtherTrialError(ValueError):
    """A checkpoint that is sound belongs to another trial."""


def checkpoint_path(results: Path, spec: TrialSpec) -> Path:
    """Return where the checkpoint of `spec` stands; after the trial it holds the trained model."""
    return results / "checkpoints" / f"{spec.id}.pt"


def write_checkpoint(path: Path, monitor: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write the checkpoint in one step: the fields of `SavedMonitor`, and the model's state.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    buffer = io.BytesIO()
    torch.save({"watch": dict(monitor), "model": dict(state)}, buffer)
    # Not its bytes, which would be one more copy of the net.
    atomic_write(path, lambda file: file.write(buffer.getbuffer()))


def read_checkpoint(path: Path, spec: TrialSpec) -> tuple[SavedMonitor, Mapping[str, Any]]:
    """Read the checkpoint of a trial: the monitor's part and the model's state.

    Raises:
        OtherTrialError: it is of another trial.
        Exception: of many kinds, as torch.load does, where the file is damaged.
    """
    return _read(path, spec, tensors=True)


def _read(path: Path, spec: TrialSpec, *, tensors: bool) -> tuple[SavedMonitor, Mapping[str, Any]]:
    """Read a checkpoint, as `read_checkpoint`; without `tensors` these stay on the disk, unchecked."""
    check_saved_tensors(path, checksums=tensors)
    saved = torch.load(path, map_location="cpu", weights_only=True, mmap=not tensors)
    if not isinstance(saved, dict):
        raise ValueError(f"it holds a {type(saved).__name__}")
    monitor = SavedMonitor(**saved["watch"])
    if monitor.spec != spec.canonical_json():
        raise OtherTrialError("it belongs to another trial")
    return monitor, saved["model"]


def epochs_saved(path: Path, spec: TrialSpec, *, checksums: bool = False) -> int | None:
    """Count the whole epochs that a checkpoint of this trial holds; None without one to go on from.

    Args:
        path: where it should be.
        spec: the trial.
        checksums: read all of it, too, so that one in which a bit has changed counts as none.
    """
    if not os.path.lexists(path):
        return None
    try:
        return len(_read(path, spec, tensors=checksums)[0].points)
    except Exception:  # whatever is wrong with it, the trial itself will say so and begin afresh
        return None
