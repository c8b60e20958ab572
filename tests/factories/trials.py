"""Trials small enough for tests: nets of a few units on scikit-learn's digits, run without a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_repro import data
from gan_repro.trials.presets import Planned
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

TINY_GAN = {
    "epochs": 4,
    "generator_hidden": [{"units": 16}],
    "discriminator_hidden": [8],
    "pieces": 2,
    "noise_dimension": 10,
}
"""Settings of an adversarial net that trains in a moment; an epoch of the digits is ten updates."""

TINY_STACK = {"epochs": 4, "layers": [12, 10], "chains": 4, "burn_in": 2}
"""The same for a DBN, CAE or GSN."""


def digits_images() -> DataSpec:
    """The digits, as a spec names them."""
    return DataSpec(name="digits", sha256=data.load("digits").sha256)


def tiny_trial(
    images: DataSpec,
    model: str = "gan",
    *,
    seed: int = 1,
    evaluation: dict[str, Any] | None = None,
    **settings: Any,
) -> TrialSpec:
    """A trial of 100 samples, looked at after every epoch; the adversarial net is `TINY_GAN`."""
    chosen = {**TINY_GAN, **settings} if model == "gan" else settings
    score = EvaluationSpec(**{"n_samples": 100, "track_every": 1, **(evaluation or {})})
    return make_spec(model, images, seed=seed, settings=chosen, evaluation=score)


def planned(spec: TrialSpec, minutes: float = 1.0) -> Planned:
    """The trial as a plan has it."""
    return Planned(spec, "smoke", (), minutes)


def quiet(results: Path, **changes: Any) -> RunOptions:
    """Run on the CPU into a folder, without a progress bar."""
    return RunOptions(**{"results": results, "progress_position": None, "device": "cpu", **changes})


def numbers(record: TrialRecord) -> dict[str, Any]:
    """Everything in a record but where, when and with what it was made: what must come back to the bit."""
    return record.model_dump(exclude={"provenance"})
