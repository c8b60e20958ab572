"""The digits as a spec names them, and tiny trials on them."""

from __future__ import annotations

from functools import partial

import pytest

from gan_repro.trials.spec import DataSpec
from tests.factories.trials import tiny_trial


@pytest.fixture(scope="session")
def digits_spec(digits) -> DataSpec:
    return DataSpec(name="digits", sha256=digits.sha256)


@pytest.fixture
def tiny_spec(digits_spec):
    return partial(tiny_trial, digits_spec)
