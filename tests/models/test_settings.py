"""A model may gain settings; the trials that were recorded before keep their ids."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import ValidationError

from gan_repro import models
from gan_repro.models.base import ModelConfig
from gan_repro.trials.spec import DataSpec, EvaluationSpec, make_spec


class Part(ModelConfig):
    newer_fields: ClassVar[frozenset[str]] = frozenset({"bias"})
    units: int
    bias: float = 0.0


class Whole(ModelConfig):
    newer_fields: ClassVar[frozenset[str]] = frozenset({"first", "extra"})
    parts: tuple[Part, ...] = (Part(units=3),)
    first: Part = Part(units=1)
    extra: float | None = None


def test_a_newer_field_is_written_only_where_it_says_something() -> None:
    assert Whole().model_dump() == {"parts": ({"units": 3},)}
    assert Whole().model_dump_json() == '{"parts":[{"units":3}]}'
    changed = Whole(parts=(Part(units=2), Part(units=2, bias=-2)), first=Part(units=1, bias=1), extra=0)
    assert changed.model_dump(mode="json") == {
        "parts": [{"units": 2}, {"units": 2, "bias": -2.0}],
        "first": {"units": 1, "bias": 1.0},
        "extra": 0.0,
    }
    assert Whole.model_validate_json(changed.model_dump_json()) == changed


def test_older_fields_are_always_written_unknown_ones_refused() -> None:
    assert Whole(extra=1).model_dump(exclude={"extra"}) == {"parts": ({"units": 3},)}
    with pytest.raises(ValidationError, match="no_such"):
        Whole.model_validate({"no_such": 1})


@pytest.mark.parametrize("name", models.names())
def test_newer_fields_are_fields(name: str) -> None:
    kind = models.model_class(name).Config
    assert kind.newer_fields <= kind.model_fields.keys()


@pytest.mark.parametrize(
    ("trial", "settings", "evaluation"),
    [
        ("gan-mnist-seed1-e35d5adf5cb2", {"epochs": 100}, {}),
        ("dbn-mnist-seed1-1a0f426da37f", {}, {}),
        ("cae-mnist-seed1-70e929ccebc9", {}, {}),
        (
            "gsn-mnist-seed1-39e5d23d64f1",
            {"epochs": 6, "learning_rate": 2.0, "hidden_noise": 1.5},
            {"track_every": 1},
        ),
        ("kmeans-mnist-seed1-1b67277f1130", {}, {}),
        ("gaussian-mnist-seed1-5c3913dc51a2", {}, {}),
        ("train-set-mnist-seed1-8de6f9835df2", {}, {}),
    ],
)
def test_defaults_of_recorded_trials_are_todays(trial: str, settings: dict, evaluation: dict) -> None:
    """These trials named so many settings and left the rest to the defaults of their day."""
    model = trial.partition("-mnist")[0]
    data = DataSpec(name="mnist", sha256="5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96")
    again = make_spec(model, data, seed=1, settings=settings, evaluation=EvaluationSpec(**evaluation))
    assert again.id == trial
