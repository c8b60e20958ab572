"""The maximum of a curve over a logarithmic axis."""

import math

import pytest

from gan_repro.stats.parabola import parabola_maximum


def test_the_top_of_a_parabola_over_the_logarithm_is_found():
    points = [0.1, 0.2, 0.5]
    values = [7 - 3 * math.log(p / 0.17) ** 2 for p in points]
    assert parabola_maximum(points, values) == pytest.approx(0.17)


def test_a_valley_and_a_line_have_no_maximum():
    assert parabola_maximum([1, 2, 4], [1, 0, 1]) is None
    assert parabola_maximum([1, 2, 4], [3.0, 3.0, 3.0]) is None
