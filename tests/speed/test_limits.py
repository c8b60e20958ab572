"""The limits that the speed of this project is held to, by the same measurements that asv records.

``pytest tests/speed --benchmark-only -s`` on a machine that does nothing else. The median of the ratios is
held to its limit; the worst is printed with it, and grows with whatever else the machine does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import bench_many_samples, bench_parzen, bench_training, limits
from benchmarks.common import MODELS, PLACES, Seconds, ratios, use
from gan_repro import data
from gan_repro.measures.yardstick import Yardstick
from gan_repro.util.device import on_card


@pytest.fixture(params=PLACES)
def device(request: pytest.FixtureRequest) -> str:
    try:
        return use(request.param)
    except NotImplementedError as error:
        pytest.skip(str(error))


def measured(benchmark: BenchmarkFixture, measure: Callable[..., Seconds], *arguments: str) -> Seconds:
    try:
        return benchmark.pedantic(measure, arguments, rounds=1)
    except NotImplementedError as error:
        pytest.skip(str(error))


def holds(limit: limits.Limit, benchmark: BenchmarkFixture, values: list[float], device: str) -> bool:
    """Whether the median keeps to its limit, once it is printed and kept; a card is held to no limit yet."""
    median = statistics.median(values)
    benchmark.extra_info["ratios"] = values
    print(f"\nmedian {median:.3f}, from {min(values):.3f} to {max(values):.3f}")
    if on_card(device):
        pytest.skip(f"{median:.3f} times: as long as launches take a card's time, a limit would be theirs")
    return limit.holds(median, torch.get_num_threads())


def test_parzen_against_its_products(device: str, benchmark: BenchmarkFixture) -> None:
    seconds = measured(benchmark, bench_parzen.AuthorsProtocol.measure, device)
    assert holds(limits.DENSITY_OVER_PRODUCTS, benchmark, ratios(seconds, "ours", "products"), device)


def test_parzen_of_many_samples_against_its_products(device: str, benchmark: BenchmarkFixture) -> None:
    seconds = measured(benchmark, bench_many_samples.ManySamples.measure, device)
    assert holds(limits.MANY_SAMPLES_OVER_PRODUCTS, benchmark, ratios(seconds, "ours", "products"), device)


@pytest.mark.parametrize("model", MODELS)
def test_a_step_against_its_products(model: str, device: str, benchmark: BenchmarkFixture) -> None:
    seconds = measured(benchmark, bench_training.measure, model, device)
    assert holds(limits.STEP_OVER_PRODUCTS, benchmark, ratios(seconds, "ours", "products"), device)


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of torch.compile's own making
def test_a_gan_step_against_plain_pytorch(device: str, benchmark: BenchmarkFixture) -> None:
    seconds = measured(benchmark, bench_training.AgainstPlainPyTorch.measure, device)
    assert holds(limits.STEP_OVER_PLAIN, benchmark, ratios(seconds, "plain", "ours"), device)


def test_all_measures_of_samples_take_less_than_a_minute(benchmark: BenchmarkFixture) -> None:
    """With as many real images beside them, in both spaces, on two cores."""
    use("cpu-2-threads")
    yardstick = Yardstick(data.load("mnist"))
    start = time.perf_counter()
    benchmark.pedantic(yardstick.measure, (yardstick.dataset.train[:10_000],), rounds=1)
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} s")
    assert seconds < 60


def test_a_million_samples_take_little_memory_and_linear_time(
    tmp_path: Path, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    memory, seconds = {}, {}
    for samples in (100_000, 1_000_000):
        suite = bench_parzen.Memory()
        suite.setup(samples)
        suite.score()  # the file is in the cache from here on
        start = time.perf_counter()
        suite.score()
        seconds[samples] = time.perf_counter() - start
        memory[samples] = suite.track_megabytes_beyond_the_file(samples)
    benchmark.pedantic(suite.score, rounds=1)
    suite.teardown(samples)
    print(f"\n{memory} MB, {seconds} s")
    assert limits.MEGABYTES_BEYOND_THE_FILE.holds(memory[1_000_000])
    assert limits.TEN_TIMES_THE_SAMPLES.holds(seconds[1_000_000] / seconds[100_000])
