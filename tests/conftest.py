"""Data sets that tests of every part share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from gan_repro import data


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    try:
        return data.load("mnist")
    except data.DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cifar10() -> data.Dataset:
    """Only where it is on this machine: 139 MB are too much to fetch for a test."""
    if {check.state for check in data.entry("cifar10").module().verify(None)} != {"ok"}:
        pytest.skip("CIFAR-10 is not on this machine; python -m gan_repro.data fetch cifar10 gets it")
    return data.load("cifar10")


@pytest.fixture(scope="session")
def digits() -> data.Dataset:
    return data.load("digits")


@pytest.fixture(scope="session")
def orl() -> tuple[data.Dataset, ...]:
    """The five folds."""
    try:
        return data.load_folds("orl")
    except data.DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def fer2013() -> tuple[data.Dataset, ...]:
    """The five folds."""
    try:
        return data.load_folds("fer2013")
    except data.DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """As trials run: the nets of the tests are so small that a second thread mostly waits.

    So does NumPy's BLAS, whose threads wait by spinning: on a busy machine that costs many times the work.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture
def _threads_restored() -> Iterator[None]:
    """For a test that changes torch's number of threads."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell that starts the tests in the background has Ctrl-C ignored, for their processes too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
