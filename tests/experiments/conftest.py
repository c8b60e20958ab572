"""A results folder with small finished trials on the digits, which experiments can take up."""

from __future__ import annotations

import pytest

from gan_repro import trials
from gan_repro.experiments.base import Context
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.spec import EvaluationSpec

SETTINGS = {
    "gan": {
        "epochs": 2,
        "generator_hidden": [{"units": 16}],
        "discriminator_hidden": [8],
        "noise_dimension": 10,
    },
    "gsn": {"epochs": 1, "layers": [16, 16], "chains": 10, "burn_in": 2},
}


@pytest.fixture(scope="session")
def small_results(tmp_path_factory):
    """One trial each of a GAN and a GSN, with checkpoints."""
    results = tmp_path_factory.mktemp("results")
    source = trials.source("digits")
    evaluation = EvaluationSpec(n_samples=100, track_every=1)
    for model, settings in SETTINGS.items():
        spec = trials.make_spec(model, source, seed=1, settings=settings, evaluation=evaluation)
        record = trials.run(spec, RunOptions(results=results, device="cpu", progress_position=None))
        assert record.status == "done"
    return results


@pytest.fixture
def context(small_results):
    return Context(small_results)
