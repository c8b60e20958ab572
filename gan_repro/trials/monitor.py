"""Watching a fit: the learning curve, the best parameters so far, checkpoints, and when to stop."""

from __future__ import annotations

import io
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm

from gan_repro.models.base import DivergedError, EpochLog, TrainedModel
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.trials.records import CurvePoint, Origin
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.files import atomic_write, check_saved_tensors
from gan_repro.util.seeds import generator
from gan_repro.util.text import first_line


class StopRequestedError(Exception):
    """Somebody asked the trial to stop; its checkpoint is saved."""


class _SavedMonitor(BaseModel):
    """What a checkpoint holds of the monitor, under the key "watch"; checked before any of it is used."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    spec: str
    curve: list[str]
    best_epoch: int | None
    best_mean: float
    best_parameters: dict[str, torch.Tensor]
    resumed: int
    tracking_seconds: float
    training_seconds: float
    recent: list[float] = Field(default_factory=list)
    origins: list[Origin] = Field(default_factory=list)
    """Of all attempts; a checkpoint from before they were kept does not say."""


def _read(checkpoint: Path, spec: TrialSpec) -> tuple[_SavedMonitor, list[CurvePoint], Mapping[str, Any]]:
    """The monitor's part, the curve and the model's state; raises what torch.load does for a damaged file."""
    check_saved_tensors(checkpoint)
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if not isinstance(saved, dict):
        raise ValueError(f"it holds a {type(saved).__name__}")
    monitor = _SavedMonitor(**saved["watch"])
    if monitor.spec != spec.canonical_json():
        raise ValueError("it belongs to another trial")
    return monitor, [CurvePoint.model_validate_json(point) for point in monitor.curve], saved["model"]


def epochs_saved(checkpoint: Path, spec: TrialSpec) -> int | None:
    """How many whole epochs a checkpoint of this trial holds; None where there is none to go on from."""
    if not os.path.lexists(checkpoint):
        return None
    try:
        return len(_read(checkpoint, spec)[1])
    except Exception:  # whatever is wrong with it, the trial itself will say so and begin afresh
        return None


class TrainingMonitor:
    """An `Observer` that scores on validation images, remembers the best, saves, and stops in time.

    Its own state goes into the checkpoint with the model's, so that a resumed trial ends like a straight one.
    """

    def __init__(
        self,
        spec: TrialSpec,
        valid: np.ndarray,
        checkpoint: Path,
        *,
        origin: Origin,
        stop_requested: Callable[[], bool],
        checkpoint_seconds: float,
        position: int | None,
        title: str,
        report_share: Callable[[float], None],
    ) -> None:
        self.spec = spec
        self.valid = valid
        self.checkpoint = checkpoint
        self.origin = origin
        self.stop_requested = stop_requested
        self.checkpoint_seconds = checkpoint_seconds
        self._position = position
        self._title = title
        self._report_share = report_share
        self._bar: tqdm[Any] | None = None
        self._started = self._saved = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self.curve: list[CurvePoint] = []
        self.best_epoch: int | None = None
        self.best_mean = -math.inf
        self.best_parameters: dict[str, torch.Tensor] = {}
        self.recent: list[float] = []
        self.resumed = 0
        self.earlier: list[Origin] = []
        self.tracking_seconds = 0.0
        self.training_seconds = 0.0

    def after_batch(self, model: TrainedModel) -> None:
        """Save once in a while; stop if asked to."""
        now = time.monotonic()
        if self.stop_requested():
            self.save(model)
            raise StopRequestedError
        if now - self._saved >= self.checkpoint_seconds:
            self.save(model)

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        """Add to the curve; look at the validation likelihood when due; True when it has stopped rising."""
        every = self.spec.evaluation.track_every
        due = every > 0 and (log.epoch % every == 0 or log.epoch == model.config.epochs)
        mean, sigma = self._track(model, log.epoch) if due else (None, None)
        self.curve.append(
            CurvePoint(
                epoch=log.epoch,
                losses=dict(log.losses),
                learning_rate=log.learning_rate,
                valid_mean=mean,
                sigma=sigma,
            )
        )
        self._show(model, log)
        self._report_share(log.epoch / model.config.epochs)
        patience = self.spec.evaluation.patience
        if patience is None or self.best_epoch is None:
            return False
        return log.epoch - self.best_epoch >= patience

    def _track(self, model: TrainedModel, epoch: int) -> tuple[float, float]:
        started = time.monotonic()
        random = generator(self.spec.seed, self.spec.model, "tracking", epoch, device=model.device)
        samples = model.sample(self.spec.evaluation.n_samples, generator=random)
        if not bool(torch.isfinite(samples).all()):
            raise DivergedError(f"{self.spec.model}: samples after epoch {epoch} are not all finite")
        choice = choose_sigma(samples, self.valid, protocol="refined")
        if not math.isfinite(choice.valid_mean):
            raise DivergedError(f"the validation log-likelihood after epoch {epoch} is {choice.valid_mean}")
        if model.complete:
            self._remember_best(model, epoch, choice.valid_mean)
        self.tracking_seconds += time.monotonic() - started
        return choice.valid_mean, choice.sigma

    def _remember_best(self, model: TrainedModel, epoch: int, valid_mean: float) -> None:
        """Keep the parameters where the mean of the latest looks is the highest so far."""
        looks = self.spec.evaluation.looks
        self.recent = [*self.recent, valid_mean][-looks:]
        mean = math.fsum(self.recent) / looks
        if len(self.recent) == looks and mean > self.best_mean:
            self.best_mean, self.best_epoch = mean, epoch
            self.best_parameters = model.parameters_copy()

    def _show(self, model: TrainedModel, log: EpochLog) -> None:
        if self._position is None:
            return
        if self._bar is None:
            self._bar = tqdm(
                total=model.config.epochs,
                initial=log.epoch - 1,
                desc=self._title,
                unit="epoch",
                position=self._position,
                file=sys.stderr,
                dynamic_ncols=True,
                disable=None,  # where stderr is no terminal
            )
        shown = {name.replace(" loss", ""): f"{value:.3g}" for name, value in log.losses.items()}
        if self.best_epoch is not None:
            shown["valid"] = f"{self.best_mean:.0f}"
        self._bar.set_postfix({**shown, "rate": f"{log.learning_rate:.3g}"}, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Take the progress bar down, and stop the clock."""
        if self._bar is not None:
            self._bar.close()
        self.training_seconds += time.monotonic() - self._started
        self._started = time.monotonic()

    def save(self, model: TrainedModel) -> None:
        """Write the checkpoint in one step: the model's state and the monitor's own."""
        now = time.monotonic()
        mine = {
            "spec": self.spec.canonical_json(),
            "curve": [point.model_dump_json() for point in self.curve],
            "best_epoch": self.best_epoch,
            "best_mean": self.best_mean,
            "best_parameters": self.best_parameters,
            "recent": self.recent,
            "resumed": self.resumed,
            "tracking_seconds": self.tracking_seconds,
            "training_seconds": self.training_seconds + now - self._started,
            "origins": [origin.model_dump() for origin in (*self.earlier, self.origin)],
        }
        buffer = io.BytesIO()
        torch.save({"watch": mine, "model": model.state()}, buffer)
        atomic_write(self.checkpoint, buffer.getbuffer().tobytes())
        self._saved = time.monotonic()

    def load(self) -> Mapping[str, Any] | None:
        """Take up the checkpoint, if there is a sound one of this spec; the model's state, or None.

        A checkpoint that cannot be read is set aside with a warning. Nothing in it is ever executed.
        """
        if not os.path.lexists(self.checkpoint):
            return None
        try:
            mine, curve, state = _read(self.checkpoint, self.spec)
        except Exception as error:  # torch.load raises many kinds for damaged files
            self.set_aside(error)
            return None
        self.curve = curve
        self.best_epoch, self.best_mean = mine.best_epoch, mine.best_mean
        self.best_parameters = mine.best_parameters
        self.recent = mine.recent
        self.resumed = mine.resumed + 1
        self.earlier = [origin for origin in mine.origins if origin != self.origin]
        self.tracking_seconds = mine.tracking_seconds
        self.training_seconds = mine.training_seconds
        return state

    def set_aside(self, error: Exception) -> None:
        """Move a checkpoint that cannot be used out of the way, say so, and forget what was read from it."""
        aside = self.checkpoint.with_suffix(".corrupt")
        self.checkpoint.replace(aside)
        reason = first_line(error)
        print(
            f"warning: checkpoint {self.checkpoint.name} cannot be used ({reason}); "
            f"set aside as {aside.name}, training starts afresh",
            file=sys.stderr,
        )
        self._begin()
