"""Many trials: in one process or several, failing one by one, stopped together."""

import multiprocessing
import signal
import threading
import time
from dataclasses import replace

import pytest
from filelock import FileLock

from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.execution.sweep import _affordable, sweep
from gan_repro.trials.runner import RunOptions, checkpoint_path


def planned(spec, minutes=1.0):
    return Planned(spec, "smoke", (), minutes)


def outcomes_of(records):
    return [record.model_dump(exclude={"provenance"}) for record in records]


def test_several_processes_give_the_same_records_as_one(tiny_spec, tmp_path):
    plan = [planned(tiny_spec(seed=seed)) for seed in (1, 2, 3)]
    here, _ = sweep(plan, RunOptions(results=tmp_path / "here", device="cpu", progress_position=None))
    pool, signal = sweep(
        plan, RunOptions(results=tmp_path / "pool", device="cpu", progress_position=None), workers=2
    )
    assert signal is None
    assert outcomes_of(o.record for o in here) == outcomes_of(o.record for o in pool)
    assert [o.planned.spec.seed for o in pool] == [1, 2, 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_trial_does_not_take_the_others_with_it(tiny_spec, tmp_path, workers):
    good, wrong_data = tiny_spec(), tiny_spec(seed=2)
    wrong_data = wrong_data.model_copy(
        update={"data": wrong_data.data.model_copy(update={"sha256": "0" * 64})}
    )
    options = RunOptions(results=tmp_path, device="cpu", progress_position=None)
    plan = [planned(wrong_data, minutes=9), planned(tiny_spec(seed=3, learning_rate=1e30)), planned(good)]
    outcomes, _ = sweep(plan, options, workers=workers)
    assert [outcome.done for outcome in outcomes] == [False, False, True]
    assert "use the same images" in outcomes[0].problem
    assert outcomes[1].record.status == "diverged"


def test_when_the_budget_is_up_running_trials_are_saved_and_the_rest_is_not_started(tiny_spec, tmp_path):
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    options = RunOptions(results=tmp_path, device="cpu", progress_position=None)
    plan = [planned(endless), planned(tiny_spec(seed=2))]
    outcomes, signal = sweep(plan, options, budget_minutes=1 / 60)
    assert signal is None
    assert outcomes[0].record.status == "interrupted"
    assert (tmp_path / "checkpoints" / f"{endless.id}.pt").exists()
    assert "not started" in outcomes[1].problem


def test_a_budget_is_spent_on_what_is_begun_and_then_in_the_order_of_the_plan(tiny_spec, tmp_path):
    endless = [tiny_spec(seed=seed, epochs=10**6, evaluation={"track_every": 0}) for seed in (1, 2)]
    options = RunOptions(results=tmp_path, device="cpu", progress_position=None)
    first = [planned(tiny_spec("gaussian"), minutes=1), planned(endless[0], minutes=9)]
    outcomes, _ = sweep(first, options, budget_minutes=4 / 60)
    assert outcomes[0].done
    assert outcomes[1].record.status == "interrupted"

    second = [planned(endless[1]), planned(endless[0])]
    outcomes, _ = sweep(second, options, budget_minutes=1 / 60)
    assert "not started" in outcomes[0].problem
    assert outcomes[1].record.provenance.resumed == 1


def kill_the_workers_once_there_is(checkpoint):
    def kill():
        deadline = time.monotonic() + 600
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        for worker in multiprocessing.active_children():
            worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    return killer


def test_a_worker_that_dies_costs_its_attempt_and_no_trial(tiny_spec, tmp_path, monkeypatch):
    """As after the system killed it for its memory: another process goes on from the checkpoint."""
    monkeypatch.setattr("gan_repro.trials.execution.sweep._affordable", lambda workers, threads: workers)
    long = tiny_spec(epochs=120, evaluation={"track_every": 60})
    options = RunOptions(
        results=tmp_path / "killed", device="cpu", progress_position=None, checkpoint_seconds=0.1
    )
    killer = kill_the_workers_once_there_is(checkpoint_path(options.results, long))
    plan = [planned(long, minutes=9), planned(tiny_spec(seed=2))]
    outcomes, _ = sweep(plan, options, workers=2)
    killer.join()
    assert [outcome.done for outcome in outcomes] == [True, True]
    assert outcomes[0].record.provenance.resumed == 1
    here, _ = sweep(plan, replace(options, results=tmp_path / "here", checkpoint_seconds=60))
    assert outcomes_of(o.record for o in here) == outcomes_of(o.record for o in outcomes)


def test_a_trial_that_kills_its_workers_is_given_up_and_named(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_repro.trials.execution.sweep._affordable", lambda workers, threads: workers)
    monkeypatch.setattr("gan_repro.trials.execution.processes.WORKER_DEATHS", 1)
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    options = RunOptions(results=tmp_path, device="cpu", progress_position=None, checkpoint_seconds=0.1)
    killer = kill_the_workers_once_there_is(checkpoint_path(tmp_path, endless))
    outcomes, _ = sweep([planned(endless)], options, workers=2)
    killer.join()
    assert outcomes[0].record is None
    assert "its worker process died once (killed, or out of memory)" in outcomes[0].problem


def test_asked_twice_it_stops_at_once_and_keeps_what_is_finished(tiny_spec, tmp_path, monkeypatch, capfd):
    def interrupted_twice(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("gan_repro.models.gan.model.GAN.fit", interrupted_twice)
    options = RunOptions(results=tmp_path, device="cpu", progress_position=None)
    plan = [planned(tiny_spec()), planned(tiny_spec("train-set"), minutes=9)]
    outcomes, number = sweep(plan, options)
    assert number == signal.SIGINT
    assert outcomes[1].done
    assert "stopped at once" in outcomes[0].problem
    assert "again to stop at once" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_while_another_process_is_at_a_trial_a_sweep_waits_but_can_be_stopped(tiny_spec, tmp_path):
    spec = tiny_spec()
    (tmp_path / "locks").mkdir()
    with FileLock(tmp_path / "locks" / f"{spec.id}.lock"):
        options = RunOptions(results=tmp_path, device="cpu", progress_position=None)
        outcomes, _ = sweep([planned(spec)], options, budget_minutes=0.5 / 60)
    assert "another process was running it" in outcomes[0].problem


def test_no_more_workers_than_cores_for_their_threads(monkeypatch, capsys):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3})
    assert _affordable(3, threads=1) == 3
    assert capsys.readouterr().err == ""
    assert _affordable(9, threads=1) == 4
    assert "9 workers asked for, 4 cores here: 4 trials at a time" in capsys.readouterr().err
    assert _affordable(9, threads=3) == 1
