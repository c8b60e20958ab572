"""Watching a training: the learning curve, the best parameters so far, checkpoints, and when to stop."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from gan_repro.data.dataset import Dataset
from gan_repro.models.base import DivergedError, EpochLog, Model
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.parzen.scan import read
from gan_repro.stats.spread import COLLAPSED_BELOW, spread
from gan_repro.trials.checkpoint import checkpoint_path, read_checkpoint, write_checkpoint
from gan_repro.trials.records import CurvePoint, Origin
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.console import log
from gan_repro.util.device import out_of_memory
from gan_repro.util.seeds import generator
from gan_repro.util.text import first_line

if TYPE_CHECKING:
    from gan_repro.trials.runner import RunOptions


class StopRequestedError(Exception):
    """Somebody asked the trial to stop; its checkpoint is saved."""


class TrainingMonitor:
    """An `Observer` that scores on validation images, remembers the best, saves, and stops in time.

    Its own state goes into the checkpoint with the model's, so that a resumed trial ends like a straight one.

    Args:
        spec: the trial; it says when to look and when to stop.
        images: of which the validation part is looked at.
        origin: code and machine of this run.
        options: where the checkpoint stands and how often it is written, who asks to stop, and the progress
            bar. With `fresh` an earlier checkpoint of the trial is removed first.
    """

    def __init__(self, spec: TrialSpec, images: Dataset, origin: Origin, options: RunOptions) -> None:
        self.spec, self.origin, self.options = spec, origin, options
        self.valid = images.valid
        self._valid: torch.Tensor | None = None
        self.train_spread = spread(images.train)
        self.checkpoint = checkpoint_path(options.results, spec)
        if options.fresh:
            self.checkpoint.unlink(missing_ok=True)
        self._epochs: int = spec.config.get("epochs", 0)
        self._position, self._title = options.progress_position, spec.title(options.row)
        self._bar: tqdm[Any] | None = None
        self._started = self._saved = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self.curve: list[CurvePoint] = []
        self.best_epoch: int | None = None
        self.best_mean = -math.inf
        self.best_parameters: dict[str, torch.Tensor] = {}
        self.recent: list[float] = []
        self.collapsed: bool | None = None
        """Whether the samples of the latest look were a collapsed net's; None before the first look."""
        self.resumed = 0
        self._begun_after = 0
        self.earlier: list[Origin] = []
        self.begun: str | None = datetime.now(UTC).isoformat(timespec="seconds")
        self.tracking_seconds = 0.0
        self.training_seconds = 0.0

    def after_batch(self, model: Model) -> None:
        """Save when the last checkpoint is old enough.

        Raises:
            StopRequestedError: somebody asked to stop; the checkpoint is saved.
        """
        now = time.monotonic()
        if self.options.stop_requested():
            self.save(model)
            raise StopRequestedError
        if now - self._saved >= self.options.checkpoint_seconds:
            self.save(model)

    def after_epoch(self, model: Model, log: EpochLog) -> bool:
        """Add to the curve; look at the validation likelihood when due; True when it has stopped rising."""
        every = self.spec.evaluation.track_every
        due = every > 0 and (log.epoch % every == 0 or log.epoch == self._epochs)
        mean, sigma = self._look(model, log.epoch) if due else (None, None)
        self.curve.append(CurvePoint(**vars(log), valid_mean=mean, sigma=sigma))
        self._show(log)
        begun = self._begun_after
        self.options.report_share((log.epoch - begun) / (self._epochs - begun))
        patience = self.spec.evaluation.patience
        if patience is None or self.best_epoch is None:
            return False
        return log.epoch - self.best_epoch >= patience

    def _look(self, model: Model, epoch: int) -> tuple[float, float]:
        """Score samples on the validation images: mean log-likelihood (nats) and its refined sigma."""
        started = time.monotonic()
        random = generator(self.spec.seed, self.spec.model, "tracking", epoch, device=model.random_device)
        samples = model.sample(self.spec.evaluation.n_samples, generator=random)
        if not bool(torch.isfinite(samples).all()):
            raise DivergedError(f"{self.spec.model}: samples after epoch {epoch} are not all finite")
        if self._valid is None:
            # Once: a look reads them several times, and to send them to a card takes longer than to score.
            self._valid = read(self.valid, model.device)
        choice = choose_sigma(samples, self._valid, protocol="refined")
        if not math.isfinite(choice.valid_mean):
            raise DivergedError(f"the validation log-likelihood after epoch {epoch} is {choice.valid_mean}")
        if model.complete:
            self._remember_best(model, epoch, choice.valid_mean)
        self._note_collapse(samples, epoch)
        self.tracking_seconds += time.monotonic() - started
        return choice.valid_mean, choice.sigma

    def _note_collapse(self, samples: torch.Tensor, epoch: int) -> None:
        before, ratio = self.collapsed, self.relative_spread(samples)
        self.collapsed = ratio is not None and ratio < COLLAPSED_BELOW
        # A net begins with samples that are nearly alike; it is news where they have been apart before.
        if self.collapsed and before is False and self._position is None:
            log.info("%s: collapsed, by its samples after epoch %d", self._title, epoch)

    def relative_spread(self, samples: torch.Tensor) -> float | None:
        """Return the spread of samples (n, d) over that of the training images; None if that is 0."""
        if not self.train_spread:
            return None
        return spread(samples.detach()) / self.train_spread

    def _remember_best(self, model: Model, epoch: int, valid_mean: float) -> None:
        """Keep the parameters where the mean of the latest looks is the highest so far."""
        looks = self.spec.evaluation.looks
        self.recent = [*self.recent, valid_mean][-looks:]
        mean = math.fsum(self.recent) / looks
        if len(self.recent) == looks and mean > self.best_mean:
            self.best_mean, self.best_epoch = mean, epoch
            self.best_parameters = model.parameters_copy()

    def _show(self, log: EpochLog) -> None:
        if self._position is None:
            return
        if self._bar is None:
            self._bar = tqdm(
                total=self._epochs,
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
        if self.collapsed:
            shown["samples"] = "collapsed"
        self._bar.set_postfix({**shown, "rate": f"{log.learning_rate:.3g}"}, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Take the progress bar down, and stop the clock."""
        if self._bar is not None:
            self._bar.close()
        self.training_seconds += time.monotonic() - self._started
        self._started = time.monotonic()

    def save(self, model: Model) -> None:
        """Write the checkpoint; a model without a state has none.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        state = model.state()
        if state is None:
            return
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
            "begun": self.begun,
            "origins": [origin.model_dump() for origin in (*self.earlier, self.origin)],
        }
        write_checkpoint(self.checkpoint, mine, state)
        self._saved = time.monotonic()

    def load(self) -> Mapping[str, Any] | None:
        """Take up the checkpoint, if there is a sound one of this spec; the model's state, or None.

        A checkpoint that cannot be read is set aside with a warning. Nothing in it is ever executed.
        """
        if not os.path.lexists(self.checkpoint):
            return None
        try:
            mine, state = read_checkpoint(self.checkpoint, self.spec)
            self.curve = mine.points
        except Exception as error:  # torch.load raises many kinds for damaged files
            if out_of_memory(error):
                raise
            self.set_aside(error)
            return None
        self.best_epoch, self.best_mean = mine.best_epoch, mine.best_mean
        self.best_parameters = mine.best_parameters
        self.recent = mine.recent
        self.resumed = mine.resumed + 1
        self._begun_after = mine.points[-1].epoch if mine.points else 0
        self.earlier = [origin for origin in mine.origins if origin != self.origin]
        self.begun = mine.begun
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
