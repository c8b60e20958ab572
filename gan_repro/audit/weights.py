"""Published weights: the generator that a recorded trial was scored by, in a file that anyone can load.

results/weights/ID.safetensors holds its parameters (float32). ID.json beside it says whose they are: which
candidate of which trial, after which epoch, and the SHA-256 of the file and of the samples that were scored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from gan_repro import models
from gan_repro.data.dataset import Dataset
from gan_repro.experiments.base import Context
from gan_repro.experiments.trained import load as load_trained
from gan_repro.models.base import TrainedModel
from gan_repro.stats.spread import spread
from gan_repro.trials.records import TrialRecord
from gan_repro.util.files import atomic_write, read_regular, sha256_of_array, sha256_of_file

FOLDER = "weights"
"""Below a results folder."""

_MOST_BYTES = 2**30

Sha256 = Field(pattern="^[0-9a-f]{64}$")


class Sidecar(BaseModel):
    """What is said of a file of weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trial: str
    """Its id."""
    candidate: Literal["best", "last"]
    epoch: int | None
    weights_sha256: str = Sha256
    """Of the file."""
    weights_bytes: int
    samples_sha256: str = Sha256
    """Of the samples that the trial was scored on, as in its record."""
    sample_spread: float
    """Spread across these samples over that across the training images."""


class WeightsError(ValueError):
    """Weights cannot be published, or are not what they should be; one sentence says why."""


def weights_path(results: Path, trial_id: str) -> Path:
    """Where the weights of a trial stand."""
    return results / FOLDER / f"{trial_id}.safetensors"


def sidecar_path(results: Path, trial_id: str) -> Path:
    """Where it is said what these weights are."""
    return weights_path(results, trial_id).with_suffix(".json")


def export_weights(record: TrialRecord, context: Context, to: Path) -> Sidecar:
    """Publish the generator of a finished trial, from its checkpoint, once it gives the recorded samples.

    Args:
        record: of the trial.
        context: where its checkpoint and its data are.
        to: the results folder that the files are written to.

    Raises:
        WeightsError: the trial has no parameters, or the samples drawn here are not those of the record.
        NoModelError: its checkpoint is not there.
        OSError: the files cannot be written.
    """
    trained = load_trained(record, context)
    if not isinstance(trained.model, TrainedModel):
        raise WeightsError(f"{record.spec.id} trains no parameters; replay it instead")
    samples = trained.samples()
    if sha256_of_array(samples) != record.scored.samples_sha256:
        raise WeightsError(
            f"the checkpoint of {record.spec.id} gives other samples here than were scored; export it on"
            " the kind of machine that trained it"
        )
    path = weights_path(to, record.spec.id)
    atomic_write(path, save({name: _storable(t) for name, t in trained.model.parameters().items()}))
    sidecar = Sidecar(
        trial=record.spec.id,
        candidate=record.spec.evaluation.scored,
        epoch=record.scored.epoch,
        weights_sha256=sha256_of_file(path),
        weights_bytes=path.stat().st_size,
        samples_sha256=record.scored.samples_sha256,
        sample_spread=spread(samples) / spread(trained.dataset.train),
    )
    atomic_write(sidecar_path(to, record.spec.id), json.dumps(sidecar.model_dump(), indent=1) + "\n")
    return sidecar


def load_weights(record: TrialRecord, results: Path, images: Dataset, device: str = "cpu") -> TrainedModel:
    """Load the published generator of a trial.

    Args:
        record: of the trial.
        results: the results folder that holds the weights.
        images: the trial's own, from which the model's shape is made.
        device: where it is to sample.

    Raises:
        WeightsError: there are no weights, or they are not the trial's.
    """
    spec = record.spec
    sidecar = read_sidecar(results, spec.id)
    path = weights_path(results, spec.id)
    if (sidecar.candidate, sidecar.epoch) != (spec.evaluation.scored, record.scored.epoch):
        raise WeightsError(f"{path.name} is of another generator than the one that was scored")
    if sidecar.samples_sha256 != record.scored.samples_sha256:
        raise WeightsError(f"{sidecar_path(results, spec.id).name} names other samples than the record")
    content = _read(path)
    if sha256_of_file(path) != sidecar.weights_sha256:
        raise WeightsError(f"{path.name} is not the file that {path.stem}.json describes")
    kind = models.model_class(spec.model)
    model: TrainedModel = kind(kind.Config(**{**spec.config, "epochs": 0}), seed=spec.seed, device=device)
    model.fit(images.train)
    model.config = kind.Config(**spec.config)
    try:
        model.load_parameters(load(content))
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{path.name} does not fit {spec.id}: {error}") from error
    return model


def read_sidecar(results: Path, trial_id: str) -> Sidecar:
    """Read what is said of a trial's weights.

    Raises:
        WeightsError: there is nothing, or it is not what it should be.
    """
    path = sidecar_path(results, trial_id)
    try:
        sidecar = Sidecar.model_validate_json(_read(path))
    except ValidationError as error:
        raise WeightsError(f"{path.name} does not describe weights: {error.errors()[0]['msg']}") from error
    if sidecar.trial != trial_id:
        raise WeightsError(f"{path.name} describes the weights of {sidecar.trial}")
    return sidecar


def published_weights(results: Path) -> list[str]:
    """List the ids of the trials whose weights are published."""
    return sorted(
        path.stem for path in (results / FOLDER).glob("*.safetensors") if path.with_suffix(".json").exists()
    )


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error


def _storable(tensor: torch.Tensor) -> torch.Tensor:
    """Give the tensor on the CPU, in one piece, with real numbers as float32."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous().clone()
