"""The classifier two-sample test, class balance, and the jackknife."""

import numpy as np
import pytest

from gan_repro.measures.class_balance import class_imbalance
from gan_repro.measures.jackknife import Value, bounds
from gan_repro.measures.two_sample import two_sample_test


def test_one_distribution_cannot_be_told_apart():
    random = np.random.default_rng(0)
    found = [
        two_sample_test(random.normal(size=(300, 5)), random.normal(size=(300, 5)), seed=seed)
        for seed in range(8)
    ]
    assert np.mean([test.accuracy for test in found]) == pytest.approx(0.5, abs=0.05)
    assert min(test.p_value for test in found) > 0.001
    assert found[0].n == 300


def test_two_distributions_are_told_apart_as_well_as_can_be():
    random = np.random.default_rng(1)
    # Where x' is normal with means 2 apart, the best classifier is right with probability Phi(1) = 0.841.
    found = two_sample_test(random.normal(-1, 1, (4000, 1)), random.normal(1, 1, (4000, 1)), seed=0)
    assert found.accuracy == pytest.approx(0.841, abs=0.02)
    assert found.standard_error == pytest.approx(np.sqrt(0.841 * 0.159 / 4000), rel=0.1)
    assert found.p_value < 1e-100


def test_a_difference_that_no_line_shows_is_found():
    random = np.random.default_rng(2)
    angle = random.uniform(0, 2 * np.pi, 2000)
    ring = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.1 * random.normal(size=(2000, 2))
    assert two_sample_test(ring, random.normal(size=(2000, 2)), seed=0).accuracy > 0.9


def test_the_seed_decides_the_halves():
    random = np.random.default_rng(3)
    samples, images = random.normal(size=(100, 3)), random.normal(0.5, 1, (120, 3))
    first, again, other = (two_sample_test(samples, images, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_where_all_are_told_the_error_is_undefined():
    samples, images = np.zeros((100, 2)), np.full((100, 2), 9.0)
    found = two_sample_test(samples, images, seed=0)
    assert (found.accuracy, found.standard_error) == (1, None)


def test_too_few_are_refused():
    with pytest.raises(ValueError, match="19 samples or images"):
        two_sample_test(np.zeros((19, 2)), np.zeros((50, 2)), seed=0)


def test_class_imbalance_is_the_share_to_be_moved():
    images = np.repeat([0, 1, 2, 3], 25)
    assert class_imbalance(images, images, 4).value == 0
    assert class_imbalance(np.zeros(20, int), images, 4).value == pytest.approx(0.75)
    one_in_ten_moved = np.concatenate([np.repeat([0, 1, 2, 3], 10)[:-4], np.zeros(4, int)])
    assert class_imbalance(one_in_ten_moved, images, 4).value == pytest.approx(0.1)


def test_groups_cover_all_rows_once():
    cut = bounds(23, 5)
    assert [row for group in cut for row in range(group.start, group.stop)] == list(range(23))
    assert {group.stop - group.start for group in cut} == {4, 5}
    for n, groups in ((3, 5), (3, 1)):
        with pytest.raises(ValueError, match=f"3 samples cannot be cut into {groups}"):
            bounds(n, groups)


def test_for_a_mean_the_jackknife_is_the_usual_error():
    values = np.random.default_rng(4).normal(size=40)
    without = [np.delete(values, row).mean() for row in range(40)]
    assert Value.of(values.mean(), without).standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(40))


def test_where_no_group_matters_the_error_is_undefined():
    assert class_imbalance(np.zeros(40, int), np.arange(4), 4).standard_error is None
