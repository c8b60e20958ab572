"""Rows by measures other than the Parzen score: ranks by what is better, and how far measures agree."""

import json

import pytest

from gan_repro.experiments import chains, quality_record
from gan_repro.experiments.base import ExperimentResult
from gan_repro.experiments.quality_record import SETS, series_name
from gan_repro.experiments.record import Finding
from gan_repro.report import measures as section
from gan_repro.report import printed
from gan_repro.tables.collect import recorded_table, run_table
from gan_repro.tables.measures import agreement_grid, measured, values_grid
from gan_repro.tables.render import render, render_details
from tests.factories.experiments import as_record, of_findings
from tests.factories.records import material, table_rows, trial

KID = {"train-set": 0.001, "kmeans": 0.1, "gaussian": 1.0, "dbn": 0.05}
"""By row; the seeds' values are that and half as much again."""
PRECISION = {"train-set": 0.7, "kmeans": 0.99, "gaussian": 0.0, "dbn": 0.86}
SCORES = {"train-set": 240.0, "kmeans": 330.0, "gaussian": -150.0, "dbn": 249.0}


@pytest.fixture
def records():
    return [trial(row, seed, score + seed) for row, score in SCORES.items() for seed in (1, 2)]


def quality(records, rows=tuple(KID), dataset="mnist"):
    """A record of sample quality of these rows; a DBN is measured both ways."""
    series = {
        series_name("kid", "network"): [[-1, -1, 0.003, 0.001]],
        series_name("precision", "network"): [[-1, -1, 0.9, 0.01]],
        series_name("kid", "pixels"): [[-1, -1, 0.0, 0.001]],
    }
    for number, wanted in enumerate(SETS):
        for seed in (1, 2) if wanted.row in rows else ():
            series[series_name("kid", "network")].append([number, seed, KID[wanted.row] * (1 + seed) / 2, -1])
            series[series_name("precision", "network")].append([number, seed, PRECISION[wanted.row], 0.01])
            series[series_name("kid", "pixels")].append([number, seed, 0.5, -1])
    ids = tuple(record.spec.id for record in records)
    result = ExperimentResult({}, series, ids)
    return {"sample-quality": as_record(quality_record.NAME, result, settings={"dataset": dataset})}


def test_rows_have_means_over_seeds_and_ranks_by_what_is_better(records):
    found = measured(records, quality(records), "mnist")
    rows = {row[0]: row[1:] for row in values_grid(found)[1]}
    assert rows["k-means centroids"] == ["1, 2", "331.5 (1)", "0.125 (4)", "0.99 (3)"]
    assert rows["Training images as samples"] == ["1, 2", "241.5 (3)", "0.00125 (1)", "0.7 (4)"]
    # Its Parzen score as published would come of experiment chains, which is not there.
    assert rows["DBN, as published"] == ["1, 2", "", "0.0625 (2)", "0.86 (1)"]
    assert rows["DBN, best by search"] == ["1, 2", "250.5 (2)", "0.0625 (2)", "0.86 (1)"]
    assert rows["Real images"] == ["", "", "0.003", "0.9"]
    with_errors = {row[0]: row[1:] for row in values_grid(found, errors=True)[1]}
    assert with_errors["k-means centroids"][1:3] == ["331.5 ± 0.5 (1)", "0.125 ± 0.03 (4)"]


def test_a_score_that_lacks_a_seed_does_not_stand_beside_all(records):
    lacking = [r for r in records if (r.spec.model, r.spec.seed) != ("kmeans", 2)]
    found = measured(lacking, quality(records), "mnist")
    assert [each.row for each in found.sets if "parzen" not in each.values] == ["kmeans", "dbn"]


def test_the_score_of_one_chain_stands_beside_its_samples(records):
    name = chains.published_name
    scores = {
        name(chains.ONE_CHAIN, "dbn", seed): Finding(value=100.0 + seed, unit="nats", what="score")
        for seed in (1, 2)
    }
    found = measured(records, quality(records) | {chains.NAME: of_findings(chains.NAME, scores)}, "mnist")
    assert found.sets[3].values["parzen"].value == 101.5


def test_measures_agree_by_kendalls_tau(records):
    found = measured(records, quality(records), "mnist")
    # Of the four sets that have both, k-means alone stands elsewhere: 3 of 6 pairs are turned.
    assert found.agreement("kid", "parzen").tau == pytest.approx(0)
    assert found.agreement("kid", "parzen").n == 4
    header, rows = agreement_grid(found)
    assert [row[0] for row in rows] == ["KID", "Precision"]
    assert rows[0][1:] == ["+0.00", "", "4"]
    assert "[" in rows[1][2], "five sets have an interval"
    assert header[1] == "Tau with the Parzen score"


def test_nothing_is_said_of_other_data_sets_or_without_a_record(records):
    assert measured(records, {}, "mnist") is None
    assert measured(records, quality(records, dataset="digits"), "mnist") is None
    assert section.quality(material(records)) == ""
    assert "measured" not in json.loads(render(recorded_table(records, "mnist"), "json"))


def test_details_report_and_json_show_the_measures(records):
    experiments = quality(records)
    table = recorded_table(records, "mnist", experiments)
    details = render_details(table)
    assert table_rows(details)["k-means centroids"]
    assert "0.125 ± 0.03 (4)" in details
    assert json.loads(render(table, "json"))["measured"]["space"] == "network"
    run = run_table("mnist", "quick", published=records, own={}, experiments=experiments)
    assert "0.125 ± 0.03 (4)" in render_details(run)
    text = printed.report(material(records, experiments))
    assert "## The same samples by other measures" in text
    assert "Not measured yet: Adversarial nets as published, Stacked CAE as published" in text


def test_a_single_set_has_no_agreement(records):
    found = measured(records, quality(records, rows=("kmeans",)), "mnist")
    assert agreement_grid(found)[1] == []
    assert found.ranks("kid") == {0: 1}
