"""A sweep on a Dask cluster of real processes, which are killed, asked to stop, or not there."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gan_repro import table1
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.execution import dask_cluster as clusters
from gan_repro.trials.execution.dask_cluster import Cluster
from gan_repro.trials.execution.remote import RemoteResult, WorkerView, view
from gan_repro.trials.execution.sweep import sweep
from gan_repro.trials.runner import NOT_STARTED, TrialOutcome, run
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import atomic_write
from tests.factories import held as holding
from tests.factories.trials import numbers, planned, quiet

PATIENCE = 300  # seconds
HOLD = holding.__file__
# The package is found where these tests are, installed or not.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}

pytestmark = [
    # Dask's own sockets and loops, closed a moment too late for pytest.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} seconds"
        time.sleep(0.05)


class Machines:
    """A scheduler and workers, each a process with a folder of its own, over loopback."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        self._start("scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2])

    def worker(self, name, *arguments, **environment):
        """Start a worker and wait until it is there."""
        own = ["--local-directory", str(self.folder / name), "--nthreads", "1", "--no-nanny"]
        self._start("worker", self.address, "--name", name, *own, *arguments, **environment)
        wait_until(lambda: re.search(f"Registered to: +{self.address}", self.log(name)), f"worker {name}")

    def _start(self, kind, *arguments, **environment):
        name = arguments[arguments.index("--name") + 1] if "--name" in arguments else kind
        home = self.folder / name
        home.mkdir()
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"]
        environment = {**os.environ, **ENVIRONMENT, **environment}
        with (home / "log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=home, stdout=log, stderr=log, env=environment
            )

    def log(self, name):
        return (self.folder / name / "log").read_text()

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    machines = Machines(tmp_path_factory.mktemp("machines"))
    yield machines
    for name in machines.processes:
        machines.kill(name)


@pytest.fixture
def options(tmp_path):
    return quiet(tmp_path / "results", checkpoint_seconds=0.1)


@pytest.mark.slow
def test_a_trial_whose_machine_dies_goes_on_at_another(machines, tiny_spec, tmp_path, options):
    options = replace(options, checkpoint_seconds=0)
    held = tmp_path / "held"
    held.mkdir()
    machines.worker("second", "--preload", HOLD, HELD=str(held))
    plan = [planned(tiny_spec(epochs=8, seed=seed), minutes=9) for seed in (1, 2)]
    plan += [planned(tiny_spec("gaussian", seed=seed)) for seed in (1, 2)]

    def kill_in_the_middle():
        wait_until(lambda: list(held.iterdir()), "a training on the second machine")
        machines.worker("first")
        wait_until(lambda: list(RecordStore(options.results)), "a trial finished on the first machine")
        machines.kill("second")

    killer = threading.Thread(target=kill_in_the_middle)
    killer.start()
    outcomes, number = sweep(plan, options, executor=Cluster(machines.address))
    killer.join()
    assert number is None
    assert all(outcome.done for outcome in outcomes), [outcome.problem for outcome in outcomes]
    assert sorted(outcome.record.provenance.resumed for outcome in outcomes) == [0, 0, 0, 1]
    local, _ = sweep(plan, replace(options, results=tmp_path / "local", checkpoint_seconds=60))
    assert [numbers(o.record) for o in outcomes] == [numbers(o.record) for o in local]
    assert {r.spec.id: r for r in RecordStore(options.results)} == {
        outcome.planned.spec.id: outcome.record for outcome in outcomes
    }


@pytest.fixture
def unshared(monkeypatch):
    """Here every worker sees the results folder; one that finds no mark in it believes that it does not."""
    send = Cluster._send

    def without_marker(self, plan, options, marker):
        marker.unlink()
        return send(self, plan, options, marker)

    monkeypatch.setattr(Cluster, "_send", without_marker)


@pytest.mark.slow
def test_a_worker_without_the_folder_sends_record_and_checkpoint(machines, tiny_spec, options, unshared):
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    plan = [planned(tiny_spec("gaussian"), minutes=9), planned(endless)]
    home = machines.folder / "first"

    def ctrl_c_when_training():
        wait_until(lambda: list(home.rglob(f"{endless.id}.pt")), "a checkpoint in the worker's own folder")
        os.kill(os.getpid(), signal.SIGINT)

    for resumed in (0, 1):
        interrupter = threading.Thread(target=ctrl_c_when_training)
        interrupter.start()
        outcomes, number = sweep(plan, options, executor=Cluster(machines.address))
        interrupter.join()
        assert number == signal.SIGINT
        assert outcomes[0].done
        assert outcomes[1].record.status == "interrupted"
        assert outcomes[1].record.provenance.resumed == resumed
        assert checkpoint_path(options.results, endless).exists()
        assert RecordStore(options.results).read(endless) == outcomes[1].record
        assert not list(home.rglob(f"{endless.id}.pt")), "the worker's own folder was not tidied up"
    assert not list((options.results / "locks").glob("cluster-*"))


def test_what_comes_back_replaces_no_checkpoint_that_is_further(tiny_spec, tmp_path):
    spec = tiny_spec()

    def stopped_after(updates):
        calls = iter(range(1, 100))
        results = tmp_path / str(updates)
        record = run(spec, quiet(results, stop_requested=lambda: next(calls) > updates))
        content = checkpoint_path(results, spec).read_bytes()
        return RemoteResult(TrialOutcome(planned(spec), record), content, updates // 10)

    short, long = stopped_after(14), stopped_after(34)
    cluster = Cluster.__new__(Cluster)  # nobody need answer
    for here, there, fresh, kept in (
        (None, short, False, short),
        (short, long, False, long),
        (long, short, False, long),
        (long, short, True, short),
    ):
        path = checkpoint_path(tmp_path / "here", spec)
        path.unlink(missing_ok=True)
        if here is not None:
            atomic_write(path, here.checkpoint)
        future = Future()
        future.set_result(there)
        cluster._receive(planned(spec), future, quiet(tmp_path / "here", fresh=fresh))
        assert path.read_bytes() == kept.checkpoint


def test_workers_share_the_folder_if_all_are_seen_to(tmp_path):
    sees, does_not = (WorkerView(shares, view(tmp_path).versions) for shares in (True, False))
    cluster = Cluster.__new__(Cluster)
    cluster.address = "tcp://127.0.0.1:8786"
    for views, shared in (
        ({}, False),  # none yet: those that come may have a folder of their own
        ({"a": sees, "b": sees}, True),
        ({"a": sees, "b": does_not}, False),
        ({"a": sees, "b": OSError("gone")}, False),
    ):
        cluster.client = SimpleNamespace(run=lambda *_, views=views, **__: views)
        assert cluster._check_workers(tmp_path, "cpu") is shared


@pytest.mark.slow
def test_trials_for_a_gpu_wait_for_a_worker_that_offers_one(machines, tiny_spec, options, capsys):
    plan = [planned(tiny_spec())]
    on_gpu = replace(options, device="cuda")
    cluster = Cluster(machines.address)
    assert (cluster.device("auto"), cluster.device("cuda")) == ("cpu", "cuda")
    outcomes, _ = sweep(plan, on_gpu, executor=cluster, budget_minutes=2 / 60)
    assert outcomes[0].problem == NOT_STARTED
    assert "offers a GPU; waiting for one started with --resources GPU=1" in capsys.readouterr().err

    machines.worker("gpu", "--resources", "GPU=1")
    cluster = Cluster(machines.address)
    assert cluster.device("auto") == "cuda"
    outcomes, _ = sweep(plan, on_gpu, executor=cluster)
    if torch.cuda.is_available():
        assert outcomes[0].done
    else:
        assert "torch finds no CUDA device here" in outcomes[0].problem
    machines.kill("gpu")


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_sweep(machines, tiny_spec, options):
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})

    def kill_the_scheduler():
        wait_until(lambda: checkpoint_path(options.results, endless).exists(), "a checkpoint")
        machines.kill("scheduler")

    killer = threading.Thread(target=kill_the_scheduler)
    killer.start()
    outcomes, _ = sweep([planned(endless)], options, executor=Cluster(machines.address))
    killer.join()
    assert f"the scheduler at {machines.address} went away" in outcomes[0].problem


COMMAND = ["--preset", "smoke", "--datasets", "digits", "--rows", "gaussian", "--scheduler"]


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["closed", "not Dask"])
def test_a_scheduler_that_is_not_there_is_exit_status_2(answer, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def reply():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(answer)

        if answer is None:
            server.close()
        else:
            threading.Thread(target=reply, daemon=True).start()
        assert table1.main([*COMMAND, address, "--results", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"no Dask scheduler answers at {address}" in lines[0]
    assert "start one with: dask scheduler" in lines[0]


def test_without_the_package_distributed_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert table1.main([*COMMAND, "tcp://127.0.0.1:8786", "--results", str(tmp_path)]) == 2
    assert "pip install 'gan-repro[distributed]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scheduler", "localhost:8786"], "not an address like tcp://HOST:PORT"),
        (["--scheduler", "http://localhost:8786"], "not an address like tcp://HOST:PORT"),
        (["--scheduler", "tcp://localhost:8786", "--workers", "2"], "not allowed with"),
    ],
)
def test_bad_addresses_are_bad_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        table1.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
