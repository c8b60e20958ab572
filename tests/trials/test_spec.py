"""A trial's name is a function of all that its numbers depend on."""

import pytest
from pydantic import ValidationError

from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec


def test_every_part_counts_for_the_id(tiny_spec, digits_spec):
    base = tiny_spec()
    others = [
        tiny_spec(seed=2),
        tiny_spec(epochs=5),
        tiny_spec(evaluation={"n_samples": 101}),
        tiny_spec(evaluation={"track_every": 2}),
        tiny_spec(model="train-set"),
        base.model_copy(update={"data": digits_spec.model_copy(update={"sha256": "0" * 64})}),
        base.model_copy(update={"data": digits_spec.model_copy(update={"fold": 1})}),
        base.model_copy(update={"model_version": 2}),
    ]
    assert len({spec.id for spec in [base, *others]}) == len(others) + 1


def test_neither_order_nor_written_defaults_change_the_id(digits_spec):
    one = make_spec("gan", digits_spec, seed=1, settings={"epochs": 3, "pieces": 2})
    two = make_spec("gan", digits_spec, seed=1, settings={"pieces": 2, "epochs": 3, "noise": "uniform"})
    assert one == two
    assert one.id == two.id


def test_a_spec_survives_json(tiny_spec):
    spec = tiny_spec()
    again = TrialSpec.model_validate_json(spec.canonical_json())
    assert again == spec
    assert again.id == spec.id


@pytest.mark.parametrize(
    "broken",
    [
        {"seed": -1},
        {"schema_version": 99},
        {"surprise": 1},
        {"data": {"name": "digits", "sha256": "short"}},
        {"evaluation": {"track_every": 0, "patience": 5}},
    ],
)
def test_impossible_specs_are_refused(tiny_spec, broken):
    with pytest.raises(ValidationError):
        TrialSpec.model_validate({**tiny_spec().model_dump(), **broken})


def test_unknown_models_and_settings_are_refused_with_a_hint(digits_spec):
    with pytest.raises(ValueError, match="did you mean gan"):
        make_spec("gam", digits_spec, seed=1)
    with pytest.raises(ValidationError, match="learning_rat"):
        make_spec("gan", digits_spec, seed=1, settings={"learning_rat": 1})


def test_the_canonical_form_writes_defaults_out(digits_spec):
    text = make_spec("train-set", digits_spec, seed=1).canonical_json()
    assert '"n_samples":10000' in text
    assert '"protocol_version":1' in text
    newer = {"looks", "scored"}  # left out at their defaults, so that older trials keep their ids
    for field in {*DataSpec.model_fields, *EvaluationSpec.model_fields} - newer:
        assert f'"{field}":' in text
    chosen = EvaluationSpec(looks=10, scored="last")
    text = make_spec("train-set", digits_spec, seed=1, evaluation=chosen).canonical_json()
    assert '"looks":10' in text
    assert '"scored":"last"' in text
