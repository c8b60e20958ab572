"""Trials small enough for tests: an adversarial net of a few units on scikit-learn's digits."""

from __future__ import annotations

import pytest

from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

TINY_GAN = {
    "epochs": 4,
    "generator_hidden": [{"units": 16}],
    "discriminator_hidden": [8],
    "pieces": 2,
    "noise_dimension": 10,
}


@pytest.fixture(scope="session")
def digits_spec(digits) -> DataSpec:
    return DataSpec(name="digits", sha256=digits.sha256)


@pytest.fixture
def tiny_spec(digits_spec):
    def make(model: str = "gan", seed: int = 1, evaluation: dict | None = None, **settings) -> TrialSpec:
        chosen = {**TINY_GAN, **settings} if model == "gan" else settings
        score = EvaluationSpec(**{"n_samples": 100, "track_every": 1, **(evaluation or {})})
        return make_spec(model, digits_spec, seed=seed, settings=chosen, evaluation=score)

    return make
