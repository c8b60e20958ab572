"""Memory that is freed while a model trains stays in the process, and goes back afterwards."""

import platform
import resource

import numpy as np
import pytest
import torch

from gan_repro import models
from gan_repro.models.heap import kept_heap

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")

MEGABYTES_9 = 9 * 2**18
"""Elements of float32."""


def faults_of_ten_blocks():
    """Page faults of making and freeing ten blocks of 9 MB, as gradients are, for the third time."""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [torch.ones(MEGABYTES_9) for _ in range(10)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_freed_memory_is_not_asked_for_again():
    assert faults_of_ten_blocks() > 10_000
    with kept_heap():
        assert faults_of_ten_blocks() < 500


def test_freed_memory_goes_back_afterwards_even_after_an_error():
    with pytest.raises(RuntimeError), kept_heap():
        raise RuntimeError(faults_of_ten_blocks())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(MEGABYTES_9)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before > 1_000


def test_a_model_keeps_it_while_it_trains():
    class Look:
        faults: list[int] = []  # noqa: RUF012

        def after_batch(self, model):
            pass

        def after_epoch(self, model, log):
            self.faults.append(faults_of_ten_blocks())
            return False

    train = np.random.default_rng(0).random((40, 6)).astype(np.float32)
    models.get("cae", epochs=1, layers=[4]).fit(train, observer=Look())
    assert Look.faults[0] < 500
