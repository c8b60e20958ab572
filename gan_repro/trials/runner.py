"""Running one trial from its spec to its record, and resuming it from its checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from gan_repro import models
from gan_repro.data.dataset import Dataset
from gan_repro.models.base import Model
from gan_repro.models.products import Products, require
from gan_repro.models.training import TrainedModel
from gan_repro.parzen.protocols import get_protocol
from gan_repro.trials import environment
from gan_repro.trials.images import fingerprint, load_images
from gan_repro.trials.monitor import TrainingMonitor
from gan_repro.trials.plugged import plugged_in
from gan_repro.trials.records import Origin, Provenance, TrialRecord
from gan_repro.trials.spec import TrialSpec
from gan_repro.trials.store import RecordStore
from gan_repro.trials.trial_run import TrialRun
from gan_repro.util.device import choose_device, prepare
from gan_repro.util.files import remove_unfinished
from gan_repro.util.folders import RUNS
from gan_repro.util.plugins import Plugin
from gan_repro.util.text import one_line


def _never() -> bool:
    return False


def _unheard(share: float) -> None:
    pass


@dataclass(frozen=True)
class RunOptions:
    """How a trial is run this time. Only device, threads and products can change its numbers."""

    results: Path = RUNS
    root: Path | None = None
    """The user's own data folder."""
    device: str = "auto"
    threads: int = 1
    """One by default, so that the bits do not depend on how many cores there are."""
    products: Products = "torch"
    """Who takes the matrix products of the training (`gan_repro.models.products`)."""
    fresh: bool = False
    """Train again, whatever record or checkpoint there is."""
    preset: str | None = None
    row: str | None = None
    """The row of the table that it is for, named in messages and progress bars; None: the model's name."""
    smaller: tuple[str, ...] = ()
    """What the preset makes smaller than the reference, in words, for the record."""
    plugins: tuple[Plugin, ...] = ()
    """What has to be loaded first, wherever the trial runs."""
    checkpoint_seconds: float = 60.0
    """Least time between two checkpoints within the training."""
    progress_position: int | None = 0
    """Line of the progress bar on stderr; None for no bar."""
    stop_requested: Callable[[], bool] = _never
    """Asked after every update; where it says True the trial saves its checkpoint and ends."""
    report_share: Callable[[float], None] = _unheard
    """Called after every epoch with the share of the epochs that is done."""


def checkpoint_path(results: Path, spec: TrialSpec) -> Path:
    """Return where the checkpoint of `spec` stands; after the trial it holds the trained model."""
    return results / "checkpoints" / f"{spec.id}.pt"


def run(spec: TrialSpec, options: RunOptions | None = None) -> TrialRecord:
    """Run a trial, or return its record if it is done; the record is written to the results folder.

    Two processes given the same trial take turns: the second finds it done. A failure of the model is not
    raised but recorded, with its status and reason.

    Raises:
        OSError: the results folder cannot be written, or the data cannot be had.
        filelock.Timeout: another process runs the trial, and `options.stop_requested` while this one waited.
        ValueError: the data are not those that the spec names, the device is not there, or a plug-in is not.
        MemoryError, RuntimeError: the machine or its card has too little memory, or the card has failed; the
            checkpoint stays.
    """
    options = options or RunOptions()
    for plugin in options.plugins:
        plugin.load()
    store = RecordStore(options.results)
    lock = options.results / "locks" / f"{spec.id}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _locked(lock, options.stop_requested):
        remove_unfinished(checkpoint_path(options.results, spec), store.path(spec))
        if not options.fresh:
            record = store.read_or_set_aside(spec)
            if record is not None and record.status == "done":
                return record
        record = _run(spec, options)
        store.write(record)
        return record


@contextmanager
def _locked(path: Path, stop_requested: Callable[[], bool]) -> Iterator[None]:
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


def _run(spec: TrialSpec, options: RunOptions) -> TrialRecord:
    kind = _checked_kind(spec)
    device = choose_device(options.device)
    prepare(device, options.threads)
    environment.forget_peak_memory(device)
    started = datetime.now(UTC)
    folds = load_images(spec.data.name, spec.data.fold, options.root)
    found = fingerprint(folds)
    if found != spec.data.sha256:
        raise ValueError(
            f"{spec.data.name} here has SHA-256 {found}, but trial {spec.id} was planned for "
            f"{spec.data.sha256}; use the same images or plan the trial anew"
        )
    model = kind(kind.Config(**spec.config), seed=spec.seed, device=device)
    if isinstance(model, TrainedModel):
        require(options.products, model.device)
        model.products = options.products
    origin = environment.origin(device, getattr(model, "products", "torch"))
    monitor = _monitor(spec, options, folds, origin)
    trial = TrialRun(spec, folds, model, monitor)
    status, reason = trial.run()
    return TrialRecord(
        spec=spec,
        status=status,
        reason=reason and one_line(reason),
        candidates=trial.candidates,
        learning_curve=tuple(monitor.curve),
        deviations=tuple(deviation.model_dump() for deviation in model.active_deviations()),
        provenance=Provenance(
            **origin.model_dump(),
            preset=options.preset,
            smaller=options.smaller,
            plugins=plugged_in(spec, options.row),
            started=started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds={name: round(value, 3) for name, value in trial.seconds.items()},
            peak_memory=environment.peak_memory(),
            peak_card_memory=environment.peak_card_memory(device),
            resumed=monitor.resumed,
            reseeded=tuple(getattr(model, "reseeded", ())),
            earlier=tuple(monitor.earlier),
        ),
    )


def _checked_kind(spec: TrialSpec) -> type[Model]:
    """Return the class of the spec's model, once it is known that this program runs what the spec says."""
    kind, protocol = models.model_class(spec.model), get_protocol(spec.evaluation.protocol)
    asked = (spec.model_version, spec.evaluation.protocol_version)
    if asked != (kind.version, protocol.version):
        raise ValueError(
            f"trial {spec.id} asks for version {asked[0]} of {spec.model} and version {asked[1]} of protocol "
            f"{protocol.name}; here are versions {kind.version} and {protocol.version}; plan the trial anew"
        )
    return kind


def _monitor(
    spec: TrialSpec, options: RunOptions, folds: Sequence[Dataset], origin: Origin
) -> TrainingMonitor:
    """Make the monitor of the training; with `fresh` any checkpoint of the trial is removed first."""
    checkpoint = checkpoint_path(options.results, spec)
    if options.fresh:
        checkpoint.unlink(missing_ok=True)
    return TrainingMonitor(
        spec,
        # The authors' yamls monitor the first fold, too.
        folds[0],
        checkpoint,
        origin=origin,
        stop_requested=options.stop_requested,
        checkpoint_seconds=options.checkpoint_seconds,
        position=options.progress_position,
        title=spec.title(options.row),
        report_share=options.report_share,
    )
