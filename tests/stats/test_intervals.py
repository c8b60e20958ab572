"""Intervals and tests against closed forms, scipy's own tests and simulation; one seed is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from gan_repro.stats import intervals as statistics

VALUES = [154.0, 156.0, 161.0, 149.0]


@pytest.mark.parametrize(
    "refused",
    [
        lambda: statistics.mean_interval([1.0]),
        lambda: statistics.prediction_interval([1.0]),
        lambda: statistics.deviation_interval([]),
        lambda: statistics.closeness([1.0], 2.0, 3.0),
        lambda: statistics.pooled_deviation([[1.0], [2.0]]),
        lambda: statistics.paired({1: 1.0, 2: 2.0}, {2: 1.0, 3: 2.0}),
    ],
)
def test_fewer_than_two_seeds_have_no_interval(refused):
    with pytest.raises(statistics.TooFewSeedsError, match="no interval can be given"):
        refused()


def test_two_values_by_hand():
    """With one degree of freedom t is Cauchy: its 97.5 % point is tan(0.475 pi)."""
    interval = statistics.mean_interval([10.0, 14.0])
    reach = math.tan(0.475 * math.pi) * 2
    assert (interval.low, interval.high) == pytest.approx((12 - reach, 12 + reach))
    wider = statistics.prediction_interval([10.0, 14.0])
    assert wider.half_width == pytest.approx(reach * math.sqrt(3))


def test_the_means_interval_is_scipys():
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    interval = statistics.mean_interval(VALUES)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_a_prediction_interval_holds_the_next_draw():
    rng = np.random.default_rng(0)
    draws = rng.normal(5, 3, (4000, 4))
    caught = [row[3] in statistics.prediction_interval(row[:3]) for row in draws]
    assert np.mean(caught) == pytest.approx(0.95, abs=0.012)


def test_closeness_is_the_two_one_sided_tests():
    result = statistics.closeness(VALUES, 157.0, 5.0)
    low, high = (
        stats.ttest_1samp(VALUES, 152.0, alternative="greater"),
        stats.ttest_1samp(VALUES, 162.0, alternative="less"),
    )
    assert result.difference == pytest.approx(-2)
    assert result.inside == pytest.approx(max(low.pvalue, high.pvalue))
    # Inside at 5 % is the 90 % interval lying within the margin.
    assert (result.inside < 0.05) == (abs(-2) + statistics.mean_interval(VALUES, 0.9).half_width < 5)
    assert result.outside == pytest.approx(1 - low.pvalue)


@pytest.mark.parametrize(("true", "inside"), [(0.0, True), (5.0, False), (12.0, False)])
def test_closeness_errs_as_seldom_as_it_says(true, inside):
    rng = np.random.default_rng(3)
    found = [statistics.closeness(row, 0.0, 5.0) for row in rng.normal(true, 1.5, (1500, 4))]
    said_inside = np.mean([f.inside < 0.05 for f in found])
    said_outside = np.mean([f.outside < 0.05 for f in found])
    assert said_inside > 0.9 if inside else said_inside < 0.065
    assert said_outside < 0.065 if true <= 5 else said_outside > 0.9


def test_a_share_has_wilsons_interval():
    found = statistics.share_interval(0.3, 40)
    assert statistics.share_interval(0.0, 3).low == 0
    assert statistics.share_interval(1.0, 3).high == 1
    expected = stats.binomtest(12, 40).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_deviations_interval_holds_the_true_one():
    rng = np.random.default_rng(1)
    caught = [3 in statistics.deviation_interval(row) for row in rng.normal(0, 3, (4000, 4))]
    assert np.mean(caught) == pytest.approx(0.95, abs=0.012)


def test_pairing_over_common_seeds_is_scipys_paired_test():
    first, second = {1: 10.0, 2: 12.5, 3: 11.0, 9: 99.0}, {3: 9.5, 2: 10.0, 1: 9.0, 7: -5.0}
    result = statistics.paired(first, second)
    expected = stats.ttest_rel([10.0, 12.5, 11.0], [9.0, 10.0, 9.5])
    assert result.seeds == (1, 2, 3)
    assert result.mean == pytest.approx(5 / 3)
    assert result.p_value == pytest.approx(expected.pvalue)
    limits = expected.confidence_interval(0.95)
    assert (result.interval.low, result.interval.high) == pytest.approx((limits.low, limits.high))


def test_pairing_finds_what_the_spread_between_seeds_hides():
    seeds = {1: 100.0, 2: 150.0, 3: 200.0}
    shifted = {seed: value + 5 + 0.1 * seed for seed, value in seeds.items()}
    assert statistics.paired(shifted, seeds).p_value < 0.001
    assert stats.ttest_ind(list(shifted.values()), list(seeds.values())).pvalue > 0.8


def test_holm_by_hand_and_in_order():
    # Sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.5; each at least the one before.
    assert statistics.holm([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert statistics.holm([0.6, 0.9]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_values_that_are_all_alike():
    assert statistics.mean_interval([2.0, 2.0]).half_width == 0
    near, far = statistics.closeness([2.0, 2.0], 2.1, 1.0), statistics.closeness([2.0, 2.0], 4.0, 1.0)
    assert (near.inside, near.outside, far.inside, far.outside) == (0, 1, 1, 0)
    assert statistics.paired({1: 3.0, 2: 4.0}, {1: 2.0, 2: 3.0}).p_value == 0
