"""Data sets that tests of every part share."""

from __future__ import annotations

import pytest

from gan_repro import data


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    try:
        return data.load("mnist")
    except data.DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def digits() -> data.Dataset:
    return data.load("digits")
