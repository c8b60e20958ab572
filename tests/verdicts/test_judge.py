"""Verdicts on made-up records: each ruling of each rule is reached, and none without the records for it."""

from datetime import datetime

import numpy as np
import pytest

from gan_repro import paper
from gan_repro.experiments import (
    chains,
    helvetica,
    independence,
    interpolation,
    memorisation,
    quality_record,
    sample_count,
    sensitivity,
    surface,
    true_likelihood,
)
from gan_repro.experiments.base import difference_of
from gan_repro.experiments.record import Finding
from gan_repro.verdicts import quality
from gan_repro.verdicts.collapse import collapsed
from gan_repro.verdicts.evidence import COMMITTED, Evidence
from gan_repro.verdicts.findings import describe
from gan_repro.verdicts.judge import judge
from gan_repro.verdicts.order import compare
from gan_repro.verdicts.published import ROWS, WAYS
from gan_repro.verdicts.rules import rules
from tests.factories.experiments import of_findings
from tests.factories.published import published_record
from tests.factories.records import trial, trials

QUALITY = rules().sample_quality


def verdicts(records=(), experiments=()):
    evidence = Evidence(tuple(records), {record.name: record for record in experiments})
    return {verdict.claim: verdict for verdict in judge(evidence)}


def ruling(claim, records=(), experiments=()):
    return verdicts(records, experiments)[claim].ruling


def full(model, values, **options):
    """Trials at full size and length: for DBN and CAE preset standard is as long as paper."""
    return trials(model, values, preset="paper", **options)


def test_without_records_only_the_copying_can_be_told():
    told = {id for id, verdict in verdicts().items() if verdict.ruling != "cannot be told"}
    assert told == {"copied-rows"}
    assert all(verdict.reason for verdict in verdicts().values())


def test_225_is_decided_by_trials_at_full_length():
    records = full("gan", [224.5, 226.0, 225.2, 224.8, 225.5])
    verdict = verdicts(records)["mnist-gan"]
    assert (verdict.ruling, verdict.trials) == ("holds", tuple(r.spec.id for r in records))
    assert verdict.standing.kind == "exploratory", "made-up trials are from before the rule"
    late = [began_later(record) for record in records]
    assert verdicts(late)["mnist-gan"].standing.kind == "confirmatory"


def began_later(record):
    times = {"started": "2026-12-01T00:00:00+00:00", "finished": "2026-12-01T09:00:00+00:00"}
    return record.model_copy(update={"provenance": record.provenance.model_copy(update=times)})


def test_a_resumed_trial_began_no_later_than_its_seconds_say():
    record = began_later(full("gan", [225.0])[0])
    long = {"resumed": 2, "seconds": {"training": 30 * 24 * 3600.0}}
    resumed = record.model_copy(update={"provenance": record.provenance.model_copy(update=long)})
    (began,) = Evidence((resumed,)).begun([resumed.spec.id], [])
    assert began.isoformat() == "2026-11-01T09:00:00+00:00"
    said = resumed.provenance.model_copy(update={"begun": "2026-11-20T00:00:00+00:00"})
    (began,) = Evidence((resumed.model_copy(update={"provenance": said}),)).begun([resumed.spec.id], [])
    assert began.isoformat() == "2026-11-20T00:00:00+00:00"


def test_a_resumed_trial_began_no_sooner_than_its_first_commit():
    """Its record alone would let it begin after rules that are younger than its first epochs."""
    for commit, committed in COMMITTED.items():
        resumed = [r for r in published_record().trials if r.provenance.earlier]
        of_it = [r for r in resumed if r.provenance.earlier[0].commit == commit]
        assert of_it
        for record in of_it:
            assert Evidence((record,)).begun([record.spec.id], []) == [committed]
            assert committed < datetime.fromisoformat(record.provenance.started)


def test_the_order_says_which_nets_were_cut_short():
    whole, short = full("gan", [220.0, 221.0, 222.0]), trials("gan-searched", [160.0, 161.0, 162.0])
    others = [record for row in ("dbn", "cae", "gsn") for record in trials(row, [240.0, 241.0, 242.0])]
    reason = verdicts([*whole, *short, *others])["mnist-bold"].reason
    published, by_search = reason.split("best by search: ")
    cut = by_search.split("of nets that were cut short: ")[1]
    assert "Deep GSN (6 epochs" in cut
    assert "Adversarial nets (100 epochs" in cut
    assert "Adversarial nets (" not in published


def test_trials_cut_short_decide_nothing_but_are_stated():
    verdict = verdicts(trials("gan", [225.0, 225.1, 224.9]))["mnist-gan"]
    assert verdict.ruling == "cannot be told"
    assert "cut short (100 epochs" in verdict.reason
    assert "225.0 nats on the mean of 3 seeds" in verdict.reason
    # Full trials take their place as soon as there are any.
    both = trials("gan", [225.0, 225.1]) + full("gan", [190.0, 190.5, 191.0, 190.2])
    assert ruling("mnist-gan", both) == "does not hold"


def test_collapsed_and_unfinished_seeds_are_named_and_in_no_mean():
    floor = trials("gaussian", [-154.0])
    good = full("gan", [224.5, 226.0, 225.2, 224.8])
    bad = trial("gan", 5, -300.0, preset="paper")
    verdict = verdicts([*floor, *good, bad])["mnist-gan"]
    assert "seed 5 collapsed (-300.0)" in verdict.reason
    assert "225.1 nats on the mean of 4 seeds" in verdict.reason
    assert bad.spec.id in verdict.trials
    stopped = bad.model_copy(update={"status": "interrupted", "reason": "stopped", "candidates": {}})
    assert "seed 5 is interrupted" in verdicts([*good, stopped])["mnist-gan"].reason


def test_collapse_goes_by_the_recorded_spread_of_samples():
    record = trial("gan", 1, 200.0)

    def spread(value):
        best = record.candidates["best"].model_copy(update={"spread": value})
        return record.model_copy(update={"candidates": {"best": best, "last": best}})

    assert collapsed(spread(0.2), None)
    assert not collapsed(spread(0.8), None)
    assert not collapsed(record, None)


def test_a_baseline_has_no_net_that_could_collapse():
    record = trial("kmeans", 1, 200.0)
    alike = {n: c.model_copy(update={"spread": 0.2, "epoch": None}) for n, c in record.candidates.items()}
    unknown = {name: c.model_copy(update={"spread": None}) for name, c in alike.items()}
    assert not collapsed(record.model_copy(update={"candidates": alike}), None)
    assert not collapsed(record.model_copy(update={"candidates": unknown}), 250.0)


ORDERED = {"gan": 225.0, "gsn": 214.0, "dbn": 138.0, "cae": 121.0}


def recorded_chains(means, *, spread=0.0, preset="paper"):
    """The experiment `chains` with rows that score so as published, whose trials are those of `table`."""
    findings, series, ids = {}, {}, []
    for row, mean in means.items():
        for seed, shift in enumerate((0.0, 1.5, -1.0), start=1):
            sigmas = (None, 0.2, 0.23) if row == "gsn" else (None,)
            for sigma in sigmas:
                name = chains.published_name(chains.ONE_CHAIN, row, seed, sigma)
                findings[name] = Finding(value=mean + shift, unit="nats", what="x")
            id = trial(row, seed, 0.0, preset=preset).spec.id
            ids.append(id)
            series[chains.envelope_series(id)] = [
                [1.0, 5.0, *(mean + shift,) * 4, -1, -1], [100.0, 5.0, *(mean + spread,) * 4, -1, -1]
            ]  # fmt: skip
    return of_findings("chains", findings, series=series, trial_ids=tuple(ids))


def table(best=None, **changes):
    """Rows as published: the adversarial nets at full length, the others by chains; searched rows beside."""
    means = {**ORDERED, **changes}
    records = full("gan", [means["gan"], means["gan"] + 1.5, means["gan"] - 1])
    for row, mean in ({**ORDERED, **(best or {})}).items():
        name = "gan-searched" if row == "gan" else row
        records += trials(name, [mean, mean + 1.5, mean - 1])
    return records, [recorded_chains({row: means[row] for row in ("dbn", "cae", "gsn")})]


def test_the_order_of_four_rows_under_both_ways():
    assert ruling("mnist-order", *table()) == "holds"
    assert ruling("mnist-bold", *table()) == "holds"
    reversed_ = {"dbn": 250.0}
    assert ruling("mnist-order", *table(best=reversed_, **reversed_)) == "does not hold"
    assert ruling("mnist-bold", *table(best=reversed_, **reversed_)) == "does not hold"
    one_way = table(best=reversed_)
    assert ruling("mnist-bold", *one_way) == "depends on how the chains are run"
    # The GAN stays the best; DBN and CAE change places.
    swapped = {"dbn": 121.0, "cae": 138.0}
    both = table(best=swapped, **swapped)
    assert (ruling("mnist-order", *both), ruling("mnist-bold", *both)) == ("does not hold", "holds")


def test_an_order_that_lacks_one_way_cannot_be_told():
    records, _ = table()
    verdict = verdicts(records)["mnist-order"]
    assert verdict.ruling == "cannot be told"
    assert "as published: DBN: experiment chains, which samples it so, is not recorded" in verdict.reason
    assert "best by search: Adversarial nets minus Deep GSN +11.0 nats" in verdict.reason
    wide = [r for r in records if r.provenance.preset != "paper"] + full("gan", [225.0, 190.0, 230.0])
    assert ruling("mnist-order", wide, table()[1]) == "cannot be told"


def test_two_seeds_settle_no_order():
    records, experiments = table()
    assert ruling("mnist-order", [r for r in records if r.spec.seed < 3], experiments) == "cannot be told"


def test_pairs_that_are_missing_count_in_the_correction():
    scores = {"a": {1: 3.0, 2: 4.1, 3: 5.0}, "b": {1: 1.0, 2: 2.0, 3: 3.2}}
    pairs = [("a", "b"), ("b", "c")]
    compared = compare({"one": scores, "other": {}}, pairs, 3)
    ((result, p_value),) = compared["one"].results.values()
    assert p_value == pytest.approx(4 * result.p_value)


def test_numbers_whose_source_leaves_the_chains_open():
    records, _ = table()
    printed = {"dbn": 130.0, "cae": 90.0, "gsn": 214.0}
    inside = [recorded_chains(printed, spread=20.0)]
    verdict = verdicts(records, inside)["mnist-dbn"]
    assert verdict.ruling == "not determined by the source"
    assert "moves the score from 130.2 to 150.0 nats" in verdict.reason
    assert verdict.experiments == ("chains",)
    assert ruling("mnist-cae", records, [recorded_chains(printed)]) == "does not hold"


def test_chains_of_nets_cut_short_are_not_as_published():
    short, whole = (
        [*trials("gsn", [230.0, 231.0, 232.0]), *full("dbn", [250.0, 251.0, 252.0]), *longer]
        for longer in ([], full("gsn", [1.0]))
    )
    experiments = [recorded_chains({"gsn": 214.0, "dbn": 138.0}, preset="standard")]
    for records in (short, whole):
        found = verdicts([*full("gan", [225.0, 226.5, 224.0]), *records], experiments)
        verdict = found["mnist-gsn"]
        assert (verdict.ruling, verdict.experiments) == ("cannot be told", ("chains",))
        assert "Deep GSN: 214.2 nats on the mean of 3 seeds" in verdict.reason
        assert "cut short (6 epochs of the reference's 100 to 600; learning rate 2" in verdict.reason
        assert set(verdict.trials) == {r.spec.id for r in records[:3]}
        assert "Adversarial nets minus Deep GSN" not in found["mnist-order"].reason
        assert found["mnist-dbn"].reason.startswith("DBN: 138.2 nats on the mean of 3 seeds, +0.2")


def test_both_bold_on_tfd_means_that_they_cannot_be_told_apart():
    def pair(cae, gan):
        return full("cae", cae, dataset="tfd") + full("gan", gan, dataset="tfd")

    assert ruling("tfd-bold", pair([2110.0, 2100.0, 2090.0], [2105.0, 2095.0, 2100.0])) == "holds"
    assert ruling("tfd-bold", pair([2110.0, 2100.0, 2090.0], [2057.0, 2048.0, 2036.0])) == "does not hold"
    verdict = verdicts(pair([2110.0, 2300.0, 2000.0], [2105.0, 2000.0, 2200.0]))["tfd-bold"]
    assert verdict.ruling == "cannot be told"
    assert "the printed numbers alone differ by 53 ± 56" in verdict.reason


def test_tfd_changes_by_itself_once_trials_appear():
    assert "no full-size trial on TFD" in verdicts()["tfd-gan"].reason
    records = full("gan", [2056.0, 2058.0, 2057.0, 2056.5], dataset="tfd")
    assert ruling("tfd-gan", records) == "holds"
    assert ruling("mnist-gan", records) == "cannot be told"


def test_a_copy_may_be_rounded_either_way_and_is_named(monkeypatch):
    verdict = verdicts()["copied-rows"]
    assert verdict.ruling == "holds"
    odd = "1 rounded to a neighbour of the nearest number: Stacked CAE on TFD: error 49.15 in the source, 50"
    assert odd in verdict.reason
    monkeypatch.setitem(paper.COPIED, ("cae", "tfd"), ("2112.09", "49.95"))
    wrong = verdicts()["copied-rows"]
    assert wrong.ruling == "does not hold"
    assert "value 2112.09 in the source, 2110 in Table 1" in wrong.reason


@pytest.mark.parametrize(
    ("error", "draws", "expected"),
    [
        (1.5, 8.0, "holds"),
        (9.0, 8.0, "does not hold"),
        (1.5, 1.2, "cannot be told"),
        (1.5, None, "cannot be told"),
    ],
)
def test_the_printed_errors_against_both_of_ours(error, draws, expected):
    records = [trial(row, 1, 200.0, error=error) for row in ORDERED]
    name = "spread-draws"
    findings = {
        sensitivity.finding_name(name, row): Finding(value=draws, unit="nats", what="x")
        for row in ORDERED if draws is not None
    }  # fmt: skip
    verdict = verdicts(records, [of_findings("sensitivity", findings)])["error-over-examples"]
    assert verdict.ruling == expected
    assert ("without power" in verdict.reason) == (expected == "cannot be told")


def test_whether_the_errors_cover_another_training():
    claim = "error-covers-training"
    spread = verdicts(full("gan", [200.0, 230.0, 170.0, 215.0, 190.0]))[claim]
    assert spread.ruling == "does not hold"
    assert "larger than printed for Adversarial nets, where 1 of the 4 rows are judged" in spread.reason
    still = [200.0, 200.1, 199.9, 200.05, 199.95]
    assert ruling(claim, full("gan", still)) == "cannot be told", "the other rows have no seeds"
    all_still = [record for row in ROWS for record in full(row, still)]
    assert ruling(claim, all_still) == "holds"


def test_two_seeds_say_nothing_of_their_spread():
    verdict = verdicts(full("dbn", [100.0, 900.0]))["error-covers-training"]
    assert (verdict.ruling, verdict.standing.kind) == ("cannot be told", "nothing judged")
    assert "not judged: DBN: 2 of 3 seeds" in verdict.reason


def test_the_spread_is_that_of_trainings_and_not_of_one_chain():
    chain = recorded_chains({"dbn": 138.0}, spread=50.0)
    chain.findings.update(
        {
            chains.published_name(chains.ONE_CHAIN, "dbn", seed): Finding(value=v, unit="nats", what="x")
            for seed, v in ((1, 100.0), (2, 900.0), (3, 500.0))
        }
    )
    still = full("dbn", [200.0, 200.1, 199.9])
    name = sensitivity.finding_name(sensitivity.SPREAD_DRAWS, "dbn")
    draws = of_findings("sensitivity", {name: Finding(value=1.25, unit="nats", what="x")})
    verdict = verdicts(still, [chain, draws])["error-covers-training"]
    assert verdict.ruling == "cannot be told", "the other rows are not there"
    assert "over 3 seeds, 1.2 where one net is sampled again" in verdict.reason
    assert verdict.experiments == ("sensitivity",)


def test_the_spread_of_nets_cut_short_is_not_judged():
    verdict = verdicts([*trials("gan", [100.0, 900.0, 500.0]), *full("dbn", [200.0, 200.1, 199.9])])[
        "error-covers-training"
    ]
    assert verdict.ruling == "cannot be told"
    assert "Adversarial nets: 500.0 nats on the mean of 3 seeds" in verdict.reason
    assert "but cut short (100 epochs" in verdict.reason.partition("not judged")[2]


def growth(record_value, interval=None, **changes):
    rise = Finding(
        value=record_value, interval=interval, standard_error=None, unit="nats", what="x",
        over=None if interval is None else "test examples",
    )  # fmt: skip
    name = sample_count.effect_name(10_000, 1_000_000)
    return [of_findings("sample-count", {name: rise}, **changes)]


def test_a_measure_that_rises_with_the_samples_is_poor():
    prototypes = trials("kmeans", [335.0, 334.0]) + trials("train-set", [243.0, 242.5])
    verdict = verdicts(prototypes, growth(153.5))["estimator-poor"]
    assert verdict.ruling == "holds"
    assert "k-means centroids score 334.5" in verdict.reason
    assert ruling("estimator-poor", (), growth(2.0, (1.0, 3.0))) == "does not hold"
    assert ruling("estimator-poor", (), growth(11.0, (9.0, 13.0))) == "cannot be told"
    assert ruling("estimator-poor", prototypes) == "cannot be told"


def test_a_rise_that_one_net_shows_is_told_as_such():
    one = verdicts((), growth(153.0, trial_ids=("a",), version=1))["estimator-poor"]
    assert one.ruling == "holds"
    assert "against 11, of one trained net, which tells nothing of other trainings; the record" in one.reason
    assert one.reason.endswith("the record is of version 1 of sample-count, now at 2")
    three = verdicts((), growth(153.0, trial_ids=("a", "b", "c")))["estimator-poor"].reason
    assert three.endswith("without an interval, against 11, of 3 trained nets")


def test_a_finding_with_an_error_alone_is_told_with_it():
    found = Finding(value=112.4, standard_error=1.84, over="test images", n=500, unit="nats", what="x")
    assert describe(found) == "112 nats ± 1.8 over test images (n = 500)"
    assert describe(found.model_copy(update={"standard_error": None})) == "112 nats, without an interval"
    assert "±" not in describe(found.model_copy(update={"interval": (100.0, 120.0)}))


def findings_of(claim, good):
    """Findings of three seeds, made by the experiment's own code, under which a claim holds, or does not."""
    if claim == "not-memorised":
        share = 0.0 if good else 0.3
        return memorisation.findings(
            [np.full(50, share + e) for e in (0, 0.001, 0.002)], [np.ones(5)] * 3, np.ones(5)
        )
    if claim == "interpolation":
        ratios = dict.fromkeys((value for key, value in vars(interpolation).items() if key.endswith(
            ("RATIO", "NEIGHBOURS", "FINER", "BLEND"))), 1.0)  # fmt: skip
        largest = 1.5 if good else 6.0
        return interpolation.findings(
            [
                interpolation.Lines({**ratios, "largest_step_ratio": largest + e}, None, [])
                for e in (0, 0.1, 0.2)
            ]
        )
    if claim == "helvetica":
        branches = [
            helvetica.Branches((1, 1), {1: (1.0, 1.0), 10: (1.0, 1.0), 0: ((0.3 if good else 1.0) + e, 0.5)})
            for e in (0, 0.01, 0.02)
        ]
        return helvetica.findings(branches, helvetica.Settings())
    return independence.findings([(1.0 if good else 20.0) + e for e in (0, 0.01, 0.02)])


EXPERIMENTS = {
    "not-memorised": "memorisation", "interpolation": "interpolation", "helvetica": "helvetica",
    "no-markov-chain": "independence",
}  # fmt: skip


@pytest.mark.parametrize("claim", EXPERIMENTS)
def test_claims_that_experiments_decide(claim):
    name = EXPERIMENTS[claim]
    good, bad = findings_of(claim, True), findings_of(claim, False)
    assert ruling(claim, (), [of_findings(name, good)]) == "holds"
    assert ruling(claim, (), [of_findings(name, bad)]) == "does not hold"
    read = rules().named()[claim].bounds[0].finding
    straddling = good[read].model_copy(update={"interval": (good[read].value - 90, bad[read].value + 90)})
    assert ruling(claim, (), [of_findings(name, {**good, read: straddling})]) == "cannot be told"
    alone = good[read].model_copy(update={"n": 1, "interval": None, "standard_error": None})
    verdict = verdicts((), [of_findings(name, {**good, read: alone})])[claim]
    assert verdict.ruling == "cannot be told"
    assert "is not over 3 seeds" in verdict.reason
    lacking = verdicts((), [of_findings(name, {})])[claim]
    assert "has no finding" in lacking.reason
    assert verdicts((), [of_findings(name, good)])[claim].experiments == (name,)


def likelihoods(*differences):
    """The record of bounds for nets whose training images are so many nats likelier than test images."""
    rng = np.random.default_rng(0)
    found = {
        f"{true_likelihood.TRAIN_MINUS_TEST}_gan_{seed}": difference_of(
            rng.normal(nats, 10, 100), rng.normal(0, 10, 100), over="images", unit="nats", what="difference"
        )
        for seed, nats in enumerate(differences, start=1)
    }
    return of_findings("true-likelihood", found)


def test_far_likelier_training_images_keep_a_claim_from_holding():
    claim = "not-memorised"
    copies, none = (of_findings("memorisation", findings_of(claim, good)) for good in (False, True))
    alone = verdicts((), [none])[claim]
    assert alone.ruling == "holds"
    assert "the second witness is missing: the experiment true-likelihood has not been run" in alone.reason
    beside = verdicts((), [none, likelihoods(3.0, 60.0)])[claim]
    assert (beside.ruling, beside.experiments) == ("holds", ("memorisation", "true-likelihood"))
    against = verdicts((), [none, likelihoods(50.0, 60.0)])[claim]
    assert against.ruling == "cannot be told"
    assert "the second witness speaks against it" in against.reason
    assert ruling(claim, (), [copies, likelihoods(0.0)]) == "does not hold"
    assert ruling(claim, (), [none, of_findings("true-likelihood", {})]) == "holds"


def test_records_of_an_older_version_are_no_evidence():
    old = of_findings(
        "memorisation", {"nearest_is_training": Finding(value=0.5, unit="share", what="x")}, version=1
    )
    verdict = verdicts((), [old])["not-memorised"]
    assert verdict.ruling == "cannot be told"
    assert "held a fifth of the training images" in verdict.reason


@pytest.mark.parametrize("claim", ["competitive-samples", "sharp-distributions"])
def test_what_no_record_measures_stays_open(claim):
    assert ruling(claim, *table()) == "cannot be told"


def test_the_quality_of_samples_is_judged_both_ways():
    def kid(gan, earlier):
        return {
            "gan": dict(enumerate([gan, gan + 0.1, gan - 0.1], start=1)),
            **{
                row: dict(enumerate([earlier, earlier, earlier + 0.1], start=1))
                for row in ("dbn", "cae", "gsn")
            },
        }

    def decided(*pairs):
        found = dict(zip(WAYS, (quality.difference(kid(*pair), QUALITY) for pair in pairs), strict=True))
        return quality.ruling(found, 0.5)

    assert decided((1.0, 4.0), (2.0, 2.0)) == "holds"
    assert decided((4.0, 1.0), (4.0, 1.0)) == "does not hold"
    assert decided((4.0, 1.0), (1.0, 4.0)) == "cannot be told"
    assert quality.ruling({WAYS[0]: quality.difference(kid(1.0, 4.0), QUALITY)}, 0.5) == "cannot be told"
    assert quality.difference({"gan": {1: 1.0, 2: 1.0, 3: 1.0}}, QUALITY) is None
    two = {row: dict(list(by_seed.items())[:2]) for row, by_seed in kid(1.0, 4.0).items()}
    assert quality.difference(two, QUALITY) is None, "two seeds decide nothing"


def quality_of(records, seeds=(1, 2, 3)):
    """The record of sample quality with these trials: every row compared, both ways."""
    kid = Finding(value=0.1, unit="KID", what="KID")
    names = [quality_record.kid_name(way, row, seed) for way in WAYS for row in ROWS for seed in seeds]
    findings = dict.fromkeys(names, kid) | {quality_record.MARGIN: kid}
    found = of_findings(quality_record.NAME, findings, trial_ids=tuple(r.spec.id for r in records))
    return began_later(found)


def all_rows(**options):
    """A trial of each row of Table 1, and of the searched settings, for three seeds each."""
    rows = [*ROWS, "gan-searched"]
    return [began_later(trial(row, seed, 200.0, **options)) for row in rows for seed in (1, 2, 3)]


def test_old_trials_of_baselines_do_not_count_as_judged_quality():
    old = [trial("kmeans", 1, 330.0), trial("train-set", 1, 240.0), trial("gaussian", 1, -150.0)]
    compared = all_rows(preset="paper")
    verdict = verdicts([*old, *compared], [quality_of([*old, *compared])])["competitive-samples"]
    assert set(verdict.trials) == {r.spec.id for r in compared}
    assert (verdict.ruling, verdict.standing.kind) == ("holds", "confirmatory")
    before = [trial("gan", 1, 200.0, preset="paper"), *old, *compared[1:]]
    late = verdicts(before, [quality_of(before)])["competitive-samples"]
    assert late.standing.kind == "exploratory", "an old trial of a row that is compared does count"
    alone = verdicts(old, [quality_of(old)])["competitive-samples"]
    assert alone.standing.kind == "nothing judged"


def test_the_quality_of_nets_cut_short_is_not_that_as_published():
    short = all_rows()
    verdict = verdicts(short, [quality_of(short)])["competitive-samples"]
    assert verdict.ruling == "cannot be told"
    published, searched = verdict.reason.split("best by search: ")
    for part in (published, searched):
        assert "Adversarial nets (100 epochs; " in part
        assert "Deep GSN (6 epochs of the reference's 100 to 600; " in part
    assert "not judged, since nets were cut short" in published
    assert "not judged" not in searched
    # At the best of their search a shorter length is no obstacle, and is told.
    mixed = [*all_rows(preset="paper")[:-3], *short[-3:]]
    found = verdicts(mixed, [quality_of(mixed)])["competitive-samples"]
    assert found.ruling == "holds"
    assert "of nets that were cut short: Adversarial nets (100 epochs; " in found.reason


def test_two_seeds_do_not_settle_the_quality():
    records = [r for r in all_rows(preset="paper") if r.spec.seed < 3]
    verdict = verdicts(records, [quality_of(records, seeds=(1, 2))])["competitive-samples"]
    assert verdict.ruling == "cannot be told"
    assert "not all four rows have 3 seeds" in verdict.reason


def test_what_stands_beside_a_verdict_decides_nothing():
    claim, name = "sharp-distributions", "sharp-distributions"
    bounds = rules().named()[claim].bounds
    met = {
        bound.finding: Finding(
            value=v, interval=(v, v), standard_error=0.1, over="training seeds", n=5, unit="ratio", what="x"
        )
        for bound in bounds
        for v in [bound.low if bound.high is None else bound.high / 2]
    }
    rank = Finding(value=100, unit="dimensions", what="rank of a Jacobian")
    without, beside = (
        verdicts((), [of_findings(name, found)])[claim]
        for found in (met, {**met, f"{surface.RANK}_mnist": rank})
    )
    assert without.ruling == beside.ruling == "holds"
    assert "rank of a Jacobian: 100 dimensions" in beside.reason
    assert "beside it" not in without.reason


def test_a_row_that_an_experiment_lacks_has_nothing_judged():
    """The experiment `chains` is of three rows; that it has the others' trials says nothing of this one."""
    sampled = of_findings(
        "chains",
        {chains.published_name(chains.ONE_CHAIN, "dbn", 1): Finding(value=75.0, unit="nats", what="x")},
    )
    found = verdicts((), [sampled])
    assert (found["mnist-gsn"].standing.kind, found["mnist-gsn"].experiments) == ("nothing judged", ())
    assert found["mnist-dbn"].experiments == ("chains",)
