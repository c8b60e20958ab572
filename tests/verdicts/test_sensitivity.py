"""The table of sensitivity is a function of records, and compares with the margins that the paper prints."""

import pytest

from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord, Finding
from gan_repro.verdicts import sensitivity
from tests.tables.test_table import record


def experiment(name, values):
    return ExperimentRecord(
        name=name,
        settings={},
        provenance=ExperimentProvenance(commit=None, dirty=None, started="", finished="", environment={}),
        findings={
            key: Finding(value=value, standard_error=0.5, unit="nats", over="draws of samples", what="x")
            for key, value in values.items()
        },
    )


def test_margins_are_those_between_neighbours_in_the_printed_table():
    assert list(sensitivity.margins().values()) == [225 - 214, 214 - 138, 138 - 121]


def test_a_row_holds_the_largest_effect_and_the_difference_between_models():
    made = experiment(
        "sensitivity", {"sigma-continuous/gan": 8.0, "sigma-continuous/gsn": -3.0, "other": 1.0}
    )
    (row,) = sensitivity.table(made)
    assert row.effects == {"gan": (8.0, 0.5), "gsn": (-3.0, 0.5)}
    assert (row.largest, row.between_models) == (8, 11)
    assert list(row.of_margins.values()) == pytest.approx([8 / 11, 8 / 76, 8 / 17])


def test_effects_of_the_trials_records_alone():
    trials = [record(seed=1, value=160), record(seed=2, value=166), record(model="dbn", value=200)]
    rows = {row.choice: row for row in sensitivity.table(trials=trials)}
    # `record` makes the refined score 5 nats higher than the authors', and best equal to last.
    assert rows["refined"].effects["gan"] == (5, 0)
    assert rows["refined"].effects["dbn"] == (5, None)
    assert rows["best-generator"].effects["gan"][0] == 0
    assert rows["spread-test"].effects["gan"] == (2, None)
    assert rows["spread-seeds"].effects == {"gan": (pytest.approx(18**0.5), None)}
    assert rows["spread-seeds"].between_models is None


def test_the_number_of_samples_is_one_effect_of_one_model():
    made = experiment("sample-count", {"effect_10000_1000000": 60.0, "effect": 90.0, "score_10000": 1.0})
    (row,) = sensitivity.table(made)
    assert (row.choice, row.effects, row.between_models) == ("sample-count", {"gan": (60.0, 0.5)}, None)


def test_the_table_for_people_names_every_margin():
    text = sensitivity.markdown(sensitivity.table(experiment("sensitivity", {"dequantised/gan": 1.5})))
    assert "| images dequantised | 1.5 ± 0.5" in text
    assert "11 (Adversarial nets over Deep GSN)" in text
    assert "14%" in text


def test_no_records_no_rows():
    assert sensitivity.table() == []
