"""Kendall's tau: known orders, its interval from the paper's formula, and where there is none."""

import math

import numpy as np
import pytest

from gan_repro.stats.agreement import agreement


def test_orders_that_are_known_have_their_tau():
    assert agreement([1, 2, 3], [10, 20, 30]).tau == pytest.approx(1)
    assert agreement([1, 2, 3], [3, 2, 1]).tau == pytest.approx(-1)
    # Of six pairs one is turned: (5 - 1) / 6.
    assert agreement([1, 2, 3, 4], [1, 2, 4, 3]).tau == pytest.approx(4 / 6)


def test_the_interval_is_that_of_fishers_z():
    found = agreement([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])
    assert found.tau == pytest.approx(9 / 15)
    half = 1.959964 * math.sqrt(0.437 / 2)
    assert found.interval == pytest.approx(
        (math.tanh(math.atanh(0.6) - half), math.tanh(math.atanh(0.6) + half))
    )
    assert str(found) == "+0.60 [-0.22, +0.92]"


def test_few_things_and_full_agreement_have_no_interval():
    assert agreement([1, 2, 3, 4], [1, 2, 4, 3]).interval is None
    assert agreement(range(9), range(9)).interval is None
    assert str(agreement(range(9), range(9))) == "+1.00"


def test_beyond_eight_tenths_there_is_no_interval():
    """Of 15 pairs one or two turned: 13 / 15, 11 / 15."""
    assert agreement(range(6), [1, 0, 2, 3, 4, 5]).interval is None
    assert agreement(range(6), [5, 4, 3, 2, 0, 1]).interval is None
    assert agreement(range(6), [1, 0, 2, 3, 5, 4]).interval is not None
    # Of 10 pairs one turned is 0.8 itself.
    assert agreement(range(5), [1, 0, 2, 3, 4]).interval is not None


def test_one_value_throughout_has_no_order():
    assert agreement([1, 1, 1], [1, 2, 3]) is None
    assert agreement([], []) is None
    with pytest.raises(ValueError, match="not of the same things"):
        agreement([1], [1, 2])


@pytest.mark.slow
def test_intervals_hold_the_true_tau_as_often_as_they_say():
    random, correlation, inside = np.random.default_rng(0), 0.5, 0
    truth = 2 / math.pi * math.asin(correlation)
    for _ in range(1000):
        x, noise = random.normal(size=(2, 12))
        found = agreement(x, correlation * x + math.sqrt(1 - correlation**2) * noise)
        inside += found.interval is None or found.interval[0] <= truth <= found.interval[1]
    assert 0.93 <= inside / 1000 <= 0.98
