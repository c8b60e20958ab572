"""One path for all devices: what a card computes is what the CPU does, up to rounding."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor

from gan_repro import data, models, parzen
from gan_repro.models.training import TrainedModel
from gan_repro.stats.spread import spread
from tests.cuda import ON_A_CARD

pytestmark = ON_A_CARD
CARD = "cuda"

TRAINED = {
    "gan": {
        "generator_hidden": [{"units": 30}],
        "discriminator_hidden": [8],
        "keep_input": 1.0,
        "keep_hidden": 1.0,
    },
    "dbn": {"layers": [20, 10]},
    "cae": {"layers": [20, 10]},
    "gsn": {"layers": [20, 10]},
}


def built(name: str, device: str, train: Tensor) -> TrainedModel:
    """A model of float64 numbers, before its first update."""
    kind = models.model_class(name)
    return kind(kind.Config(**TRAINED[name], epochs=0), seed=1, device=device, dtype=torch.float64).fit(train)


def assert_close(mine: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert theirs[name].device.type == CARD.partition(":")[0], name
        torch.testing.assert_close(theirs[name].cpu(), tensor, rtol=1e-10, atol=1e-10)


def first_rows(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    return rows[:n]


@pytest.fixture(scope="module")
def train(digits: data.Dataset) -> Tensor:
    return torch.from_numpy(digits.train[:50]).double()


@pytest.mark.parametrize("name", TRAINED)
def test_a_card_begins_with_the_same_parameters(name: str, train: Tensor) -> None:
    assert_close(built(name, "cpu", train).parameters(), built(name, CARD, train).parameters())


@pytest.mark.parametrize("name", ["gan", "cae"])
def test_an_update_without_random_numbers_is_the_same(
    name: str, train: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = built(name, "cpu", train), built(name, CARD, train)
    if name == "gan":
        z = torch.rand(len(train), 100, dtype=torch.float64)
        for model in (mine, theirs):
            monkeypatch.setattr(model, "draw_noise", partial(first_rows, z.to(model.device)))
    before = {key: tensor.clone() for key, tensor in mine.parameters().items()}
    for model in (mine, theirs):
        model.train_batch(train.to(model.device))
    assert any(not torch.equal(before[key], tensor) for key, tensor in mine.parameters().items())
    assert_close(mine.parameters(), theirs.parameters())


def test_a_score_is_the_same(digits: data.Dataset) -> None:
    parts = digits.train[:500], digits.valid, digits.test
    mine, theirs = parzen.evaluate(*parts), parzen.evaluate(*parts, device=CARD)
    assert theirs.sigma == mine.sigma
    assert theirs.mean == pytest.approx(mine.mean, abs=1e-3)
    assert theirs.log_likelihood == pytest.approx(mine.log_likelihood, abs=1e-2)


def test_images_on_a_card_have_the_spread_of_those_on_the_cpu(train: Tensor) -> None:
    assert spread(train.to(CARD)) == pytest.approx(spread(train), rel=1e-12)
