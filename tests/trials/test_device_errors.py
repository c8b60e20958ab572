"""When memory runs out or a card fails: nothing is lost, and one sentence says what to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch

from gan_repro.models.gan.model import GAN
from gan_repro.models.gsn import GSN
from gan_repro.trials import runner, trial_run
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.execution import processes, sweep
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.presets import Planned
from gan_repro.trials.runner import RunOptions, TrialOutcome, run, try_planned
from tests.factories.trials import planned

OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore lines follow.")
FAILED = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
ERRORS = [OUT_OF_MEMORY, MemoryError("Unable to allocate 8 GiB"), FAILED]


def quiet(results: Path, **changes) -> RunOptions:
    return RunOptions(results=results, device="cpu", progress_position=None, **changes)


def raising(error: Exception) -> Callable[..., None]:
    def fail(*arguments, **options) -> None:
        raise error

    return fail


@pytest.fixture
def begun(tiny_spec, tmp_path) -> Path:
    """The checkpoint of a trial that was interrupted."""
    calls = iter(range(1, 1000))
    run(tiny_spec(), quiet(tmp_path, stop_requested=lambda: next(calls) > 14))
    return checkpoint_path(tmp_path, tiny_spec())


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["_load", "train_batch", "sample"])
def test_a_sound_checkpoint_outlives_an_error_of_the_machine(
    place: str, error: Exception, begun: Path, tiny_spec, tmp_path, monkeypatch
) -> None:
    saved = begun.read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(GAN, place, raising(error))
        with pytest.raises(type(error)):
            run(tiny_spec(), quiet(tmp_path))
    assert begun.read_bytes() == saved
    assert not begun.with_suffix(".corrupt").exists()
    assert run(tiny_spec(), quiet(tmp_path)).provenance.resumed == 1


def test_no_memory_to_read_a_checkpoint_is_no_damage(begun: Path, tiny_spec, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch, "load", raising(MemoryError("Unable to allocate 8 GiB")))
    with pytest.raises(MemoryError):
        run(tiny_spec(), quiet(tmp_path))
    assert begun.exists()


@pytest.mark.parametrize("error", ERRORS[:2], ids=lambda error: type(error).__name__)
def test_out_of_memory_is_a_problem_with_a_cure(error: Exception, tiny_spec, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(GAN, "train_batch", raising(error))
    outcome = try_planned(Planned(tiny_spec(), "smoke", (), 1), quiet(tmp_path))
    reason = str(error).partition("\n")[0]
    assert outcome.problem.startswith(f"out of memory ({reason}); run the same command again with fewer")
    assert outcome.record is None


def test_a_process_whose_card_has_failed_ends(tiny_spec, tmp_path, monkeypatch, capfd) -> None:
    """CUDA takes no more orders from it; its trial goes on in a new one."""
    monkeypatch.setattr(GAN, "train_batch", raising(FAILED))
    with pytest.raises(torch.AcceleratorError):
        try_planned(Planned(tiny_spec(), "smoke", (), 1), quiet(tmp_path))

    class Ended(BaseException):
        pass

    monkeypatch.setattr(processes, "_worker_stop", Stop(), raising=False)
    monkeypatch.setattr(processes, "_worker_shares", [0.0], raising=False)
    monkeypatch.setattr(processes, "_worker_position", 0, raising=False)
    monkeypatch.setattr(runner.os, "_exit", lambda status: (_ for _ in ()).throw(Ended(status)))
    with pytest.raises(Ended) as ended:
        processes._run_in_worker(Planned(tiny_spec(), "smoke", (), 1), quiet(tmp_path))
    assert ended.value.args == (1,)
    assert "the card failed (CUDA error: an illegal memory access was encountered)" in capfd.readouterr().err


def test_on_a_card_even_one_worker_is_a_process_of_its_own(tiny_spec, tmp_path, monkeypatch) -> None:
    planned, counts = Planned(tiny_spec(), "smoke", (), 1), []

    def outcomes(self, plan, options, stop):
        counts.append(len(self.shares))
        return iter([TrialOutcome(planned, None, "seen")])

    monkeypatch.setattr(processes.Processes, "outcomes", outcomes)
    for device in ("cuda", "cuda:0"):
        sweep.sweep([planned], RunOptions(results=tmp_path, device=device))
    assert counts == [1, 1]


def test_the_clock_runs_until_the_device_has_finished(tiny_spec, tmp_path, monkeypatch) -> None:
    """A device that goes on working after a call has returned, and a clock that sees it only then."""
    clock, pending = [0.0], [0.0]

    def finish(device: str) -> None:
        clock[0] += pending[0]
        pending[0] = 0.0

    def returns_at_once(model, n, *, generator):
        pending[0] = 1000.0
        return drawn(model, n, generator=generator)

    drawn = GSN.sample_consecutive
    monkeypatch.setattr(trial_run, "finish", finish)
    monkeypatch.setattr(trial_run.time, "monotonic", lambda real=time.monotonic: real() + clock[0])
    monkeypatch.setattr(GSN, "sample_consecutive", returns_at_once)
    record = run(tiny_spec("gsn", epochs=1, layers=[12], chains=4, burn_in=2), quiet(tmp_path))
    assert record.provenance.seconds["consecutive sampling"] >= 1000
    assert record.provenance.seconds["scoring"] < 1000


class Submitted:
    """In place of a pool of one process: notes on which device its trials are to run."""

    devices: list[str]

    def __init__(self, *arguments, **options) -> None:
        """Start nothing."""

    def submit(self, function, planned: Planned, options: RunOptions) -> Future[TrialOutcome]:
        self.devices.append(options.device)
        future: Future[TrialOutcome] = Future()
        future.set_result(TrialOutcome(planned, None, "made up"))
        return future

    def shutdown(self) -> None:
        """End nothing."""


def test_several_cards_are_shared_out_among_workers(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_repro.util.device.cards", lambda: 2)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", Submitted)
    monkeypatch.setattr(Submitted, "devices", [], raising=False)
    plan = [planned(tiny_spec(seed=seed)) for seed in (1, 2)]
    options = RunOptions(results=tmp_path, device="cuda", progress_position=None)
    list(processes.Processes([0, 0]).outcomes(plan, options, Stop()))
    assert sorted(Submitted.devices) == ["cuda:0", "cuda:1"]
