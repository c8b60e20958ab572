"""One trial, from its spec to its record: train, sample, score."""

from __future__ import annotations

import time
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from gan_repro.models.base import DivergedError, StateError
from gan_repro.models.training import TrainedModel
from gan_repro.parzen.protocols import GridEdgeWarning, ParzenResult, evaluate
from gan_repro.stats.mixing import ChainDiagnostics, diagnose
from gan_repro.trials import environment
from gan_repro.trials.images import load_images_of
from gan_repro.trials.monitor import StopRequestedError, TrainingMonitor
from gan_repro.trials.plugged import plugged_in
from gan_repro.trials.records import Candidate, Provenance, Score, Status, TrialRecord
from gan_repro.trials.spec import TrialSpec, checked_kind
from gan_repro.util.device import card_failed, choose_device, finish, out_of_memory, prepare
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import generator
from gan_repro.util.text import describe_error, one_line

if TYPE_CHECKING:
    from gan_repro.trials.runner import RunOptions

_INCOMPLETE = "training ended before its last part began; raise epochs, or give that part some of them"


class TrialRun:
    """One trial on its way from an unfitted model to its record.

    Args:
        spec: what is run.
        options: how it is run this time; `results` says where its checkpoint stands.

    Raises:
        OSError: the data cannot be had.
        ValueError: program or images here are others than the spec names, or the device is not there.
    """

    def __init__(self, spec: TrialSpec, options: RunOptions) -> None:
        self.spec, self.options = spec, options
        self.started = datetime.now(UTC)
        kind, device = checked_kind(spec), choose_device(options.device)
        prepare(device, options.threads)
        environment.forget_peak_memory(device)
        self.folds = load_images_of(spec, options.root)
        """The data sets on which the model is scored; they share their training images."""
        self.model = kind(kind.Config(**spec.config), seed=spec.seed, device=device)
        if isinstance(self.model, TrainedModel):
            self.model.products, self.model.denormals = options.products, options.denormals
            self.model.require_arithmetic()
        self.origin = environment.origin(
            device, getattr(self.model, "products", "torch"), getattr(self.model, "denormals", "kept")
        )
        # The authors' yamls monitor the first fold, too.
        self.monitor = TrainingMonitor(spec, self.folds[0], self.origin, options)
        self.candidates: dict[Literal["best", "last"], Candidate] = {}
        self.seconds: dict[str, float] = dict.fromkeys(
            ("training", "tracking", "sampling", "consecutive sampling", "scoring"), 0.0
        )
        """Wall-clock time by phase."""

    def run(self) -> TrialRecord:
        """Go through the phases; a training that fails is recorded, with its status and reason.

        Raises:
            Exception: a fault of the program, such as a KeyError or a TypeError.
            MemoryError, RuntimeError: the machine or its card has too little memory, or the card has failed.
        """
        status, reason = self._run_phases()
        return TrialRecord(
            spec=self.spec,
            status=status,
            reason=reason and one_line(reason),
            candidates=self.candidates,
            learning_curve=tuple(self.monitor.curve),
            deviations=tuple(deviation.model_dump() for deviation in self.model.active_deviations()),
            provenance=Provenance(
                **self.origin.model_dump(),
                preset=self.options.preset,
                smaller=self.options.smaller,
                plugins=plugged_in(self.spec, self.options.row),
                begun=self.monitor.begun,
                started=self.started.isoformat(timespec="seconds"),
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds={name: round(value, 3) for name, value in self.seconds.items()},
                peak_memory=environment.peak_memory(),
                peak_card_memory=environment.peak_card_memory(str(self.model.device)),
                resumed=self.monitor.resumed,
                reseeded=tuple(getattr(self.model, "reseeded", ())),
                earlier=tuple(self.monitor.earlier),
            ),
        )

    def _run_phases(self) -> tuple[Status, str | None]:
        """Train, sample and score; return how it ended, and why if not well."""
        try:
            self._train()
            if not self.model.complete:
                return "error", _INCOMPLETE
            self._score_candidates()
        except StopRequestedError:
            again = "run the same command again to go on from the checkpoint"
            if self.options.fresh:
                again = "with --fresh the same command begins anew"
            return "interrupted", f"stopped on request; {again}"
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
