"""Running one trial from its spec to its record, and going on where an earlier attempt was cut off."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from gan_repro import models
from gan_repro.chains import ChainDiagnostics, diagnose
from gan_repro.data.dataset import Dataset
from gan_repro.device import choose_device
from gan_repro.escape import one_line
from gan_repro.files import remove_unfinished, sha256_of_array
from gan_repro.models.base import DivergedError, StateError, TrainedModel
from gan_repro.parzen.protocols import GridEdgeWarning, ParzenResult, evaluate, get_protocol
from gan_repro.seeds import generator
from gan_repro.trials import environment
from gan_repro.trials.images import fingerprint, load_images
from gan_repro.trials.presets import title
from gan_repro.trials.records import Candidate, Provenance, RecordStore, Score, Status, TrialRecord
from gan_repro.trials.spec import TrialSpec
from gan_repro.trials.watch import StopRequestedError, Watch


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Attempt:
    """How a trial is run this time. Nothing in here changes its numbers, save the device and the threads."""

    results: Path = Path("results")
    root: Path | None = None
    """The user's own data folder."""
    device: str = "auto"
    threads: int = 1
    """One by default, so that the bits do not depend on how many cores there are."""
    fresh: bool = False
    """Train again, whatever record or checkpoint there is."""
    preset: str | None = None
    smaller: tuple[str, ...] = ()
    checkpoint_seconds: float = 60.0
    progress_position: int | None = 0
    """Line of the progress bar on stderr; None for no bar."""
    stop_requested: Callable[[], bool] = _never


def checkpoint_path(results: Path, spec: TrialSpec) -> Path:
    """Where the checkpoint of `spec` stands; after the trial it holds the trained model."""
    return results / "checkpoints" / f"{spec.id}.pt"


def run(spec: TrialSpec, attempt: Attempt | None = None) -> TrialRecord:
    """Run a trial, or return its record if it is done; the record is written to the results folder.

    Two processes given the same trial take turns: the second finds it done. A failure of the model is not
    raised but recorded, with its status and reason.

    Raises:
        OSError: the results folder cannot be written, or the data cannot be had.
        filelock.Timeout: another process is at it, and `attempt.stop_requested` while this one waited.
        ValueError: the data are not those that the spec names, or the device is not there.
    """
    attempt = attempt or Attempt()
    store = RecordStore(attempt.results)
    lock = attempt.results / "locks" / f"{spec.id}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _turn(lock, attempt.stop_requested):
        remove_unfinished(checkpoint_path(attempt.results, spec), store.path(spec))
        if not attempt.fresh:
            record = store.read(spec)
            if record is not None and record.status == "done":
                return record
        record = _run(spec, attempt)
        store.write(record)
        return record


@contextmanager
def _turn(path: Path, stop_requested: Callable[[], bool]) -> Iterator[None]:
    """Hold a lock; while another process does, wait for it, but not once somebody asked to stop."""
    lock = FileLock(path)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            if stop_requested():
                raise
    try:
        yield
    finally:
        lock.release()


def _run(spec: TrialSpec, attempt: Attempt) -> TrialRecord:
    kind = _checked_kind(spec)
    device = choose_device(attempt.device)
    environment.prepare(device, attempt.threads)
    started = datetime.now(UTC)
    folds = load_images(spec.data.name, spec.data.fold, attempt.root)
    found = fingerprint(folds)
    if found != spec.data.sha256:
        raise ValueError(
            f"{spec.data.name} here has SHA-256 {found}, but trial {spec.id} was planned for "
            f"{spec.data.sha256}; use the same images or plan the trial anew"
        )
    model = kind(kind.Config(**spec.config), seed=spec.seed, device=device)
    trial = _Trial(spec, attempt, folds, model)
    status, reason = trial.outcome()
    commit, dirty = environment.code_version()
    return TrialRecord(
        spec=spec,
        status=status,
        reason=reason and one_line(reason),
        candidates=trial.candidates,
        learning_curve=tuple(trial.watch.curve),
        deviations=tuple(deviation.model_dump() for deviation in model.active_deviations()),
        provenance=Provenance(
            preset=attempt.preset,
            smaller=attempt.smaller,
            commit=commit,
            dirty=dirty,
            started=started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds={name: round(value, 3) for name, value in trial.seconds.items()},
            peak_memory=environment.peak_memory(),
            resumed=trial.watch.resumed,
            environment=environment.describe(device),
        ),
    )


def _checked_kind(spec: TrialSpec) -> Any:
    """The class of the spec's model, once it is known that this program runs what the spec says."""
    kind, protocol = models.model_class(spec.model), get_protocol(spec.evaluation.protocol)
    asked = (spec.model_version, spec.evaluation.protocol_version)
    if asked != (kind.version, protocol.version):
        raise ValueError(
            f"trial {spec.id} asks for version {asked[0]} of {spec.model} and version {asked[1]} of protocol "
            f"{protocol.name}; here are versions {kind.version} and {protocol.version}; plan the trial anew"
        )
    return kind


class _Trial:
    """The phases of one trial: train, sample, score."""

    def __init__(self, spec: TrialSpec, attempt: Attempt, folds: Sequence[Dataset], model: Any) -> None:
        self.spec, self.folds, self.model = spec, folds, model
        self.candidates: dict[Any, Candidate] = {}
        self.seconds: dict[str, float] = dict.fromkeys(
            ("training", "tracking", "sampling", "consecutive sampling", "scoring"), 0.0
        )
        self.watch = Watch(
            spec,
            # The authors' yamls watch the first fold, too.
            folds[0].valid,
            checkpoint_path(attempt.results, spec),
            stop_requested=attempt.stop_requested,
            checkpoint_seconds=attempt.checkpoint_seconds,
            position=attempt.progress_position,
            title=title(attempt.preset, spec),
        )
        if attempt.fresh:
            self.watch.checkpoint.unlink(missing_ok=True)

    def outcome(self) -> tuple[Status, str | None]:
        """Go through the phases; how it ended, and why if not well."""
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
            return "error", f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return "done", None

    def _train(self) -> None:
        train = self.folds[0].train
        if not isinstance(self.model, TrainedModel):
            started = time.monotonic()
            self.model.fit(train)
            self.seconds["training"] = time.monotonic() - started
            return
        try:
            try:
                self.model.fit(train, observer=self.watch, state=self.watch.load())
            except StateError as error:
                self.watch.set_aside(error)
                self.model.fit(train, observer=self.watch)
            self.watch.save(self.model)
        finally:
            self.watch.close()
            self.seconds["tracking"] = self.watch.tracking_seconds
            self.seconds["training"] = self.watch.training_seconds - self.watch.tracking_seconds

    def _score_candidates(self) -> None:
        last = self.model.epoch if isinstance(self.model, TrainedModel) else None
        self.candidates["last"] = self._candidate(last)
        # Where folds overlap, one fold's validation images are another's test images, and no choice among
        # the epochs can be made without looking at some of these.
        if len(self.folds) > 1 or self.watch.best_epoch in (None, last):
            self.candidates["best"] = self.candidates["last"]
            return
        self.model.load_parameters(self.watch.best_parameters)
        self.candidates["best"] = self._candidate(self.watch.best_epoch)

    def _candidate(self, epoch: int | None) -> Candidate:
        started = time.monotonic()
        random = generator(self.spec.seed, self.spec.model, "samples", device=self.model.device)
        samples = self.model.sample(self.spec.evaluation.n_samples, generator=random)
        expected = (self.spec.evaluation.n_samples, self.folds[0].train_pixels.shape[1])
        if tuple(samples.shape) != expected:
            raise ValueError(
                f"{self.spec.model} gave samples of shape {tuple(samples.shape)}, asked for {expected}"
            )
        if not bool(torch.isfinite(samples).all()):
            raise DivergedError(f"{self.spec.model}: the samples are not all finite")
        sampled = time.monotonic()
        scores = {
            protocol: self._score(samples, protocol)
            for protocol in dict.fromkeys((self.spec.evaluation.protocol, "refined"))
        }
        self.seconds["sampling"] += sampled - started
        self.seconds["scoring"] += time.monotonic() - sampled
        pixels = samples.detach().cpu().numpy().astype(np.float32, copy=False)
        chains, _ = self.model.chain_shape(len(pixels))
        return Candidate(
            epoch=epoch,
            samples_sha256=sha256_of_array(pixels),
            scores=scores,
            chains=chains,
            mixing=self._mixing(),
        )

    def _score(self, samples: Tensor, protocol: str) -> Score:
        with warnings.catch_warnings():
            # The record carries the flag, and the table shows it.
            warnings.simplefilter("ignore", GridEdgeWarning)
            scores = [
                _score(evaluate(samples, fold.valid, fold.test, protocol=protocol)) for fold in self.folds
            ]
        return Score.over_folds(scores)

    def _mixing(self) -> ChainDiagnostics | None:
        """What consecutive states are worth, however many chains the scored samples came from."""
        if not isinstance(self.model, TrainedModel):
            return None
        started = time.monotonic()
        random = generator(self.spec.seed, self.spec.model, "mixing", device=self.model.device)
        drawn = self.model.sample_consecutive(self.spec.evaluation.n_samples, generator=random)
        self.seconds["consecutive sampling"] += time.monotonic() - started
        return None if drawn is None else diagnose(drawn[0].cpu().numpy(), drawn[1])


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
