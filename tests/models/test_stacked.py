"""What DBN and CAE share: which layer trains when, and what a sample's chains are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.datasets import load_digits

from gan_repro.models.base import EpochLog
from gan_repro.models.cae import CAE
from gan_repro.models.dbn import DBN
from gan_repro.models.stacked import StackedModel
from gan_repro.models.training import TrainedModel
from gan_repro.util.seeds import generator

KINDS = pytest.mark.parametrize("kind", [DBN, CAE])
BATCHES = 4


@pytest.fixture(scope="module")
def train() -> np.ndarray:
    return (load_digits().data[:65] / 16).astype(np.float32)


def new(kind: type[StackedModel], **settings: Any) -> StackedModel:
    small = {"layers": (9, 7), "epochs": 4, "batch_size": 20, "chains": 4, "burn_in": 2, "thinning": 2}
    return kind(kind.Config(**(small | settings)))


def draw(model: StackedModel, n: int, seed: int = 0) -> torch.Tensor:
    return model.sample(n, generator=generator(seed))


class Watcher:
    """Keeps the state after every update, and the samples and the log after every epoch."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []
        self.samples: list[torch.Tensor] = []
        self.logs: list[EpochLog] = []

    def after_batch(self, model: TrainedModel) -> None:
        self.states.append(model.state())

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        self.samples.append(model.sample(8, generator=generator(0)))
        self.logs.append(log)
        return False


@pytest.mark.parametrize(
    ("layers", "epochs", "shares", "trained"),
    [
        (1, 3, None, [0, 0, 0]),
        (2, 4, None, [0, 0, 1, 1]),
        (2, 5, None, [0, 0, 0, 1, 1]),
        (2, 1, None, [0]),
        (3, 6, (3, 2, 1), [0, 0, 0, 1, 1, 2]),
        (3, 4, (0, 1, 1), [1, 1, 2, 2]),
        (3, 10, (0.1, 0.2, 0.7), [0, 1, 1, 2, 2, 2, 2, 2, 2, 2]),
        (2, 0, None, []),
    ],
)
def test_epochs_go_to_the_layers_in_order(
    layers: int, epochs: int, shares: tuple[float, ...] | None, trained: list[int]
) -> None:
    config = new(DBN, layers=(5,) * layers, epochs=epochs, epoch_shares=shares).config
    assert [config.layer_at(epoch) for epoch in range(epochs)] == trained


@KINDS
def test_only_the_layer_in_training_changes(kind: type[StackedModel], train: np.ndarray) -> None:
    watcher = Watcher()
    new(kind).fit(train, observer=watcher)
    weights = [[state["tensors"][f"weights_{layer}"] for state in watcher.states] for layer in (1, 2)]
    half = 2 * BATCHES
    assert not torch.equal(weights[0][0], weights[0][half - 1])
    assert torch.equal(weights[0][half - 1], weights[0][-1])
    assert torch.equal(weights[1][0], weights[1][half - 1])
    assert not torch.equal(weights[1][half - 1], weights[1][half])
    assert [int(state["tensors"]["depth"]) for state in watcher.states] == [1] * half + [2] * half


@KINDS
def test_samples_are_of_one_layer_until_the_upper_one_trains(
    kind: type[StackedModel], train: np.ndarray
) -> None:
    watcher = Watcher()
    new(kind).fit(train, observer=watcher)
    alone = new(kind, layers=(9,), epochs=2).fit(train)
    assert torch.equal(watcher.samples[1], draw(alone, 8))
    assert not torch.equal(watcher.samples[2], draw(alone, 8))


@KINDS
def test_saved_parameters_bring_back_their_own_depth(kind: type[StackedModel], train: np.ndarray) -> None:
    alone, stacked = new(kind, epochs=1).fit(train), new(kind).fit(train)
    assert not torch.equal(draw(stacked, 8), draw(alone, 8))
    stacked.load_parameters(alone.parameters_copy())
    assert torch.equal(draw(stacked, 8), draw(alone, 8))


@KINDS
@pytest.mark.parametrize("update", [2, 2 * BATCHES, 3 * BATCHES + 2])
def test_resumed_run_ends_with_the_same_bits(
    kind: type[StackedModel], update: int, train: np.ndarray
) -> None:
    watcher = Watcher()
    straight = new(kind).fit(train, observer=watcher)
    resumed = new(kind).fit(train, state=watcher.states[update - 1])
    for name, tensor in straight.state()["tensors"].items():
        assert torch.equal(resumed.state()["tensors"][name], tensor), name
    assert torch.equal(draw(resumed, 8), draw(straight, 8))


@KINDS
def test_learning_rate_falls_linearly_over_each_layer(kind: type[StackedModel], train: np.ndarray) -> None:
    watcher = Watcher()
    new(kind, learning_rate=0.08, epoch_shares=(3, 1)).fit(train, observer=watcher)
    rates = [log.learning_rate for log in watcher.logs]
    assert rates == pytest.approx([0.08, 0.08 * 2 / 3, 0.08 / 3, 0.08])


@KINDS
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 9, 12, 13])
def test_any_number_of_samples(kind: type[StackedModel], n: int, train: np.ndarray) -> None:
    model = new(kind).fit(train)
    samples = draw(model, n)
    assert samples.shape == (n, 64)
    assert torch.isfinite(samples).all()
    assert ((samples >= 0) & (samples <= 1)).all()
    chains, per_chain = model.chain_shape(n)
    assert chains <= 4
    assert 0 <= chains * per_chain - n < per_chain


class Counter(StackedModel):
    """Chain c's state is its number, and the number of steps that it has taken in each of two layers."""

    Config = DBN.Config

    def _start(self, chains: int, generator: torch.Generator) -> torch.Tensor:
        state = torch.zeros(chains, 3, dtype=torch.int64)
        state[:, 0] = torch.arange(chains)
        return state

    def encode(self, layer: int, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return inputs.clone()

    def step(self, layer: int, state: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        state[:, layer + 1] += 1
        return state

    def pixels(self, layer: int, state: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return state.clone()

    train_layer = build_layers = parameters = None  # type: ignore[assignment]


def test_rows_come_chain_by_chain_after_burn_in_and_thinned() -> None:
    model = new(Counter, chains=3, burn_in=5, thinning=2)
    model._fitted, model.depth = True, torch.tensor(2)
    assert model.chain_shape(7) == (3, 3)
    expected = [[0, 5, 6], [0, 5, 8], [0, 5, 10], [1, 5, 6], [1, 5, 8], [1, 5, 10], [2, 5, 6]]
    assert draw(model, 7).tolist() == expected


@KINDS
def test_chains_start_at_noise_or_at_training_images(kind: type[StackedModel], train: np.ndarray) -> None:
    noise = new(kind, chains=2000).fit(train)
    starts = noise._start(2000, generator(0))
    np.testing.assert_allclose(starts.mean(0).numpy(), train.mean(0), atol=0.05)
    assert starts.unique(dim=0).shape == starts.shape
    assert noise.starts.shape == (1, 64)
    images = new(kind, start="train").fit(train)._start(4, generator(0))
    assert all((train == row.numpy()).all(1).any() for row in images)
    assert images.unique(dim=0).shape == images.shape


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layers": ()}, "at least 1 item"),
        ({"layers": (9, 0)}, "greater than 0"),
        ({"epoch_shares": (1,)}, "epoch_shares has 1 entries for 2 layers"),
        ({"epoch_shares": (0, 0)}, "epoch_shares leaves no layer any epoch"),
        ({"epoch_shares": (2, -1)}, "greater than or equal to 0"),
        ({"start": "test"}, "Input should be 'noise' or 'train'"),
        ({"chains": 0}, "greater than or equal to 1"),
        ({"thinning": 0}, "greater than"),
        ({"momentum": 1.0}, "less than 1"),
        ({"lerning_rate": 0.1}, "Extra inputs are not permitted"),
    ],
)
@KINDS
def test_impossible_settings_are_refused(
    kind: type[StackedModel], settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        new(kind, **settings)
