"""A captured step is the step itself: the same bits, from a card that can capture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from gan_repro import data
from gan_repro.models.graphs import can_capture
from gan_repro.models.training import TrainedModel
from tests.cuda import ON_A_CARD
from tests.models.test_conformance import CASES

pytestmark = [*ON_A_CARD, pytest.mark.skipif(not can_capture(), reason="this torch has no CUDA graphs")]

NETS = ["gan", "gan in two stages", "gan with one linear layer", "gan of normalised contrast"]


def trained(name: str, digits: data.Dataset, *, captures: bool, state: Any = None) -> TrainedModel:
    model = CASES[name].new(device="cuda", epochs=4)
    model.captures = captures
    return model.fit(digits.train[:530], state=state)


@pytest.mark.parametrize("name", NETS)
def test_captured_steps_give_the_same_bits(name: str, digits: data.Dataset) -> None:
    captured, told = (trained(name, digits, captures=captures) for captures in (True, False))
    assert captured._captured is not None
    assert captured._captured.captures >= 4
    assert told._captured is None
    for part, tensor in told._tensors().items():
        assert torch.equal(captured._tensors()[part], tensor), part
    assert torch.equal(captured.noise.get_state(), told.noise.get_state())


def test_trainings_side_by_side_leave_each_other_alone(digits: data.Dataset) -> None:
    """Each in a thread and a stream of its own; momentum changes with every epoch, and is captured anew."""

    def fitted(seed: int) -> TrainedModel:
        model = CASES["gan"].new(device="cuda", epochs=30, momentum_epochs=30)
        model.seed = seed
        with torch.cuda.stream(torch.cuda.Stream()):
            model.fit(digits.train[:530])
            torch.cuda.current_stream().synchronize()
        return model

    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(fitted, (1, 2, 3)))
    for model, alone in zip(together, map(fitted, (1, 2, 3)), strict=True):
        for part, tensor in alone._tensors().items():
            assert torch.equal(model._tensors()[part], tensor), part
