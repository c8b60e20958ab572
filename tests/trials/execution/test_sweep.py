"""Many trials: in one process or several, failing one by one, stopped together."""

import multiprocessing
import signal
import threading
import time
from dataclasses import replace
from itertools import count

import pytest
from filelock import FileLock

from gan_repro.models.baselines import PixelGaussian
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.execution import processes
from gan_repro.trials.execution.plan import describe_plan, remaining
from gan_repro.trials.execution.processes import Processes
from gan_repro.trials.execution.progress import Progress
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.execution.sweep import ThisProcess, sweep
from gan_repro.trials.runner import NOT_STARTED, run
from gan_repro.trials.store import RecordStore
from tests.factories.held import start_held_worker
from tests.factories.trials import numbers, planned, quiet


def test_several_processes_give_the_same_records_as_one(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    plan = [planned(tiny_spec(seed=seed)) for seed in (1, 2, 3)]
    here, _ = sweep(plan, quiet(tmp_path / "here"))
    pool, signal = sweep(plan, quiet(tmp_path / "pool"), workers=2)
    assert signal is None
    assert [numbers(o.record) for o in here] == [numbers(o.record) for o in pool]
    assert [o.planned.spec.seed for o in pool] == [1, 2, 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_trial_does_not_take_the_others_with_it(tiny_spec, tmp_path, workers):
    good, wrong_data = tiny_spec(), tiny_spec(seed=2)
    wrong_data = wrong_data.model_copy(
        update={"data": wrong_data.data.model_copy(update={"sha256": "0" * 64})}
    )
    options = quiet(tmp_path)
    plan = [planned(wrong_data, minutes=9), planned(tiny_spec(seed=3, learning_rate=1e30)), planned(good)]
    outcomes, _ = sweep(plan, options, workers=workers)
    assert [outcome.done for outcome in outcomes] == [False, False, True]
    assert "use the same images" in outcomes[0].problem
    assert outcomes[1].record.status == "diverged"


def let_trials_begin(monkeypatch, looks):
    """Let trials look so many times whether the budget is up before it is, on a machine of any speed."""
    looked = count(1)

    def is_set(self):
        if next(looked) <= looks:
            return False
        deadline = time.monotonic() + 60
        while not self.flag.value:
            assert time.monotonic() < deadline, "the budget is never up"
            time.sleep(0.01)
        return True

    monkeypatch.setattr(Stop, "is_set", is_set)


def test_when_the_budget_is_up_running_trials_are_saved(tiny_spec, tmp_path, monkeypatch):
    let_trials_begin(monkeypatch, looks=1)
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    options = quiet(tmp_path)
    plan = [planned(endless), planned(tiny_spec(seed=2))]
    outcomes, signal = sweep(plan, options, budget_minutes=0.001)
    assert signal is None
    assert outcomes[0].record.status == "interrupted"
    assert (tmp_path / "checkpoints" / f"{endless.id}.pt").exists()
    assert "not started" in outcomes[1].problem


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stopped_sweep_gives_what_an_earlier_one_finished(tiny_spec, tmp_path, monkeypatch, workers):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr(Stop, "is_set", lambda self: True)
    plan = [planned(tiny_spec("gaussian")), planned(tiny_spec("train-set"))]
    run(plan[0].spec, quiet(tmp_path))
    outcomes, _ = sweep(plan, quiet(tmp_path), workers=workers)
    assert outcomes[0].done
    assert outcomes[1].problem == NOT_STARTED
    fresh, _ = sweep(plan, quiet(tmp_path, fresh=True), workers=workers)
    assert [outcome.problem for outcome in fresh] == [NOT_STARTED] * 2


def test_a_budget_is_spent_first_on_what_is_begun(tiny_spec, tmp_path, monkeypatch):
    endless = [tiny_spec(seed=seed, epochs=10**6, evaluation={"track_every": 0}) for seed in (1, 2)]
    options = quiet(tmp_path)
    first = [planned(tiny_spec("gaussian"), minutes=1), planned(endless[0], minutes=9)]
    let_trials_begin(monkeypatch, looks=2)
    outcomes, _ = sweep(first, options, budget_minutes=0.001)
    assert outcomes[0].done
    assert outcomes[1].record.status == "interrupted"

    second = [planned(endless[1]), planned(endless[0])]
    let_trials_begin(monkeypatch, looks=1)
    outcomes, _ = sweep(second, options, budget_minutes=0.001)
    assert "not started" in outcomes[0].problem
    assert outcomes[1].record.provenance.resumed == 1


class Noted:
    """An executor that runs nothing and keeps the plan that it is given."""

    def outcomes(self, plan, options, stop):
        self.plan = plan
        yield from ()


def test_those_of_which_most_is_left_start_first(tiny_spec, tmp_path):
    begun, whole = planned(tiny_spec(), minutes=8), planned(tiny_spec(seed=2), minutes=6)
    done = planned(tiny_spec("gaussian"), minutes=7)
    calls = iter(range(100))
    run(begun.spec, quiet(tmp_path, stop_requested=lambda: next(calls) > 34))  # three of four epochs
    run(done.spec, quiet(tmp_path))
    noted = Noted()
    sweep([begun, whole, done], quiet(tmp_path), executor=noted)
    assert [(p.spec.id, p.minutes) for p in noted.plan] == [
        (done.spec.id, 0.0), (whole.spec.id, 6.0), (begun.spec.id, 2.0),
    ]  # fmt: skip


def test_two_rows_with_one_trial_both_have_its_outcome(tiny_spec, tmp_path, monkeypatch):
    fits = []
    fit = PixelGaussian.fit
    monkeypatch.setattr(PixelGaussian, "fit", lambda *a, **k: fits.append(1) or fit(*a, **k))
    spec = tiny_spec("gaussian")
    plan = [replace(planned(spec), row=row) for row in ("gan", "gan-early-stopping")]
    assert describe_plan(plan, RecordStore(tmp_path), workers=1, fresh=False).count(spec.id) == 1
    outcomes, _ = sweep(plan, quiet(tmp_path))
    assert [(outcome.planned, outcome.done) for outcome in outcomes] == [(p, True) for p in plan]
    assert outcomes[0].record == outcomes[1].record
    assert fits == [1]


def test_time_left_is_told_from_what_is_left(tiny_spec, tmp_path, monkeypatch):
    """Shares and weights are of what is left: 1 of 4 epochs is done here, and the other trial altogether."""
    begun, done = planned(tiny_spec(epochs=4), minutes=8), planned(tiny_spec("gaussian"), minutes=8)
    calls = iter(range(100))
    cut = run(begun.spec, quiet(tmp_path, stop_requested=lambda: next(calls) > 14))
    assert cut.status == "interrupted"
    run(done.spec, quiet(tmp_path))

    assert remaining(begun, tmp_path, done=False, fresh=False)[1] == 6.0
    weights = []

    def noted(plan, count, *, shown):
        weights.extend(planned.minutes for planned in plan)
        return Progress(plan, count, shown=shown)

    monkeypatch.setattr("gan_repro.trials.execution.sweep.Progress", noted)
    sweep([begun, done], quiet(tmp_path), budget_minutes=0)
    assert sorted(weights) == [0.0, 6.0]
    shares = []
    run(begun.spec, quiet(tmp_path, report_share=shares.append))
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])


def test_a_damaged_record_is_warned_of_once(tiny_spec, tmp_path, capsys):
    plan = [planned(tiny_spec("gaussian"))]
    path = RecordStore(tmp_path).path(plan[0].spec)
    path.parent.mkdir()
    path.write_text("{torn")
    outcomes, _ = sweep(plan, quiet(tmp_path))
    assert outcomes[0].done
    assert capsys.readouterr().err.count("is not a trial record") == 1


def kill_workers_once_there_is(file):
    """Kill all worker processes in another thread, once a file is there."""

    def kill():
        deadline = time.monotonic() + 600
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        for worker in multiprocessing.active_children():
            worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    return killer


def test_a_worker_that_dies_costs_no_trial(tiny_spec, tmp_path, monkeypatch):
    """As after the system killed it for its memory: another process goes on from the checkpoint."""
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr(processes, "start_worker", start_held_worker)
    monkeypatch.setenv("HELD", str(tmp_path / "held"))
    (tmp_path / "held").mkdir()
    plan = [planned(tiny_spec(), minutes=9), planned(tiny_spec("gaussian"))]
    options = quiet(tmp_path / "killed", checkpoint_seconds=0)
    killer = kill_workers_once_there_is(tmp_path / "held" / plan[0].spec.id)
    outcomes, _ = sweep(plan, options, workers=2)
    killer.join()
    assert [outcome.done for outcome in outcomes] == [True, True]
    assert outcomes[0].record.provenance.resumed == 1
    here, _ = sweep(plan, quiet(tmp_path / "here"))
    assert [numbers(o.record) for o in here] == [numbers(o.record) for o in outcomes]


def test_a_trial_that_kills_its_workers_is_given_up_and_named(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr(processes, "WORKER_DEATHS", 1)
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    options = quiet(tmp_path, checkpoint_seconds=0.1)
    killer = kill_workers_once_there_is(checkpoint_path(tmp_path, endless))
    outcomes, _ = sweep([planned(endless)], options, workers=2)
    killer.join()
    assert outcomes[0].record is None
    assert "its worker process died once (killed, out of memory, or its card failed)" in outcomes[0].problem


def test_asked_twice_it_stops_at_once_and_keeps_what_is_finished(tiny_spec, tmp_path, monkeypatch, capfd):
    def interrupted_twice(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("gan_repro.models.gan.model.GAN.fit", interrupted_twice)
    options = quiet(tmp_path)
    plan = [planned(tiny_spec()), planned(tiny_spec("train-set"), minutes=9)]
    outcomes, number = sweep(plan, options)
    assert number == signal.SIGINT
    assert outcomes[1].done
    assert "stopped at once" in outcomes[0].problem
    assert "again to stop at once" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_sweep_that_waits_for_a_locked_trial_can_be_stopped(tiny_spec, tmp_path, monkeypatch):
    let_trials_begin(monkeypatch, looks=1)
    spec = tiny_spec()
    (tmp_path / "locks").mkdir()
    with FileLock(tmp_path / "locks" / f"{spec.id}.lock"):
        options = quiet(tmp_path)
        outcomes, _ = sweep([planned(spec)], options, budget_minutes=0.001)
    assert "another process was running it" in outcomes[0].problem


@pytest.mark.parametrize(("asked", "threads", "at_a_time"), [(3, 1, 3), (9, 1, 4), (9, 3, 1)])
def test_no_more_workers_than_cores_for_their_threads(
    asked, threads, at_a_time, tiny_spec, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3})
    started = []

    def outcomes(self, plan, options, stop):
        started.append(len(self.shares))
        yield from ()

    for executor in (Processes, ThisProcess):
        monkeypatch.setattr(executor, "outcomes", outcomes)
    sweep([planned(tiny_spec())], quiet(tmp_path, threads=threads), workers=asked)
    assert started == [at_a_time]
    talk = f"{asked} workers asked for, 4 cores here: {at_a_time} trials at a time"
    assert (talk in capsys.readouterr().err) == (asked > at_a_time)
