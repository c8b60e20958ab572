"""Trained models as recorded trials left them: how to load them.

A model comes from its checkpoint, which holds all of it and is looked for in the results folder, or else from
its published weights, which hold the generator that was scored. Trials and weights are looked for in the
results folder and then in the published record of the clone, which has no checkpoints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gan_repro import models
from gan_repro.data.dataset import Dataset
from gan_repro.experiments.base import Context
from gan_repro.experiments.recorded import read_trials, recorded_first
from gan_repro.experiments.weights import WeightsError, load_weights, published_weights, weights_path
from gan_repro.models.training import TrainedModel
from gan_repro.trials.checkpoint import OtherTrialError, checkpoint_path, read_checkpoint
from gan_repro.trials.images import load_images
from gan_repro.trials.presets import row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.util.folders import RUNS, is_published
from gan_repro.util.seeds import generator
from gan_repro.util.text import first_line


class NoModelError(RuntimeError):
    """The trained model that an experiment needs is not there; one sentence says which command makes it."""


@dataclass(frozen=True)
class Trained:
    """The generator that a trial was scored by, ready to sample."""

    record: TrialRecord
    dataset: Dataset
    model: Any

    @property
    def label(self) -> str:
        """Model and seed."""
        return f"{self.record.spec.model} seed {self.record.spec.seed}"

    def random(self, draw: int) -> torch.Generator:
        """Randomness of a draw of samples, where the model draws it.

        Number 0 is the one that the trial was scored on, if that was on this kind of device: a card draws
        other numbers than a CPU from the same seed.
        """
        spec = self.record.spec
        axes = ("samples",) if draw == 0 else ("samples", draw)
        return generator(spec.seed, spec.model, *axes, device=self.model.random_device)

    def samples(self, draw: int = 0, n: int | None = None) -> npt.NDArray[np.float32]:
        """`n` samples (n, d), by default as many as the trial was scored on."""
        n = self.record.spec.evaluation.n_samples if n is None else n
        return self.model.sample(n, generator=self.random(draw)).detach().cpu().numpy()


def load_all(
    context: Context,
    row: str,
    dataset: str,
    *,
    last: bool = False,
    seeds: Collection[int] | None = None,
    most: int | None = None,
) -> list[Trained]:
    """Load the trained models of a row that are here, by seed; name those that are not on stderr.

    Args:
        context: where trials and data are.
        row: of the table.
        dataset: by name.
        last: the models as training left them, and not the generators that were scored.
        seeds: of training; None for all that are recorded.
        most: how many are loaded at most, those of the smallest seeds; None for all.

    Raises:
        NoModelError: there is none.
    """
    found: list[Trained] = []
    missing: list[str] = []
    records = recorded_first(read_trials(context), row, dataset)
    all_collapsed = all(record.collapsed for record in records)
    for record in records:
        if len(found) == most:
            break
        if seeds is not None and record.spec.seed not in seeds:
            continue
        if record.collapsed and not all_collapsed:
            missing.append(f"{record.spec.id} has collapsed, and no mean runs over such nets and others")
            continue
        try:
            found.append(load(record, context, last=last))
        except NoModelError as error:
            missing.append(str(error))
    if not found:
        raise NoModelError(missing[0] if missing else nothing_recorded(context, row, dataset))
    for line in missing:
        context.log(f"left out: {line}")
    return found


def load_rows(
    context: Context,
    rows: Sequence[str],
    dataset: str,
    *,
    seeds: Collection[int] | None = None,
    most: int | None = None,
) -> Iterator[tuple[str, list[Trained]]]:
    """Load the trained models of rows, one row at a time; rows that have none here are named on stderr.

    Args:
        context: where trials and data are.
        rows: of the table, at least one.
        dataset: by name.
        seeds: as in `load_all`, of each row.
        most: as in `load_all`, of each row.

    Raises:
        NoModelError: no row has any.
    """
    missing = []
    for row in rows:
        try:
            nets = load_all(context, row, dataset, seeds=seeds, most=most)
        except NoModelError as error:
            missing.append(str(error))
        else:
            yield row, nets
    if len(missing) == len(rows):
        raise NoModelError(missing[0])
    for line in missing:
        context.log(f"left out: {line}")


def load(record: TrialRecord, context: Context, *, last: bool = False, device: str = "cpu") -> Trained:
    """Load the generator that a recorded trial was scored by, from its checkpoint or its published weights.

    With `last`, which takes a checkpoint, it is the model as training left it, both nets of adversarial ones.

    Raises:
        NoModelError: there is neither, or it is of another trial, or the trial had not ended.
    """
    spec = record.spec
    try:
        return load_checkpoint(record, context, last=last, device=device)
    except NoModelError as error:
        folder = next((folder for folder in context.folders if spec.id in published_weights(folder)), None)
        if folder is None:
            raise
        if last:
            part = f"{weights_path(folder, spec.id)} holds what samples are drawn from, and no more"
            raise NoModelError(f"{part}; to train on takes a checkpoint, and {error}") from error
    dataset = load_images(spec.data.name, spec.data.fold, context.root)[0]
    try:
        return Trained(record, dataset, load_weights(record, folder, dataset, device))
    except WeightsError as error:
        raise NoModelError(str(error)) from error


def load_checkpoint(
    record: TrialRecord, context: Context, *, last: bool = False, device: str = "cpu"
) -> Trained:
    """Load the generator that a recorded trial was scored by, from its checkpoint.

    With `last` it is the model as training left it, both nets of adversarial ones.

    It is put on `device`, whatever device the checkpoint comes from.

    Raises:
        NoModelError: there is no checkpoint, it is damaged or of another trial, or the trial had not ended.
    """
    spec = record.spec
    path = checkpoint_path(context.results, spec)
    preset = record.provenance.preset
    row = row_under(preset, spec) or spec.model
    # The record is there, without which a net that is done would not be trained again.
    remedy = _command(context.results, row, spec.data.name, preset or "quick", spec.seed, " --fresh")
    if not path.exists():
        raise NoModelError(f"the trained model of {spec.id} is not in {path.parent}; {remedy}")
    try:
        monitor, state = read_checkpoint(path, spec)
        ended = state["stopped"] or state["epoch"] >= spec.config["epochs"]
    except OtherTrialError as error:
        raise NoModelError(f"{path} holds another trial; {remedy}") from error
    except Exception as error:  # torch.load raises many kinds for damaged files
        reason = first_line(error)
        raise NoModelError(f"{path} cannot be read ({reason}); {remedy}") from error
    if not ended:
        raise NoModelError(f"{path} is not finished; {remedy}")
    dataset = load_images(spec.data.name, spec.data.fold, context.root)[0]
    kind = models.model_class(spec.model)
    model = kind(kind.Config(**spec.config), seed=spec.seed, device=device)
    if not isinstance(model, TrainedModel):
        raise NoModelError(f"{spec.model} has no training whose end {path} could hold; {remedy}")
    model.fit(dataset.train, state=state)
    # Of a model scored on folds that share images the last state was scored, whichever was best.
    if not last and record.scored.epoch != model.epoch:
        model.load_parameters(monitor.best_parameters)
    return Trained(record, dataset, model)


def nothing_recorded(context: Context, model: str, dataset: str) -> str:
    """What is missing where no trial of a model is finished, and what makes one; a sentence."""
    remedy = _command(context.results, model, dataset, "quick", 1)
    where = " or ".join(str(folder) for folder in context.folders)
    return f"no finished trial of {model} on {dataset} is recorded in {where}; {remedy}"


def _command(results: Path, row: str, dataset: str, preset: str, seed: int, fresh: str = "") -> str:
    """The command that trains one net, that seed and no other, into a folder where a user may write."""
    runs = RUNS if is_published(results) else results
    there = f", then look there with --runs {runs}" if runs != results else ""
    return (
        f"make it with: gan-repro table --preset {preset} --datasets {dataset} --rows {row} "
        f"--seed {seed}{fresh} --runs {runs}{there}"
    )
