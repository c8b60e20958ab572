"""What the pretend card is told to do: few operations a step, and nobody waits for it in between."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
import torch

from gan_repro import data
from gan_repro.models.conformance.case import BATCHES
from gan_repro.models.conformance.trained_model import Watcher
from gan_repro.models.training import TrainedModel
from gan_repro.parzen.density import log_density
from gan_repro.parzen.protocols import choose_sigma
from tests import pretend_card
from tests.cuda import ON_A_CARD
from tests.models.test_conformance import CASES, TRAINED

pytestmark = [
    *ON_A_CARD,
    pytest.mark.skipif(not pretend_card.here(), reason="only the pretend card counts"),
]

OPERATIONS = {
    "gan": 117,
    "gan in two stages": 179,
    "gan with one linear layer": 103,
    "gan of normalised contrast": 123,
    "gan of convolutions": 211,
    "gan of alternating updates": 160,
    "dbn": 49,
    "dbn of faces": 51,
    "cae": 43,
    "gsn": 148,
}
"""The most that a step may be. A card is faster than it can be told: the time of a step is theirs."""


class Counting(Watcher):
    """Keeps the card's counts after each update."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[Counter[str]] = []

    def after_batch(self, model: TrainedModel) -> None:
        self.counts.append(pretend_card.counts.copy())

    def largest_step(self, kind: str) -> int:
        """Of the steps within the second epoch; between epochs losses are read."""
        counts = [count[kind] for count in self.counts[BATCHES:]]
        return max(after - before for before, after in pairwise(counts))


def case(name: str) -> TrainedModel:
    if name == "gan of alternating updates":
        return CASES["gan"].new(device="cuda", update="alternating")
    return CASES[name].new(device="cuda")


def since(before: Counter[str], kind: str) -> int:
    return pretend_card.counts[kind] - before[kind]


@pytest.mark.parametrize("name", [*TRAINED, "gan of alternating updates"])
def test_a_step_is_few_operations_and_waits_for_none(name: str, digits: data.Dataset) -> None:
    counting = Counting()
    case(name).fit(digits.train[:130], observer=counting)
    assert counting.largest_step("synchronisations") == 0
    assert counting.largest_step("operations") <= OPERATIONS[name]


def test_a_density_waits_at_most_once_a_tile(digits: data.Dataset) -> None:
    points, centers = (torch.from_numpy(part).to("cuda") for part in (digits.test[:200], digits.train[:300]))
    before = pretend_card.counts.copy()
    log_density(points, centers, [0.1, 0.2, 0.4], tile=(50, 100))
    assert since(before, "synchronisations") <= 4 * 3


def test_a_choice_of_sigma_is_some_hundred_operations(digits: data.Dataset) -> None:
    """As many for 10,000 samples and images, which are one tile too."""
    random = torch.Generator("cuda").manual_seed(1)
    samples = torch.rand(1000, 4, generator=random, device="cuda")
    valid = torch.rand(1000, 4, generator=random, device="cuda")
    before = pretend_card.counts.copy()
    choose_sigma(samples, valid, protocol="refined")
    assert since(before, "operations") <= 400
    assert since(before, "synchronisations") <= 25


def test_every_model_is_counted() -> None:
    assert OPERATIONS.keys() == {*TRAINED, "gan of alternating updates"}
