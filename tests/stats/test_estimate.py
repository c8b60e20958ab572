"""An error says what it is over, and is absent rather than zero where it is undefined."""

import math

import pytest
from pydantic import ValidationError

from gan_repro.stats.estimate import Estimate


def test_mean_and_standard_error_by_hand():
    estimate = Estimate.from_values([1.0, 2.0, 6.0], "training seeds")
    assert estimate.value == 3
    # Sample variance (4 + 1 + 9) / 2 = 7, over n = 3.
    assert estimate.standard_error == pytest.approx(math.sqrt(7 / 3))
    assert (estimate.over, estimate.n) == ("training seeds", 3)
    assert str(estimate) == "3.0 ± 1.5"


def test_one_value_has_no_error():
    estimate = Estimate.from_values([5.0], "folds")
    assert estimate.standard_error is None
    assert str(estimate) == "5.0"


def test_no_values_are_refused():
    with pytest.raises(ValueError, match="over folds needs at least one value"):
        Estimate.from_values([], "folds")


def test_an_error_over_nothing_known_is_refused():
    with pytest.raises(ValidationError):
        Estimate(value=1, standard_error=1, over="luck", n=1)
