"""Devices are named, refused, shared out and made repeatable."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from gan_repro.audit.__main__ import main as audit
from gan_repro.parzen.__main__ import main as parzen
from gan_repro.table1 import main as table1
from gan_repro.trials.environment import describe
from gan_repro.util import device


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Tells torch how many cards there are."""

    def count(number: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: number > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: number)

    return count


@pytest.fixture
def _flags_restored() -> Iterator[None]:
    yield
    device.prepare("cpu")


@pytest.mark.parametrize("name", ["mps", "xpu", "cuda:", "cuda:-1", "cuda:a", "cuda:0 ", "CPU", ""])
def test_a_name_of_no_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="choose auto, cpu, cuda or cuda:N"):
        device.choose_device(name)


@pytest.mark.parametrize("name", ["mps", "cuda:one"])
@pytest.mark.parametrize("command", [table1, parzen, audit])
def test_commands_refuse_a_device_as_bad_usage(
    command: Callable[[list[str]], int], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(["samples.npy", "--device", name] if command is parzen else ["--device", name])
    assert ended.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"--device: '{name}' is not a device to compute on; choose" in error


def test_a_card_that_is_not_there_is_refused(cards: Callable[[int], None]) -> None:
    cards(0)
    assert device.choose_device("auto") == "cpu"
    for name in ("cuda", "cuda:0"):
        with pytest.raises(ValueError, match="no CUDA device here; use --device cpu"):
            device.choose_device(name)
    cards(1)
    assert device.choose_device("auto") == "cuda"
    with pytest.raises(ValueError, match="--device cuda:7: torch finds cuda:0 here"):
        device.choose_device("cuda:7")
    cards(4)
    assert device.choose_device("cuda:3") == "cuda:3"
    with pytest.raises(ValueError, match="--device cuda:4: torch finds cuda:0 to cuda:3 here"):
        device.choose_device("cuda:4")


def test_workers_get_the_cards_in_turn(cards: Callable[[int], None]) -> None:
    cards(2)
    assert [device.card_for("cuda", worker) for worker in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert [device.card_for("cuda:1", worker) for worker in range(2)] == ["cuda:1", "cuda:1"]
    assert device.card_for("cpu", 1) == "cpu"


@pytest.mark.usefixtures("_flags_restored")
def test_no_operation_of_a_card_may_round_to_tf32() -> None:
    """Whatever was allowed before, as TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1 does."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    assert "ieee" not in device.float32_precision()
    device.prepare("cuda")
    assert device.float32_precision() == ("ieee", "ieee", "ieee")
    # Torch raises here where its old and its new switches contradict each other.
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.usefixtures("_flags_restored")
def test_a_card_is_deterministic_and_the_cpu_goes_back_to_normal() -> None:
    def flags() -> tuple[bool, bool]:
        fills = torch.utils.deterministic.fill_uninitialized_memory
        return torch.are_deterministic_algorithms_enabled(), fills

    device.prepare("cuda")
    assert flags() == (True, False)
    device.prepare("cpu")
    assert flags() == (False, True)


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_torchs_compiler_is_not_loaded(kind: str) -> None:
    """It takes two seconds, in each process of a table."""
    code = f"import sys; from gan_repro.util.device import prepare; prepare({kind!r}); "
    code += "print(*{'torch._dynamo', 'torch._inductor'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.usefixtures("_threads_restored")
def test_threads_are_left_alone_unless_told() -> None:
    torch.set_num_threads(2)
    device.prepare("cpu")
    assert torch.get_num_threads() == 2
    device.prepare("cpu", 3)
    assert torch.get_num_threads() == 3


def test_a_record_has_the_version_of_torch_with_its_build() -> None:
    environment = describe("cpu")
    assert environment["torch"] == torch.__version__
    assert environment["cudnn"] is environment["driver"] is environment["multiprocessors"] is None


def test_being_out_of_memory_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as on_cpu:
        torch.empty(2**60)
    with pytest.raises(MemoryError) as in_numpy:
        np.empty(2**50)
    for error in (on_cpu.value, in_numpy.value, torch.OutOfMemoryError("CUDA out of memory.")):
        assert device.out_of_memory(error)
    for other in (RuntimeError("size mismatch"), torch.AcceleratorError("CUDA error"), ValueError("memory")):
        assert not device.out_of_memory(other)
    assert device.card_failed(torch.AcceleratorError("CUDA error: an illegal memory access"))
