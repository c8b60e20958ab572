"""A training that moves between CPU and card goes on; only its noise begins anew, and that is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from benchmarks.common import MODELS
from benchmarks.moved import main as move_all
from gan_repro.experiments.base import Context
from gan_repro.experiments.trained import load
from gan_repro.figures.grids import main as keep_grids
from gan_repro.models.conformance.case import draw, through_a_file
from gan_repro.models.conformance.trained_model import Killed, Watcher
from gan_repro.models.training import TrainedModel
from gan_repro.trials.runner import RunOptions, run
from gan_repro.util.files import sha256_of_array
from tests.cuda import ON_A_CARD
from tests.models.test_conformance import CASES, TRAINED
from tests.trials.conftest import digits_spec, tiny_spec

__all__ = ["digits_spec", "tiny_spec"]

pytestmark = ON_A_CARD


@pytest.fixture(scope="module")
def train() -> np.ndarray:
    return (load_digits().data[:130] / 16).astype(np.float32)


def killed_after(update: int, model: TrainedModel, train: np.ndarray, state: Any = None) -> dict[str, Any]:
    """The state, through a file, of a training that ended after so many updates."""
    saved: dict[str, Any] = {}

    def save_and_die(model: TrainedModel) -> None:
        saved.update(through_a_file(model.state()))
        raise Killed

    with pytest.raises(Killed):
        model.fit(train, observer=Watcher(update, save_and_die), state=state)
    return saved


@pytest.mark.parametrize("name", TRAINED)
def test_a_training_moves_to_a_card_and_back(name: str, train: np.ndarray) -> None:
    begun = killed_after(4, CASES[name].new(), train)
    moved = killed_after(10, CASES[name].new(device="cuda"), train, begun)
    assert (moved["updates"], moved["device"], moved["reseeded"]) == (10, "cuda", [4])
    watcher = Watcher()
    back = CASES[name].new().fit(train, observer=watcher, state=moved)
    assert back.reseeded == [4, 10]
    assert [log.epoch for log in watcher.logs] == [2]
    assert draw(back).isfinite().all()


@pytest.mark.parametrize("name", TRAINED)
def test_resumed_on_a_card_is_the_same_run(name: str, train: np.ndarray) -> None:
    straight = CASES[name].new(device="cuda").fit(train)
    resumed = (
        CASES[name]
        .new(device="cuda")
        .fit(train, state=killed_after(4, CASES[name].new(device="cuda"), train))
    )
    assert resumed.reseeded == []
    for key, tensor in straight.parameters().items():
        assert torch.equal(tensor.cpu(), resumed.parameters()[key].cpu()), key


def test_what_moves_is_all_but_the_noise(train: np.ndarray) -> None:
    state = killed_after(4, CASES["gan"].new(), train)
    moved = CASES["gan"].new(device="cuda", epochs=2)
    seen = []
    moved.train_batch = lambda batch: seen.append(batch.cpu()) or {}
    moved.fit(train, state=state)
    for key, tensor in state["tensors"].items():
        assert torch.equal(moved._tensors()[key].cpu(), tensor), key
    order = []
    stayed = CASES["gan"].new(epochs=2)
    stayed.train_batch = lambda batch: order.append(batch) or {}
    stayed.fit(train, state=state)
    assert [batch.tolist() for batch in seen] == [batch.tolist() for batch in order]


def quiet(results: Path, device: str, **changes: Any) -> RunOptions:
    return RunOptions(results=results, device=device, progress_position=None, **changes)


def test_a_trial_goes_on_elsewhere_and_its_record_says_so(tiny_spec, tmp_path, capsys) -> None:
    spec = tiny_spec()

    def begin(device: str, updates: int) -> None:
        calls = iter(range(1, 1000))
        run(spec, quiet(tmp_path, device, stop_requested=lambda: next(calls) > updates))

    begin("cpu", 5)
    begin("cuda", 7)
    provenance = run(spec, quiet(tmp_path, "cpu")).provenance
    assert "set aside" not in capsys.readouterr().err
    # A stop is heard after the update in which it is asked for.
    assert provenance.reseeded == (6, 14)
    devices = [origin.environment["device"] for origin in provenance.origins]
    assert devices == [torch.cuda.get_device_name("cuda"), "cpu"]


@pytest.mark.parametrize("model", ["gan", "gsn"])
def test_experiments_take_up_what_a_card_has_trained(model: str, tiny_spec, tmp_path) -> None:
    settings = {} if model == "gan" else {"epochs": 2, "layers": [12, 10], "chains": 4, "burn_in": 2}
    record = run(tiny_spec(model, **settings), quiet(tmp_path, "cuda"))
    scored = record.candidates["best"].samples_sha256
    context = Context(tmp_path)
    on_card, on_cpu = load(record, context, device="cuda"), load(record, context)
    assert sha256_of_array(on_card.samples()) == scored
    assert sha256_of_array(on_cpu.samples()) != scored
    # The same net, but with other noise.
    for name, tensor in on_card.model.parameters().items():
        assert torch.equal(tensor.cpu(), on_cpu.model.parameters()[name]), name


def test_grids_of_a_cards_trial_are_of_the_scored_samples(tiny_spec, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("gan_repro.trials.presets.FULL_SIZE", (None,))
    record = run(tiny_spec(), quiet(tmp_path, "cuda"))
    assert keep_grids(["--results", str(tmp_path)]) == 0
    assert (tmp_path / "samples" / f"{record.spec.id}.npz").exists()


def test_the_script_for_a_card_moves_every_net_there_and_back(capsys) -> None:
    assert move_all("cuda", "digits") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(MODELS)
    assert all("done, resumed 2 times, seeded anew after (1, 2)" in line for line in lines)
