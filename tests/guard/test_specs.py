"""Specs that cannot be: refused when they are made, with the entry that is wrong, and never run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gan_repro import data
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec, TrialSpec, make_spec
from tests.guard.oracle import cases, within

NAN, INFINITY = float("nan"), float("inf")
GOOD: dict[str, Any] = {
    "model": "gan",
    "model_version": 1,
    "config": {},
    "data": {"name": "digits", "sha256": "5" * 64},
    "seed": 1,
}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model": None}, "model"),
    "an empty model": ({"model": ""}, "model"),
    "a model up the tree": ({"model": "../gan"}, "model"),
    "an absolute model": ({"model": "/tmp/gan"}, "model"),
    "a hidden model": ({"model": ".gan"}, "model"),
    "a model that looks like an option": ({"model": "-rf"}, "model"),
    "a model of two lines": ({"model": "gan\nx"}, "model"),
    "a model with a line end": ({"model": "gan\n"}, "model"),
    "a model with a NUL": ({"model": "gan\0"}, "model"),
    "a model with a backslash": ({"model": "a\\b"}, "model"),
    "a model of 65 letters": ({"model": "g" * 65}, "model"),
    "a data set up the tree": ({"data": {"name": "../mnist", "sha256": "5" * 64}}, "name"),
    "a data set without a hash": ({"data": {"name": "mnist"}}, "sha256"),
    "a hash of 63 digits": ({"data": {"name": "mnist", "sha256": "5" * 63}}, "sha256"),
    "a hash with a line end": ({"data": {"name": "mnist", "sha256": "5" * 64 + "\n"}}, "sha256"),
    "a fold in words": ({"data": {"name": "mnist", "sha256": "5" * 64, "fold": "first"}}, "fold"),
    "an unknown entry of the data": ({"data": {"name": "mnist", "sha256": "5" * 64, "x": 1}}, "x"),
    "a negative seed": ({"seed": -1}, "seed"),
    "half a seed": ({"seed": 0.5}, "seed"),
    "a NaN seed": ({"seed": NAN}, "seed"),
    "a seed past 64 bits": ({"seed": 2**63}, "seed"),
    "a seed of 10,000 digits": ({"seed": 10**10_000}, "seed"),
    "no seed": ({"seed": None}, "seed"),
    "another schema": ({"schema_version": 2}, "schema_version"),
    "an unknown entry": ({"x": 1}, "x"),
    "a configuration of NaN": ({"config": {"learning_rate": NAN}}, "config"),
    "a configuration of infinity": ({"config": {"learning_rate": INFINITY}}, "config"),
    "a configuration with an object": ({"config": {"learning_rate": object()}}, "config"),
    "a configuration with a set": ({"config": {"layers": {1, 2}}}, "config"),
    "a configuration of depth 100,000": ({"config": {"layers": nested(100_000)}}, "config"),
    "a configuration that is a list": ({"config": [1]}, "config"),
    "one sample": ({"evaluation": {"n_samples": 1}}, "n_samples"),
    "a trillion samples": ({"evaluation": {"n_samples": 10**12}}, "n_samples"),
    "half a sample": ({"evaluation": {"n_samples": 2.5}}, "n_samples"),
    "tracking backwards": ({"evaluation": {"track_every": -1}}, "track_every"),
    "no patience": ({"evaluation": {"patience": 0}}, "patience"),
    "patience without tracking": ({"evaluation": {"patience": 1, "track_every": 0}}, "patience"),
    "an unknown entry of the evaluation": ({"evaluation": {"folds": 5}}, "folds"),
}


@cases(ENTRIES)
def test_a_bad_entry_is_refused_by_name(case: tuple[dict[str, Any], str]) -> None:
    changes, name = case
    with within(), pytest.raises(ValidationError) as refused:
        TrialSpec.model_validate({**GOOD, **changes})
    (error,) = refused.value.errors(include_input=False)
    assert name in (*error["loc"], *error["msg"].split())


SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "an unknown setting": ("gan", {"epoch": 3}),
    "negative epochs": ("gan", {"epochs": -1}),
    "half an epoch": ("gan", {"epochs": 0.5}),
    "a NaN rate": ("gan", {"learning_rate": NAN}),
    "an infinite rate": ("gan", {"learning_rate": INFINITY}),
    "a rate in words": ("gan", {"learning_rate": "small"}),
    "no batch": ("gan", {"batch_size": 0}),
    "a layer of nothing": ("gan", {"generator_hidden": [{"units": 0}]}),
    "no noise": ("gan", {"noise_dimension": 0}),
    "a stack without layers": ("dbn", {"layers": []}),
    "a stack of negative layers": ("cae", {"layers": [-5]}),
    "shares for other layers": ("dbn", {"epoch_shares": [1, 2, 3]}),
    "an infinite share": ("dbn", {"epoch_shares": [INFINITY, 1]}),
    "no chains": ("dbn", {"chains": 0}),
    "a momentum of one": ("dbn", {"momentum": 1}),
    "no clusters": ("kmeans", {"n_clusters": 0}),
    "no iterations": ("kmeans", {"max_iterations": 0}),
    "a setting for a model without": ("gaussian", {"epochs": 1}),
}


@cases({f"{model}: {name}": (model, values) for name, (model, values) in SETTINGS.items()})
def test_a_bad_setting_is_refused_before_training(case: tuple[str, dict[str, Any]]) -> None:
    model, values = case
    with within(), pytest.raises(ValueError, match="|".join(values)) as refused:
        make_spec(model, DataSpec(name="digits", sha256="5" * 64), seed=1, settings=values)
    assert "config" in str(refused.value).lower()


TRIALS: dict[str, tuple[Callable[[TrialSpec], dict[str, Any]], str]] = {
    "an unknown model": (lambda spec: {"model": "gam"}, "did you mean gan"),
    "another version of the model": (lambda spec: {"model_version": 99}, "plan the trial anew"),
    "an unknown protocol": (
        lambda spec: {"evaluation": spec.evaluation.model_copy(update={"protocol": "best"})},
        "no protocol is called 'best'",
    ),
    "another version of the protocol": (
        lambda spec: {"evaluation": spec.evaluation.model_copy(update={"protocol_version": 99})},
        "plan the trial anew",
    ),
    "an unknown data set": (
        lambda spec: {"data": spec.data.model_copy(update={"name": "digit"})},
        "did you mean digits?",
    ),
    "a fold of a set without": (lambda spec: {"data": spec.data.model_copy(update={"fold": 0})}, "no folds"),
    "other images": (
        lambda spec: {"data": spec.data.model_copy(update={"sha256": "0" * 64})},
        "use the same images or plan the trial anew",
    ),
    "a setting that the model lacks": (lambda spec: {"config": {"x": 1}}, "x"),
}


@cases(TRIALS)
def test_a_trial_that_cannot_run_is_refused_before_training(
    case: tuple[Callable[[TrialSpec], dict[str, Any]], str],
    digits: data.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes, says = case
    monkeypatch.setattr("gan_repro.models.gan.model.GAN.fit", None)
    spec = make_spec("gan", DataSpec(name="digits", sha256=digits.sha256), seed=1)
    with within(), pytest.raises(ValueError, match=says):
        run(spec.model_copy(update=changes(spec)), RunOptions(results=tmp_path, device="cpu"))
    assert not (tmp_path / "trials").exists()
    assert not (tmp_path / "checkpoints").exists()
