"""Rows by measures other than the Parzen score: ranks by what is better, and how far measures agree."""

import json

import numpy as np
import pytest

from gan_repro import data
from gan_repro.experiments import chains, quality_record
from gan_repro.experiments.base import ExperimentResult
from gan_repro.experiments.quality_record import SETS, Collection, series_name, trials_of
from gan_repro.experiments.record import Finding
from gan_repro.measures.yardstick import Yardstick
from gan_repro.report import measures as section
from gan_repro.report import printed
from gan_repro.stats.agreement import LARGEST
from gan_repro.tables.collect import recorded_table, run_table
from gan_repro.tables.measures import agreement_grid, measured, notes, values_grid
from gan_repro.tables.render import render, render_details
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.judge import judge
from gan_repro.verdicts.published import WAYS
from gan_repro.verdicts.rules import rules
from tests.factories.experiments import as_record
from tests.factories.records import material, table_rows, trial

KID = {"train-set": 0.001, "kmeans": 0.1, "gaussian": 1.0, "dbn": 0.05, "gsn": 0.4}
"""By row; the seeds' values are that and half as much again."""
PRECISION = {"train-set": 0.7, "kmeans": 0.99, "gaussian": 0.0, "dbn": 0.86, "gsn": 0.5}
SCORES = {"train-set": 240.0, "kmeans": 330.0, "gaussian": -150.0, "dbn": 249.0}


@pytest.fixture
def records():
    return [trial(row, seed, score + seed) for row, score in SCORES.items() for seed in (1, 2)]


def quality(records, rows=("train-set", "kmeans", "gaussian", "dbn"), dataset="mnist"):
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


def one_chain(nets, value=100.0):
    """The record of experiment chains that has these nets; a score is `value` and the seed."""
    fixed = {"gsn": rules().as_published.row("gsn").sigmas[0]}
    scores = {
        chains.published_name(
            chains.ONE_CHAIN, net.spec.model, net.spec.seed, fixed.get(net.spec.model)
        ): Finding(value=value + net.spec.seed, unit="nats", what="score")
        for net in nets
    }
    ids = tuple(net.spec.id for net in nets)
    series = {chains.envelope_series(id): [[1, 5, *[value] * 4, 1, 1]] for id in ids}
    return {chains.NAME: as_record(chains.NAME, ExperimentResult(scores, series, ids))}


def test_the_score_of_one_chain_stands_beside_its_samples(records):
    of_dbn = one_chain([r for r in records if r.spec.model == "dbn"])
    found = measured(records, quality(records) | of_dbn, "mnist")
    assert found.sets[3].values["parzen"].value == 101.5


def test_the_score_of_another_net_does_not(records):
    others = [trial("dbn", seed, 1.0, preset="quick") for seed in (1, 2)]
    found = measured(records, quality(records) | one_chain(others), "mnist")
    assert "parzen" not in found.sets[3].values


def test_samples_are_of_the_nets_in_the_column_of_that_name():
    rows = ("gan", "gan-searched", "dbn", "cae", "gsn")
    nets = [trial(row, seed, 200.0 + seed) for row in rows for seed in (1, 2, 3)]
    whole = [trial("gsn", seed, 250.0 + seed, preset="paper") for seed in (1, 2, 3)]
    short = [net for net in nets if net.spec.model == "gsn"]
    of_way = {w.way: trials_of(w, [*nets, *whole], "mnist") for w in SETS if w.row == "gsn"}
    assert of_way == {"as published": whole, "best by search": short}
    experiments = quality([*nets, *whole], ("gsn",)) | one_chain(whole)
    published, best = measured([*nets, *whole], experiments, "mnist").sets
    assert (published.values["parzen"].value, published.cut) == (101.5, False)
    assert (best.values["parzen"].value, best.cut) == (201.5, True)
    assert "same nets" not in notes(measured([*nets, *whole], experiments, "mnist"))
    before = quality(nets, ("gsn",)) | one_chain(short)
    assert "(of Deep GSN the same nets, as published and by search)" in notes(measured(nets, before, "mnist"))
    text = printed.report(material([*nets, *whole], one_chain([n for n in nets if n not in short] + whole)))
    assert "; both columns have the same nets, and other chains, of DBN, Stacked CAE; the nets" in text
    assert "; the nets, too, are others of Deep GSN. Seeds" in text


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
    assert json.loads(render(table, "json"))["measured_beside"]["space"] == "pixels"
    by_pixels = details.split("The same by distances between pixels")[1]
    assert "0.5 ± 0 (1)" in next(line for line in by_pixels.splitlines() if "k-means" in line)
    run = run_table("mnist", "quick", published=records, own={}, experiments=experiments)
    assert "0.125 ± 0.03 (4)" in render_details(run)
    text = printed.report(material(records, experiments))
    assert "## The same samples by other measures" in text
    assert "trained here for" not in text
    assert "Not measured yet: Adversarial nets as published, Stacked CAE as published" in text


NOISE = {"train-set": 0.0, "kmeans": 0.1, "gaussian": 0.6, "dbn": 0.3, "cae": 0.35, "gsn": 0.4}


def measured_by_the_experiment(gan):
    """Trials of every set, and the record of their samples: test images of the digits with noise."""
    digits, rng = data.load("digits"), np.random.default_rng(0)
    yardstick = Yardstick(digits)
    collection = Collection(yardstick.main_space, None)
    records = {
        (w.trials_of, seed): trial(
            w.trials_of, seed, 200.0 - 100 * {**NOISE, "gan": gan}[w.row] + seed, preset="paper"
        )
        for w in SETS
        for seed in (1, 2, 3)
    }
    for number, wanted in enumerate(SETS):
        for seed in (1, 2, 3):
            noise = {**NOISE, "gan": gan}[wanted.row] * rng.uniform(0.95, 1.05, len(digits.test))[:, None]
            samples = (digits.test + noise * rng.normal(size=digits.test.shape)).clip(0, 1)
            found = yardstick.measure(samples.astype(np.float32), ("kid", "coverage"), seed=seed)
            id = records[wanted.trials_of, seed].spec.id
            collection.add(number, id, seed, found, same=True)
    margin = Finding(value=0.01, unit="KID", over="splits", n=2, what="margin")
    result = ExperimentResult(
        {**collection.findings, quality_record.MARGIN: margin}, collection.series, tuple(collection.trial_ids)
    )
    record = as_record(quality_record.NAME, result, settings={"dataset": "mnist"})
    return list(records.values()), {record.name: record}


@pytest.mark.parametrize(("gan", "expected"), [(0.05, "holds"), (0.6, "does not hold")])
def test_all_rows_in_both_ways_have_ranks_and_a_verdict(gan, expected):
    records, experiments = measured_by_the_experiment(gan)
    found = measured(records, experiments, "mnist")
    assert len(found.sets) == len(SETS)
    assert {each.seeds for each in found.sets} == {(1, 2, 3)}
    places = {(each.way, each.row): found.ranks("kid")[number] for number, each in enumerate(found.sets)}
    ours, dbn, gsn = ([places[way, row] for way in WAYS] for row in ("gan", "dbn", "gsn"))
    assert max(dbn) < min(gsn)
    assert max(ours) < min(dbn) if expected == "holds" else min(ours) > max(gsn)
    tau = found.agreement("kid", "coverage")
    assert tau.n == len(SETS)
    assert (tau.interval is None) == (tau.tau > LARGEST)
    assert agreement_grid(found)[1][1][2] == str(tau)
    (verdict,) = (v for v in judge(Evidence(records, experiments)) if v.claim == "competitive-samples")
    assert verdict.ruling == expected
    assert [f"{way}: KID minus that of DBN, one-sided" in verdict.reason for way in WAYS] == [True, True]
    text = printed.report(material(records, experiments))
    assert "Adversarial nets, best by search" in text
    assert "Not measured yet" not in text


def test_a_single_set_has_no_agreement(records):
    found = measured(records, quality(records, rows=("kmeans",)), "mnist")
    assert agreement_grid(found)[1] == []
    assert found.ranks("kid") == {0: 1}


def test_short_nets_of_the_search_leave_whole_ones_judged():
    whole = [
        trial(row, seed, 200.0, preset="paper") for row in ("gan", "dbn", "cae", "gsn") for seed in (1, 2, 3)
    ]
    short = [trial(row, seed, 200.0) for row in ("gan-searched", "gsn") for seed in (1, 2, 3)]
    kid = {
        quality_record.kid_name(way, row, seed): Finding(value=0.1 + 0.01 * seed, unit="KID", what="kid")
        for way in WAYS
        for row in ("gan", "dbn", "cae", "gsn")
        for seed in (1, 2, 3)
    }
    found = kid | {quality_record.MARGIN: Finding(value=0.01, unit="KID", what="margin")}
    record = as_record(
        quality_record.NAME, ExperimentResult(found, {}, tuple(net.spec.id for net in [*whole, *short]))
    )
    (verdict,) = (
        v
        for v in judge(Evidence([*whole, *short], {record.name: record}))
        if v.claim == "competitive-samples"
    )
    assert verdict.ruling == "holds"
    assert verdict.reason.count("Deep GSN (6 epochs") == 1
