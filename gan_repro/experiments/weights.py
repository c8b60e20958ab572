"""Published weights: the generator that a recorded trial was scored by, in a file that anyone can load.

results/weights/ID.safetensors holds its parameters (float32). ID.json beside it says whose they are: which
candidate of which trial, after which epoch, and the SHA-256 of the file and of the samples that were scored.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load

from gan_repro import models
from gan_repro.data.dataset import Dataset
from gan_repro.models.training import TrainedModel
from gan_repro.trials.records import TrialRecord
from gan_repro.util.files import read_regular

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
    spec, content = record.spec, read_weights(record, results)
    path = weights_path(results, spec.id)
    kind = models.model_class(spec.model)
    if not issubclass(kind, TrainedModel):
        raise WeightsError(f"{spec.id} trains no parameters, and {path.name} can be none of it")
    model = kind(kind.Config(**{**spec.config, "epochs": 0}), seed=spec.seed, device=device)
    model.fit(images.train)
    model.config = kind.Config(**spec.config)
    try:
        model.load_parameters(load(content))
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{path.name} does not fit {spec.id}: {error}") from error
    return model


def read_weights(record: TrialRecord, results: Path) -> bytes:
    """Read the file of a trial's published weights, and compare it with its sidecar and the record.

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
    if hashlib.sha256(content).hexdigest() != sidecar.weights_sha256:
        raise WeightsError(f"{path.name} is not the file that {path.stem}.json describes")
    return content


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
