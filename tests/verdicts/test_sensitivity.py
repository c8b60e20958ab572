"""The table of sensitivity is a function of records, and compares with the margins that the paper prints."""

from itertools import pairwise
from pathlib import Path

import pytest

from gan_repro import load_results
from gan_repro.experiments import chains, sample_count
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord, Finding
from gan_repro.experiments.sample_count import CountPoint
from gan_repro.experiments.sensitivity import CHOICES
from gan_repro.verdicts import sensitivity
from tests.factories.records import record, trial, trials

ROOT = Path(__file__).parents[2]


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


def test_margins_are_those_between_neighbours_in_the_table():
    assert [margin.nats for margin in sensitivity.margins()] == [225 - 214, 214 - 138, 138 - 121]


def test_a_row_holds_the_effects_and_their_difference():
    made = experiment(
        "sensitivity", {"sigma-continuous/gan": 8.0, "sigma-continuous/gsn": -3.0, "other": 1.0}
    )
    (row,) = sensitivity.table(made)
    assert row.effects == {"gan": (8.0, 0.5), "gsn": (-3.0, 0.5)}
    assert (row.between_models, row.of_margin) == (11, (1, "Adversarial nets over Deep GSN"))


def test_a_choice_added_to_the_experiment_has_a_row(monkeypatch):
    monkeypatch.setitem(CHOICES, "spread-pixels", ("few wide", "few grid", "pixels spread to two bytes"))
    made = experiment("sensitivity", {"spread-pixels/gan": 2.0, "spread-pixels/gsn": 1.0})
    (row,) = sensitivity.table(made)
    assert (row.label, row.between_models) == ("pixels spread to two bytes", 1)
    assert row.of_margin == (pytest.approx(1 / 11), "Adversarial nets over Deep GSN")


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


def test_the_number_of_samples_is_one_effect_of_one_row():
    record = load_results(ROOT / "results").experiments["sample-count"]
    (row,) = sensitivity.table(record)
    points = {int(point.n): point.score for point in record.points(sample_count.CURVE, CountPoint)}
    effect = record.findings[sample_count.effect_name(10_000, 1_000_000)]
    assert row.effects["gan"] == (effect.value, effect.standard_error)
    assert effect.value == pytest.approx(points[1_000_000] - points[10_000], abs=1e-3)
    assert row.between_models is None

    # As version 1 had it: steps between neighbours alone.
    neighbours = {sample_count.effect_name(*pair) for pair in pairwise(sorted(points))}
    kept = {k: f for k, f in record.findings.items() if k in neighbours or not k.startswith("effect")}
    (row,) = sensitivity.table(record.model_copy(update={"findings": kept}))
    assert row.effects["gan"][0] == pytest.approx(effect.value, abs=1e-6)
    assert row.effects["gan"][1] is None, "steps that share test images have no common error"


def test_effects_that_were_no_measurement_are_left_out():
    record = load_results(ROOT / "results").experiments["chain-habits"]
    assert record.version == 1
    assert {row.choice for row in sensitivity.table(record)} == {"test-image-kept"}
    again = record.model_copy(update={"version": 2})
    assert "thinned" in {row.choice for row in sensitivity.table(again)}


def test_chains_as_published_are_set_against_their_nets_best():
    trained = trials("dbn", [250.0, 252.0, 254.0])
    scores = {chains.published_name(chains.ONE_CHAIN, "dbn", seed): 200.0 for seed in (1, 2)}
    findings = {
        name: Finding(value=value, unit="nats", over="test examples", n=9, what="made up")
        for name, value in scores.items()
    }
    ids = tuple(record.spec.id for record in trained[:2])
    record = experiment(chains.NAME, {}).model_copy(
        update={"findings": findings, "trial_ids": ids, "settings": {"dataset": "mnist"}}
    )
    (row,) = [r for r in sensitivity.table(record, trials=trained) if r.choice == sensitivity.AS_PUBLISHED]
    assert row.effects == {"gan": (0.0, None), "dbn": (pytest.approx(-51), pytest.approx(1))}
    assert (row.between_models, row.of_margin) == (pytest.approx(51), None), "no neighbours in Table 1"
    assert [r.choice for r in sensitivity.table(record, trials=trained, dataset="tfd")] == []


def test_the_table_for_people_names_the_margin():
    """What one model alone was measured on could change no order, and has no percentage."""
    one, two = {"dequantised/gan": 1.5}, {"dequantised/gan": 1.5, "dequantised/gsn": 3.0}
    text = sensitivity.markdown(sensitivity.table(experiment("sensitivity", one)))
    assert "| images dequantised | 1.5 ± 0.5" in text
    assert "%" not in text.splitlines()[-1]
    text = sensitivity.markdown(sensitivity.table(experiment("sensitivity", two)))
    assert "14%: Adversarial nets over Deep GSN" in text


def test_only_neighbours_in_the_table_share_a_margin():
    """From a stacked CAE that moves alone, the margin to the DBN changes, and no other."""
    moved = {"dequantised/gan": 1.0, "dequantised/gsn": 1.0, "dequantised/dbn": 1.0, "dequantised/cae": 5.0}
    (row,) = sensitivity.table(experiment("sensitivity", moved))
    assert row.of_margin == (pytest.approx(4 / 17), "DBN over Stacked CAE")


@pytest.mark.parametrize(("preset", "scored"), [("standard", "best"), ("paper", "last")])
def test_the_best_generator_is_set_against_the_last(preset, scored):
    """Whichever of them the trial was scored by."""
    made = trial("gan", 1, 160.0, preset=preset)
    assert made.spec.evaluation.scored == scored

    def candidate(name, *values):
        scores = {
            protocol: old.model_copy(
                update={"log_likelihood": old.log_likelihood.model_copy(update={"value": value})}
            )
            for (protocol, old), value in zip(made.candidates[name].scores.items(), values, strict=True)
        }
        return made.candidates[name].model_copy(update={"scores": scores})

    candidates = {"best": candidate("best", 166.0, 171.0), "last": candidate("last", 160.0, 164.0)}
    changed = made.model_copy(update={"candidates": candidates})
    rows = {row.choice: row for row in sensitivity.table(trials=[changed])}
    assert rows["best-generator"].effects["gan"][0] == 6
    assert rows["refined"].effects["gan"][0] == {"best": 5, "last": 4}[scored]


def test_no_records_no_rows():
    assert sensitivity.table() == []
