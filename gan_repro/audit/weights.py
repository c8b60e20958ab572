"""Publishing weights: the generator that a recorded trial was scored by, from its checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save

from gan_repro import models
from gan_repro.experiments.base import Context
from gan_repro.experiments.trained import load_checkpoint
from gan_repro.experiments.weights import Sidecar, WeightsError, sidecar_path, weights_path
from gan_repro.models.training import TrainedModel
from gan_repro.stats.spread import spread
from gan_repro.trials.environment import device_kind
from gan_repro.trials.records import TrialRecord
from gan_repro.util.device import choose_device
from gan_repro.util.files import atomic_write, sha256_of_array, sha256_of_file


def export_weights(record: TrialRecord, context: Context, to: Path) -> Sidecar:
    """Publish the generator of a finished trial, from its checkpoint, once it gives the recorded samples.

    Args:
        record: of the trial.
        context: where its checkpoint and its data are.
        to: the results folder that the files are written to.

    Raises:
        WeightsError: the trial has no parameters, or the samples drawn here are not those of the record.
        NoModelError: its checkpoint is not there.
        ValueError: a card drew the samples, and there is none here.
        OSError: the files cannot be written.
    """
    if not issubclass(models.model_class(record.spec.model), TrainedModel):
        raise WeightsError(f"{record.spec.id} trains no parameters; replay it instead")
    # The noise of the recorded samples is that of the device that drew them.
    device = choose_device(device_kind(record.provenance.environment))
    trained = load_checkpoint(record, context, device=device)
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


def _storable(tensor: torch.Tensor) -> torch.Tensor:
    """Give the tensor on the CPU, in one piece, with real numbers as float32."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous().clone()
