"""The three phases of one trial: train, sample, score."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_repro.data.dataset import Dataset
from gan_repro.models.base import DivergedError, Model, StateError
from gan_repro.parzen.protocols import GridEdgeWarning, ParzenResult, evaluate
from gan_repro.stats.mixing import ChainDiagnostics, diagnose
from gan_repro.trials.monitor import StopRequestedError, TrainingMonitor
from gan_repro.trials.records import Candidate, Score, Status
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.device import card_failed, finish, out_of_memory
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import generator
from gan_repro.util.text import describe_error


class TrialRun:
    """One trial on its way from an unfitted model to its scores.

    Args:
        spec: what is run.
        folds: the data sets on which the model is scored; they share their training images.
        model: as the spec describes it, not fitted.
        monitor: watches the training.
    """

    def __init__(
        self, spec: TrialSpec, folds: Sequence[Dataset], model: Model, monitor: TrainingMonitor
    ) -> None:
        self.spec, self.folds, self.model, self.monitor = spec, folds, model, monitor
        self.candidates: dict[Literal["best", "last"], Candidate] = {}
        self.seconds: dict[str, float] = dict.fromkeys(
            ("training", "tracking", "sampling", "consecutive sampling", "scoring"), 0.0
        )
        """Wall-clock time by phase."""

    def run(self) -> tuple[Status, str | None]:
        """Go through the phases; return how it ended, and why if not well.

        Raises:
            MemoryError, RuntimeError: the machine or its card has too little memory, or the card has failed.
        """
        try:
            self._train()
            self._score_candidates()
        except StopRequestedError:
            return (
                "interrupted",
                "stopped on request; run the same command again to go on from the checkpoint",
            )
        except DivergedError as error:
            return "diverged", str(error)
        except (ArithmeticError, RuntimeError, ValueError, MemoryError) as error:
            if out_of_memory(error) or card_failed(error):
                raise  # of the machine, not of the model
            return "error", describe_error(error)
        return "done", None

    def _train(self) -> None:
        train = self.folds[0].train
        try:
            try:
                self.model.fit_observed(train, self.monitor, self.monitor.load())
            except StateError as error:
                self.monitor.set_aside(error)
                self.model.fit_observed(train, self.monitor)
            finish(str(self.model.device))
            self.monitor.save(self.model)
        finally:
            self.monitor.close()
            self.seconds["tracking"] = self.monitor.tracking_seconds
            self.seconds["training"] = self.monitor.training_seconds - self.monitor.tracking_seconds

    def _score_candidates(self) -> None:
        last = self.model.epoch
        self.candidates["last"] = self._candidate(last)
        # Where folds overlap, one fold's validation images are another's test images, and no choice among
        # the epochs can be made without looking at some of these.
        if len(self.folds) > 1 or self.monitor.best_epoch in (None, last):
            self.candidates["best"] = self.candidates["last"]
            return
        self.model.load_parameters(self.monitor.best_parameters)
        self.candidates["best"] = self._candidate(self.monitor.best_epoch)

    def _candidate(self, epoch: int | None) -> Candidate:
        started = time.monotonic()
        random = self._random("samples")
        samples = self.model.sample(self.spec.evaluation.n_samples, generator=random)
        expected = (self.spec.evaluation.n_samples, self.folds[0].train_pixels.shape[1])
        if tuple(samples.shape) != expected:
            raise ValueError(
                f"{self.spec.model} gave samples of shape {tuple(samples.shape)}, asked for {expected}"
            )
        if not bool(torch.isfinite(samples).all()):
            raise DivergedError(f"{self.spec.model}: the samples are not all finite")
        sampled = self._now()
        scores = {
            protocol: self._score(samples, protocol)
            for protocol in dict.fromkeys((self.spec.evaluation.protocol, "refined"))
        }
        self.seconds["sampling"] += sampled - started
        self.seconds["scoring"] += self._now() - sampled
        pixels = samples.detach().cpu().numpy().astype(np.float32, copy=False)
        chains, _ = self.model.chain_shape(len(pixels))
        return Candidate(
            epoch=epoch,
            samples_sha256=sha256_of_array(pixels),
            scores=scores,
            chains=chains,
            mixing=self._mixing(),
            spread=self.monitor.relative_spread(samples),
        )

    def _score(self, samples: Tensor, protocol: str) -> Score:
        with warnings.catch_warnings():
            # The record carries the flag, and the table shows it.
            warnings.simplefilter("ignore", GridEdgeWarning)
            scores = [
                _score(evaluate(samples, fold.valid, fold.test, protocol=protocol, device=self.model.device))
                for fold in self.folds
            ]
        return Score.over_folds(scores)

    def _mixing(self) -> ChainDiagnostics | None:
        """Measure what consecutive states are worth, however many chains the scored samples came from."""
        started = time.monotonic()
        drawn = self.model.sample_consecutive(
            self.spec.evaluation.n_samples, generator=self._random("mixing")
        )
        self.seconds["consecutive sampling"] += self._now() - started
        return None if drawn is None else diagnose(drawn[0].cpu().numpy(), drawn[1])

    def _random(self, purpose: str) -> torch.Generator:
        """The random numbers of one purpose."""
        return generator(self.spec.seed, self.spec.model, purpose, device=self.model.random_device)

    def _now(self) -> float:
        """The time, in seconds, once the device has done all that it was given."""
        finish(str(self.model.device))
        return time.monotonic()


def _score(result: ParzenResult) -> Score:
    if not np.isfinite(result.mean):
        raise DivergedError(f"the log-likelihood is {result.mean}")
    return Score(
        sigma=result.sigma,
        log_likelihood=result.estimate,
        valid_mean=result.valid_mean,
        sigma_curve=result.sigma_curve,
        at_grid_edge=result.at_grid_edge,
    )
