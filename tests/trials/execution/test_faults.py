"""What may go wrong on a machine, done to real processes: nothing is lost, nothing done twice, nothing half.

The processes are forked from a server that has imported torch, so that one costs milliseconds instead of
seconds.
"""

import json
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from gan_repro import table1
from gan_repro.experiments.results import load_results
from gan_repro.models.gan.model import GAN
from gan_repro.tables.cell import brief_text
from gan_repro.tables.collect import cell_from
from gan_repro.tables.files import write_files
from gan_repro.trials import runner, trial_run
from gan_repro.trials.execution.sweep import sweep
from gan_repro.trials.monitor import TrainingMonitor
from gan_repro.trials.runner import run
from gan_repro.trials.store import RecordStore
from gan_repro.trials.trial_run import TrialRun
from tests.factories.trials import TINY_STACK, numbers, planned, quiet

PATIENCE = 600  # seconds until a process that should have ended is taken for one that hangs

context = multiprocessing.get_context("forkserver")
# This module brings most of what the processes need; the rest would be imported by each of them anew.
context.set_forkserver_preload(
    [__name__, "gan_repro.models.dbn", "gan_repro.models.baselines", "gan_repro.data.digits", "pandas",
     "sklearn.datasets", "tabulate"]
)  # fmt: skip


@contextmanager
def forked(target, *arguments):
    process = context.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def ended(process):
    process.join(PATIENCE)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def numbers_in(results):
    return {record.spec.id: numbers(record) for record in RecordStore(results)}


class Moments:
    """Counts the moments at which a process may die, and kills it at one of them.

    They come before and after each step of writing a file, and after each update of a training.
    """

    def __init__(self, fatal=None):
        self.fatal, self.passed = fatal, 0
        for module, name in ((tempfile, "mkstemp"), (os, "fsync"), (os, "replace")):
            setattr(module, name, self._around(getattr(module, name)))
        TrainingMonitor.after_batch = self._around(TrainingMonitor.after_batch)

    def _around(self, step):
        def watched(*arguments, **options):
            self._pass()
            result = step(*arguments, **options)
            self._pass()
            return result

        return watched

    def _pass(self):
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


# What the processes do. Each starts with an empty head but for the modules above.


def sweep_to(results, plan, log=None, fatal=None):
    """Run the plan and write the tables; exit status 0 if every trial is done.

    `log` gets the id of each trial that is run; `fatal` is the moment to die at.
    """

    class Logged(TrialRun):
        def run(self):
            with Path(log).open("a") as file:
                file.write(self.spec.id + "\n")
            return super().run()

    if log is not None:
        runner.TrialRun = Logged
    moments = Moments(fatal)
    outcomes, _ = sweep(plan, quiet(results, checkpoint_seconds=0))
    write_files(load_results(results), ["digits"])
    (results / "moments").write_text(str(moments.passed))
    sys.exit(0 if all(outcome.done for outcome in outcomes) else 1)


def command(arguments, streams, largest_file=None):
    """The main command with its output in two files; no file it writes may become larger than that."""
    for number, name in enumerate(("out", "err"), start=1):
        os.dup2(os.open(streams / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.exit(table1.main(arguments))


def sweep_in_little_memory(results, plan):
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
    sweep_to(results, plan)


@pytest.fixture
def plan(tiny_spec):
    """Long and short trials, with and without checkpoints."""
    specs = [
        tiny_spec(epochs=6, evaluation={"track_every": 3}),
        tiny_spec("dbn", evaluation={"track_every": 4}, **TINY_STACK),
        tiny_spec(seed=2, epochs=3),
        tiny_spec("gaussian"),
        tiny_spec("train-set"),
        tiny_spec("train-set", seed=2),
    ]
    return [planned(spec, minutes) for minutes, spec in enumerate(reversed(specs), start=1)]


@pytest.mark.slow
def test_killed_at_fifty_moments_every_trial_ends_the_same(plan, tmp_path):
    with forked(sweep_to, tmp_path / "straight", plan) as process:
        assert ended(process) == 0
    straight = numbers_in(tmp_path / "straight")
    assert len(straight) == len(plan)
    moments = int((tmp_path / "straight" / "moments").read_text())

    draw = random.Random(50)
    kills, sweeps = 0, [tmp_path / "0"]
    while kills < 50:
        with forked(sweep_to, sweeps[-1], plan, None, draw.randint(1, moments // 3)) as process:
            status = ended(process)
        if status == -signal.SIGKILL:
            kills += 1
        else:  # it was through with everything before that many moments
            assert status == 0
            sweeps.append(tmp_path / str(len(sweeps)))
    with forked(sweep_to, sweeps[-1], plan) as process:
        assert ended(process) == 0

    for results in sweeps:
        assert numbers_in(results) == straight
        assert not list(results.rglob("*.corrupt"))
        assert not list((results / "trials").glob(".*"))
        assert not list((results / "checkpoints").glob(".*"))
        tables = {path.name: path.read_bytes() for path in results.glob("table1_*")}
        assert tables == {path.name: path.read_bytes() for path in (tmp_path / "straight").glob("table1_*")}
    resumed = sum(record.provenance.resumed for results in sweeps for record in RecordStore(results))
    assert resumed >= 5, "the kills missed the training"


def test_two_sweeps_at_once_do_nothing_twice_and_lose_nothing(plan, tmp_path):
    log = tmp_path / "log"
    with (
        forked(sweep_to, tmp_path / "both", plan, log) as one,
        forked(sweep_to, tmp_path / "both", plan, log) as two,
    ):
        assert [ended(one), ended(two)] == [0, 0]
    assert sorted(log.read_text().split()) == sorted(trial.spec.id for trial in plan)
    with forked(sweep_to, tmp_path / "alone", plan) as process:
        assert ended(process) == 0
    assert numbers_in(tmp_path / "both") == numbers_in(tmp_path / "alone")


SMOKE = ["--preset", "smoke", "--datasets", "digits", "--workers", "1", "--rows"]


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(tmp_path):
    """A limit on file sizes fails like a full disk, in the middle of a checkpoint."""
    results = tmp_path / "results"
    arguments = [*SMOKE, "gan", "gaussian", "--results", str(results), "--format", "json"]
    with forked(command, arguments, tmp_path, 40_000) as process:
        assert ended(process) == 1
    assert "Traceback" not in (tmp_path / "err").read_text()
    rows = {row["row"]: row for row in json.loads((tmp_path / "out").read_text())["rows"]}
    assert f"no room in {results}" in json.dumps(rows["gan"])
    assert '"score": {"value"' in json.dumps(rows["gaussian"])
    assert not list(results.rglob("*.part"))
    with forked(command, arguments, tmp_path) as process:
        assert ended(process) == 0
    arguments[arguments.index(str(results))] = str(tmp_path / "straight")
    with forked(command, arguments, tmp_path) as process:
        assert ended(process) == 0
    assert numbers_in(results) == numbers_in(tmp_path / "straight")


@contextmanager
def no_room():
    """No file of this process may get a single byte, pytest's own log included: to be held for a moment."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_with_no_room_at_all_is_found_out_before_training(tmp_path, capsys):
    with no_room():
        status = table1.main([*SMOKE, "gan", "--results", str(tmp_path / "full")])
    assert status == 2
    assert re.search(
        r"cannot write to .*full: File too large; choose another folder", capsys.readouterr().err
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_read_only_results_folder_is_found_out_before_training(capsys):
    """Permissions do not hold root back, /proc does."""
    assert table1.main([*SMOKE, "gan", "--results", "/proc/self"]) == 2
    assert "cannot write to /proc/self" in capsys.readouterr().err


@contextmanager
def standard_gan(results, streams, *arguments):
    """The main command in the middle of a training that would take long."""
    long = ["--preset", "standard", "--datasets", "digits", "--seeds", "1", "--results", str(results)]
    with forked(command, [*long, *arguments], streams) as process:
        deadline = time.monotonic() + PATIENCE
        while not list(results.glob("locks/gan-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(1)
        yield process


def test_interrupted_it_keeps_and_prints_what_is_finished(tmp_path):
    results = tmp_path / "results"
    finished = ["--preset", "standard", "--datasets", "digits", "--seeds", "1", "--rows", "gaussian"]
    with forked(command, [*finished, "--results", str(results), "--workers", "1"], tmp_path) as process:
        assert ended(process) == 0
    with standard_gan(results, tmp_path, "--rows", "gaussian", "gan", "--workers", "1") as process:
        os.kill(process.pid, signal.SIGINT)
        assert ended(process) == 130
    out, err = ((tmp_path / name).read_text() for name in ("out", "err"))
    assert "Traceback" not in err
    records = {record.spec.model: record for record in RecordStore(results)}
    # On a fast machine it has been tracked by then, and its cell says how far it came.
    cell = cell_from([records["gan"]])
    assert cell.problem.startswith("seed 1 interrupted")
    assert cell.problem[:60] in out
    assert brief_text(cell) in out
    assert str(records["gaussian"].score.log_likelihood) in out
    assert records["gan"].status == "interrupted"
    assert len(list(results.glob("checkpoints/gan-*.pt"))) == 1


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has one worker, and that is the sweep")
def test_the_workers_of_a_sweep_that_is_killed_do_not_train_on(tmp_path):
    with standard_gan(tmp_path, tmp_path, "--rows", "gan", "kmeans", "--workers", "2") as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        assert workers
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive


def test_a_model_too_large_for_the_memory_fails_alone(tiny_spec, tmp_path):
    huge = tiny_spec(generator_hidden=[{"units": 20_000}, {"units": 20_000}])
    plan = [planned(huge, 9), planned(tiny_spec("gaussian"))]
    with forked(sweep_in_little_memory, tmp_path, plan) as process:
        assert ended(process) == 1
    records = {record.spec.model: record for record in RecordStore(tmp_path)}
    assert records["gaussian"].status == "done"
    # The machine's fault and not the model's: a machine with more of it goes on.
    assert "gan" not in records


def test_a_worker_that_raises_fails_alone_and_says_where(tiny_spec, tmp_path, monkeypatch):
    def broken(self, batch):
        raise KeyError("velocity")

    monkeypatch.setattr(GAN, "train_batch", broken)
    plan = [planned(tiny_spec(), 9), planned(tiny_spec("gaussian"))]
    outcomes, _ = sweep(plan, quiet(tmp_path))
    assert outcomes[0].problem == "KeyError: 'velocity'"
    assert outcomes[1].done


def test_a_clock_set_back_changes_no_duration_and_no_number(tiny_spec, tmp_path, monkeypatch):
    spec = tiny_spec()
    options = quiet(tmp_path / "straight")
    straight = run(spec, options)
    hours = iter(range(1000))

    class Backwards(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=next(hours))

    monkeypatch.setattr(trial_run, "datetime", Backwards)
    monkeypatch.setattr(time, "time", lambda: -3600.0 * next(hours))
    calls = iter(range(1000))
    options = replace(options, results=tmp_path / "cut")
    cut = run(spec, replace(options, stop_requested=lambda: next(calls) > 14))
    assert cut.status == "interrupted"
    record = run(spec, options)
    assert record.provenance.finished < record.provenance.started
    assert all(0 <= seconds < 60 for seconds in record.provenance.seconds.values())
    assert record.candidates == straight.candidates
    assert RecordStore(tmp_path / "cut").read(spec) == record
