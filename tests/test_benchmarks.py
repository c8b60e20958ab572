"""Every benchmark that asv finds also runs, and asv.conf.json says what asv understands."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import bench_many_samples, bench_parzen, bench_training, common, memory, products
from gan_repro import models
from gan_repro.models import precision
from gan_repro.models import products as libraries

ROOT = Path(__file__).parents[1]
CONF = json.loads((ROOT / "asv.conf.json").read_text())

BY_ONEDNN = "bench_training.AgainstProducts.track_speedup_by_onednn"
BY_BFLOAT16 = "bench_training.AgainstProducts.track_speedup_by_bfloat16"
MAY_LACK = {BY_ONEDNN, BY_BFLOAT16, "bench_parzen.Peers.track_largest_error"}
"""Numbers. mlpack's density is 0 or infinite at some points; oneDNN may round factors where there is AMX; not
every processor has bfloat16."""
BENCHMARKS = {
    "bench_data.Batches.time_epoch",
    "bench_data.Load.peakmem_load",
    "bench_data.Load.time_load",
    "bench_import.Help.track_seconds",
    "bench_import.timeraw_import_models",
    "bench_import.timeraw_import_package",
    "bench_parzen.AuthorsProtocol.track_ratio_to_products",
    "bench_parzen.AuthorsProtocol.track_seconds",
    "bench_parzen.Dimensions.time_density",
    "bench_many_samples.ManySamples.track_ratio_to_products",
    "bench_parzen.Memory.peakmem_density",
    "bench_parzen.Memory.time_density",
    "bench_parzen.Memory.track_megabytes_beyond_the_file",
    "bench_parzen.Peers.track_largest_error",
    "bench_parzen.Peers.track_seconds",
    "bench_parzen.Samples.time_density",
    "bench_parzen.Sigmas.time_density",
    "bench_sampling.Sampling.track_effective_states",
    "bench_sampling.Sampling.track_per_effective_state",
    "bench_sampling.Sampling.track_per_sample",
    "bench_training.AgainstPlainPyTorch.track_speedup",
    "bench_training.AgainstProducts.track_ratio_to_products",
    BY_ONEDNN,
    BY_BFLOAT16,
    "bench_training.Seeds.time_training",
    "bench_training.AgainstProducts.track_milliseconds",
}

EXECUTE = """
import itertools, json, sys, types
from asv_runner._aux import update_sys_path
from asv_runner.discovery import disc_benchmarks

update_sys_path(sys.argv[1])
caches, found = {}, {}
once = types.SimpleNamespace(number=1, repeat=1, rounds=1, warmup_time=0)
for benchmark in disc_benchmarks(sys.argv[1]):
    benchmark._attr_sources.insert(0, once)
    key = benchmark.setup_cache_key
    if key is not None and key not in caches:
        caches[key] = benchmark.do_setup_cache()
    benchmark.set_cache(caches.get(key))
    values = {}
    for index, parameters in enumerate(itertools.product(*benchmark._params)):
        benchmark.set_param_idx(index)
        skipped = benchmark.do_setup()
        value = None if skipped else benchmark.do_run()
        benchmark.do_teardown()
        if isinstance(value, dict):
            value = value["samples"][0]
        values[" ".join(map(str, parameters))] = value
    found[benchmark.name] = {"values": values, "version": benchmark.version, "unit": benchmark.unit}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What each benchmark gave at sizes next to nothing: a number, or None where it was skipped."""
    command = [sys.executable, "-c", EXECUTE, str(ROOT / "benchmarks")]
    environment = os.environ | {
        "GAN_REPRO_BENCHMARKS_ONLY_TESTED": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    folder = tmp_path_factory.mktemp("asv")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_each_benchmark_is_found_and_gives_numbers(executed: dict[str, dict]) -> None:
    assert set(executed) == BENCHMARKS
    for name, benchmark in executed.items():
        numbers = [value for value in benchmark["values"].values() if value is not None]
        assert numbers, f"{name} was skipped for all its parameters"
        known = [value for value in numbers if not math.isnan(value)]
        assert len(numbers) == len(known) or name in MAY_LACK, name
        assert all(isinstance(value, int | float) and 0 <= value < math.inf for value in known), name


def test_the_density_of_exact_peers_is_that_of_float64(executed: dict[str, dict]) -> None:
    errors = executed["bench_parzen.Peers.track_largest_error"]["values"]
    for peer in ("gan_repro", "torch matmul and logsumexp", "formula of parzen_ll.py"):
        assert errors[peer] < 0.01, peer


def test_only_what_is_not_here_is_skipped(executed: dict[str, dict]) -> None:
    excuses = {"cuda", "KeOps", "FAISS,", "mnist", "mlpack", "compiled"}
    skipped = {
        (name, parameters)
        for name, benchmark in executed.items()
        for parameters, value in benchmark["values"].items()
        if value is None
    }
    assert not {(name, parameters) for name, parameters in skipped if not excuses & set(parameters.split())}


def test_versions_are_set_by_hand_and_tracked_numbers_have_units(executed: dict[str, dict]) -> None:
    for name, benchmark in executed.items():
        assert re.fullmatch(r"\d+", benchmark["version"]), f"{name}: a hash of its source is its version"
        assert benchmark["unit"] != "unit", name


class Clock:
    """Stands in for time.perf_counter: it goes on by what is worked, and by nothing else."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def test_rivals_are_timed_in_turn_and_by_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls, slow = Clock(), [], count(1)
    monkeypatch.setattr(time, "perf_counter", clock)

    def rival(name: str, seconds: Callable[[], float]) -> Callable[[], None]:
        return lambda: (calls.append(name), clock.work(seconds()))

    rivals = {"even": rival("even", lambda: 3.0), "slower": rival("slower", lambda: float(next(slow)))}
    found = common.in_turn(rivals, "cpu", calls=2, repetitions=3)
    assert found == {"even": [3.0, 3.0, 3.0], "slower": [3.5, 5.5, 7.5]}  # 1 and 2 are the warm-up
    assert calls == 4 * ["even", "even", "slower", "slower"]


def test_ratios_and_their_worst_are_as_by_hand() -> None:
    seconds = {"ours": [1.0, 3.0, 8.0], "products": [2.0, 2.0, 4.0]}
    assert common.ratios(seconds, "ours", "products") == [0.5, 1.5, 2.0]
    assert common.ratios(seconds, "products", "ours") == [2.0, 2 / 3, 0.5]
    assert common.summary([0.5, 2.0, 1.5], "median") == 1.5
    assert common.summary([0.5, 2.0, 1.5], "worst") == 2.0
    assert common.summary([0.5, 2.0, 1.5], "worst", worst=min) == 0.5


def test_a_step_is_set_against_what_its_benchmark_says() -> None:
    """ "Times the products" is over the products, "times faster" over the faster one."""
    suite, cell = bench_training.AgainstProducts(), ("gan", "cpu-1-thread", "median")
    suite.seconds = {"ours": [6.0], "products": [5.0], "onednn": [3.0], "bfloat16": [2.0]}
    assert suite.track_ratio_to_products({}, *cell) == 1.2
    assert suite.track_milliseconds({}, *cell) == 6000
    assert suite.track_speedup_by_onednn({}, *cell) == 2
    assert suite.track_speedup_by_bfloat16({}, *cell) == 3
    plain = bench_training.AgainstPlainPyTorch()
    plain.seconds = {"ours": [2.0], "plain": [3.0]}
    assert plain.track_speedup({}, "plain", "cpu-1-thread", "median") == 1.5
    for density in (bench_parzen.AuthorsProtocol(), bench_many_samples.ManySamples()):
        density.seconds = {"ours": [2.0], "products": [4.0]}
        assert density.track_ratio_to_products({}, "cpu-1-thread", "median") == 0.5


def test_each_rival_of_a_step_computes_as_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """By rival, whether oneDNN took its products, and whether their factors were rounded."""
    found: dict[str, list[tuple[bool, bool]]] = {}

    class Model:
        @staticmethod
        def train_batch(batch: torch.Tensor) -> None:
            by_onednn = torch.backends.mkldnn.matmul.fp32_precision == "bf16"
            found[[*found][-1]].append((by_onednn, precision.matmul(batch, torch.ones(1, 1)).item() == 1))

    def once_each(rivals: dict[str, Callable[[], None]], *_: object, **__: object) -> common.Seconds:
        for name, rival in rivals.items():
            found[name] = []
            rival()
        return {}

    monkeypatch.setattr(bench_training, "model_at_work", lambda *_: (Model(), torch.tensor([[1 + 2**-12]])))
    monkeypatch.setattr(bench_training, "in_turn", once_each)
    monkeypatch.setattr(products, "of_step", lambda *_: [])
    monkeypatch.setattr(libraries, "require", lambda *_: None)
    monkeypatch.setattr(precision, "require", lambda *_: None)
    monkeypatch.setattr(libraries, "rounds_factors", lambda: False)
    bench_training.measure("gan", "cpu")
    assert found == {
        "ours": [(False, False)], "products": [], "onednn": [(True, False)], "bfloat16": [(False, True)]
    }  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own memory")
def test_memory_that_was_freed_before_is_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0.0]
    look = memory.megabytes

    def blocks(number: int = 2, megabytes: int = 25) -> list[np.ndarray]:
        return [np.ones(megabytes * 10**6 // 8) for _ in range(number)]

    def work() -> None:
        kept = blocks()
        enough = len(looks) + 2  # the first of them may have begun before
        while len(looks) < enough:
            time.sleep(0.001)
        del kept

    monkeypatch.setattr(memory, "megabytes", lambda: looks.append(look()) or looks[-1])
    blocks(1, 31)  # glibc takes what is smaller from its heap from here on, where it lies when it is free
    blocks()
    assert memory.megabytes_beyond(work) >= 45


def test_a_mapped_file_holds_images_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Black ones would be skipped by the density, and a million samples would cost little."""
    monkeypatch.setattr(memory, "images", lambda n: np.arange(1, n + 1, dtype=np.float32)[:, None])
    rows = memory.mapped(tmp_path / "samples.npy", 25_000)[:, 0]
    assert np.array_equal(rows, np.arange(25_000) % 10_000 + 1)


def test_asv_knows_every_key_of_its_configuration() -> None:
    from asv.config import Config

    known = set(vars(Config())) | {"version", "build_cache_size"}  # it reads these two as well
    assert set(CONF) <= known
    assert set(CONF["matrix"]) == {"req"}
    assert CONF["results_dir"] == "results/asv"
    assert not CONF["html_dir"].startswith("results"), "asv publish empties this folder first"


def test_asv_installs_the_versions_of_the_constraints() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]} | {"build"}
    peers = {re.match(r"[\w.-]+", line)[0] for line in project["optional-dependencies"]["peers"]}
    required = CONF["matrix"]["req"]
    assert set(required) == needed | peers
    assert required == {name: [pins[name]] for name in required}


class Multiplications(TorchDispatchMode):
    """Writes down the sizes of every matrix product."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, ...]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in ("mm", "addmm", "addmm_"):
            left, right = args[-2:]
            self.sizes.append(tuple(sorted((*left.shape, right.shape[1]))))
        else:
            assert name not in ("bmm", "baddbmm", "matmul", "linear"), f"{name} is not counted"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["gan", "dbn", "cae", "gsn"])
def test_the_bare_products_are_those_of_the_step(name: str) -> None:
    settings = {"gan": {"generator_hidden": [{"units": 7}, {"units": 11}], "discriminator_hidden": [3, 2]}}
    smaller = settings.get(name, {"layers": [13, 17]})
    batch = torch.rand(5, 20, generator=torch.Generator().manual_seed(0))
    model = models.get(name, epochs=2, batch_size=5, **smaller).fit(batch)
    model.epoch = 0
    with Multiplications() as counted:
        model.train_batch(batch)
    assert sorted(counted.sizes) == sorted(tuple(sorted(sizes)) for sizes in products.of_step(model, batch))
