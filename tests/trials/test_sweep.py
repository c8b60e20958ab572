"""Many trials: in one process or several, failing one by one, stopped together."""

import multiprocessing
import threading
import time

import pytest

from gan_repro.trials.plan import Planned
from gan_repro.trials.runner import Attempt
from gan_repro.trials.sweep import sweep


def planned(spec, minutes=1.0):
    return Planned(spec, "smoke", (), minutes)


def outcomes_of(records):
    return [record.model_dump(exclude={"provenance"}) for record in records]


def test_several_processes_give_the_same_records_as_one(tiny_spec, tmp_path):
    plan = [planned(tiny_spec(seed=seed)) for seed in (1, 2, 3)]
    here, _ = sweep(plan, Attempt(results=tmp_path / "here", device="cpu", progress_position=None))
    pool, signal = sweep(
        plan, Attempt(results=tmp_path / "pool", device="cpu", progress_position=None), workers=2
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
    attempt = Attempt(results=tmp_path, device="cpu", progress_position=None)
    plan = [planned(wrong_data, minutes=9), planned(tiny_spec(seed=3, learning_rate=1e30)), planned(good)]
    outcomes, _ = sweep(plan, attempt, workers=workers)
    assert [outcome.done for outcome in outcomes] == [False, False, True]
    assert "use the same images" in outcomes[0].problem
    assert outcomes[1].record.status == "diverged"


def test_when_the_budget_is_up_running_trials_are_saved_and_the_rest_is_not_started(tiny_spec, tmp_path):
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    attempt = Attempt(results=tmp_path, device="cpu", progress_position=None)
    plan = [planned(tiny_spec(seed=2), minutes=1), planned(endless, minutes=9)]
    outcomes, signal = sweep(plan, attempt, budget_minutes=1 / 60)
    assert signal is None
    assert outcomes[1].record.status == "interrupted"
    assert (tmp_path / "checkpoints" / f"{endless.id}.pt").exists()
    assert "not started" in outcomes[0].problem


def test_a_worker_that_dies_is_reported_and_its_trial_is_not_counted_as_done(tiny_spec, tmp_path):
    endless = tiny_spec(epochs=10**6, evaluation={"track_every": 0})
    attempt = Attempt(results=tmp_path, device="cpu", progress_position=None, checkpoint_seconds=0)
    checkpoint = tmp_path / "checkpoints" / f"{endless.id}.pt"

    def kill_when_training():
        while not checkpoint.exists():
            time.sleep(0.05)
        for worker in multiprocessing.active_children():
            worker.kill()

    killer = threading.Thread(target=kill_when_training)
    killer.start()
    outcomes, _ = sweep([planned(endless), planned(tiny_spec(seed=2))], attempt, workers=2)
    killer.join()
    assert outcomes[0].record is None
    assert "worker process died" in outcomes[0].problem
