"""Memory that is freed while a model trains stays in the process, and goes back afterwards."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from gan_repro import models
from gan_repro.models import heap, training
from gan_repro.models.heap import KEPT, LARGEST_MMAP_THRESHOLD, kept_heap

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")

FAULTS = """
import resource, torch
from gan_repro.models.heap import kept_heap

def faults():
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [torch.ones(9 * 2**18) for _ in range(10)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

outside = faults()
with kept_heap():
    inside = faults()
print(outside, inside)
"""


@needs_glibc
def test_freed_memory_is_not_asked_for_again():
    """Page faults of ten blocks of 9 MB, as gradients are, where glibc gives freed memory back at once."""
    glibc = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": str(LARGEST_MMAP_THRESHOLD)}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=os.environ | glibc, capture_output=True, text=True, check=True
    )
    outside, inside = map(int, done.stdout.split())
    if outside < 1_000:
        pytest.skip(f"{outside} page faults for 90 MB: pages are huge here")
    assert inside < outside / 10


class Library:
    """A C library that notes what it is asked."""

    def __init__(self):
        self.asked = []

    def mallopt(self, name, value):
        self.asked.append((name, value))

    def malloc_trim(self, kept):
        self.asked.append(("trim", kept))


@needs_glibc
def test_memory_goes_back_afterwards_even_after_an_error(monkeypatch):
    library = Library()
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: library)
    with pytest.raises(RuntimeError), kept_heap():
        raise RuntimeError(library.asked.append("inside"))
    assert library.asked == [
        (-3, LARGEST_MMAP_THRESHOLD), (-1, KEPT), "inside", (-1, 2 * LARGEST_MMAP_THRESHOLD), ("trim", 0),
    ]  # fmt: skip


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(heap.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(heap.ctypes, "CDLL", None)
    with kept_heap():
        pass


def test_a_model_keeps_it_while_it_trains(monkeypatch):
    seen = []

    class Kept:
        def __enter__(self):
            seen.append("kept")

        def __exit__(self, *error):
            seen.append("given back")

    class Look:
        def after_batch(self, model):
            pass

        def after_epoch(self, model, log):
            seen.append("an epoch")
            return False

    monkeypatch.setattr(training, "kept_heap", Kept)
    train = np.random.default_rng(0).random((40, 6)).astype(np.float32)
    models.get("cae", epochs=1, layers=[4]).fit(train, observer=Look())
    assert seen == ["kept", "an epoch", "given back"]
