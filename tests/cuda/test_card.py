"""A card refuses what is not its own, so that no tensor is left behind on the CPU unseen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cuda import ON_A_CARD

ROOT = Path(__file__).parents[2]

BUG = """
import torch
from gan_repro.models.gan.model import GAN

def draw(self, n, generator):
    return torch.empty((n, self.config.noise_dimension)).uniform_(generator=torch.Generator())

GAN.draw_noise = GAN._draw_noise = draw
"""
"""A plugin: the noise of the adversarial nets is made without ``device=``."""


def on_card(*shape: int) -> torch.Tensor:
    return torch.ones(shape, device="cuda")


class TestACard:
    pytestmark = ON_A_CARD

    def test_takes_no_matrix_of_the_cpu(self) -> None:
        for refused in (
            lambda: on_card(2, 2) + torch.ones(2, 2),
            lambda: on_card(2, 2) @ torch.ones(2, 2),
            lambda: torch.cat([on_card(2), torch.ones(2)]),
            lambda: torch.addmm(torch.ones(()), on_card(2, 2), on_card(2, 2)),
        ):
            with pytest.raises(RuntimeError, match="same device"):
                refused()
        rows = torch.tensor([1, 0])
        with pytest.raises(RuntimeError, match="device"):
            torch.ones(2, 2)[rows.to("cuda")]
        assert on_card(2, 2)[rows].device.type == "cuda"
        assert (on_card(2, 2) * torch.tensor(3.0)).device.type == "cuda"

    def test_takes_no_generator_of_the_cpu(self) -> None:
        for device, generator in (("cuda", torch.Generator()), ("cpu", torch.Generator("cuda"))):
            with pytest.raises(RuntimeError, match="device type for generator"):
                torch.rand(3, generator=generator, device=device)
            with pytest.raises(RuntimeError, match="device type for generator"):
                torch.empty(3, device=device).normal_(generator=generator)

    def test_gives_no_array_without_being_asked_for_a_copy(self) -> None:
        with pytest.raises(TypeError, match="Use Tensor"):
            on_card(2).numpy()
        assert on_card(2).cpu().numpy().tolist() == [1, 1]

    def test_has_numbers_and_a_state_of_its_own(self) -> None:
        cpu, card = torch.Generator(), torch.Generator("cuda")
        for generator in (cpu, card):
            generator.manual_seed(1)
        saved = card.get_state()
        first = torch.rand(4, generator=card, device="cuda").cpu()
        assert not torch.equal(first, torch.rand(4, generator=cpu))
        card.set_state(saved)
        assert torch.equal(first, torch.rand(4, generator=card, device="cuda").cpu())
        assert saved.numel() == 16
        with pytest.raises(RuntimeError, match="wrong size"):
            card.set_state(cpu.get_state())

    def test_views_and_changes_in_place_share_memory(self) -> None:
        whole = on_card(4, 3)
        whole[1].mul_(5)
        whole.T[2].zero_()
        assert whole.cpu().tolist() == [[1, 1, 0], [5, 5, 0], [1, 1, 0], [1, 1, 0]]

    def test_derivatives_are_those_of_the_cpu(self) -> None:
        slopes = []
        for device in ("cpu", "cuda"):
            x = torch.linspace(-1, 1, 6, device=device).reshape(2, 3).requires_grad_()
            loss = torch.tanh(x @ x.T).square().sum()
            slopes.append(torch.autograd.grad(loss, x)[0].cpu())
        torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("planted", [False, True])
def test_the_pretend_card_catches_a_planted_bug(planted: bool, tmp_path: Path) -> None:
    """In a process of its own: what is planted is a tensor made without ``device=``."""
    (tmp_path / "planted_bug.py").write_text(BUG if planted else "")
    test = "tests/models/test_conformance.py::test_every_model_trains_and_samples_on_a_card[gan]"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.pretend_card", "-p", "planted_bug", "-m", "cuda", test],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == planted, done.stdout
    assert ("Expected all tensors to be on the same device" in done.stdout) == planted
    assert ("1 failed" if planted else "1 passed") in done.stdout
