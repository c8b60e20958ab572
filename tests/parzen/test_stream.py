"""Densities under centers that come in batches: the same for any cut, in memory that does not grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.parzen import log_density, log_density_stream

RANDOM = np.random.default_rng(0)
POINTS, CENTERS = RANDOM.random((13, 20), np.float32), RANDOM.random((90, 20), np.float32)
SIGMAS = [0.1, 0.3, 1.0]


@settings(deadline=None, max_examples=30)
@given(cuts=st.lists(st.integers(0, 90), max_size=8), tile=st.tuples(st.integers(3, 20), st.integers(3, 100)))
def test_any_cut_into_batches_gives_the_same_bits(cuts: list[int], tile: tuple[int, int]) -> None:
    batches = np.split(CENTERS, sorted(cuts))
    found = log_density_stream(POINTS, batches, SIGMAS, tile=tile)
    assert np.array_equal(found, log_density_stream(POINTS, [CENTERS], SIGMAS, tile=tile))
    assert np.array_equal(found, log_density(POINTS, CENTERS, SIGMAS, tile=tile))


def test_batches_may_be_tensors_and_reuse_their_memory() -> None:
    def drawn():
        batch = torch.empty(7, 20, requires_grad=True)
        for low in range(0, 90, 7):
            part = torch.from_numpy(CENTERS[low : low + 7])
            with torch.no_grad():
                batch[: len(part)] = part
            yield batch[: len(part)]

    assert np.array_equal(log_density_stream(POINTS, drawn(), SIGMAS), log_density(POINTS, CENTERS, SIGMAS))


def test_a_generator_draws_on_as_many_threads_as_before() -> None:
    seen = []

    def drawn():
        for low in range(0, 90, 30):
            seen.append(torch.get_num_threads())
            yield CENTERS[low : low + 30]

    torch.set_num_threads(3)
    log_density_stream(POINTS, drawn(), SIGMAS, tile=(2, 10))
    torch.set_num_threads(1)
    assert seen == [3, 3, 3]


@pytest.mark.parametrize("batches", [[], [CENTERS[:0]]])
def test_a_stream_without_centers_is_refused(batches: list[npt.NDArray[np.float32]]) -> None:
    with pytest.raises(ValueError, match="nothing to score: 13 points, 0 centers"):
        log_density_stream(POINTS, batches, SIGMAS)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="equal width"):
        log_density_stream(POINTS, [CENTERS, CENTERS[:, :5]], SIGMAS)
    with pytest.raises(ValueError, match="0 points"):
        log_density_stream(POINTS[:0], [CENTERS], SIGMAS)
    with pytest.raises(ValueError, match="positive"):
        log_density_stream(POINTS, [CENTERS], [0.0])


MEMORY = """
import re, sys
from pathlib import Path
import numpy as np, torch
from gan_repro.parzen import log_density_stream

def peak():  # of this process alone: ru_maxrss may be inherited from the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
random = np.random.default_rng(0)
points = random.random((500, 784), dtype=np.float32)
batch = np.tile(points[:50], (20, 1))

def score(n):
    return log_density_stream(points, (batch for _ in range(n // 1000)), [0.2])

score(10_000)
before = peak()
score(int(sys.argv[1]))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell peak memory")
def test_memory_does_not_grow_with_a_stream() -> None:
    command = [sys.executable, "-c", MEMORY, "100000"]
    grown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    # As float32 they would take 299 MiB.
    assert float(grown) < 20
