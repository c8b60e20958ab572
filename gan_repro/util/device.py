"""Which device a command works on, how its arithmetic is made repeatable, and when it has finished.

The CPU and CUDA cards; several cards of a machine are ``cuda:0``, ``cuda:1`` and so on. Apple's ``mps`` has
no float64, which the scores need.
"""

from __future__ import annotations

import os
import re
from typing import Any

HELP = "auto (a card if there is one), cpu, cuda or cuda:N (the card of that number)"
"""Of the option ``--device``."""


def check_name(name: str) -> None:
    """Refuse what names no device that this program works on; torch is not asked yet.

    Raises:
        ValueError: it is none of ``auto``, ``cpu``, ``cuda`` and ``cuda:N``.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", name):
        raise ValueError(f"{name!r} is not a device to compute on; choose auto, cpu, cuda or cuda:N")


def choose_device(name: str) -> str:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` stands for here.

    Raises:
        ValueError: it is none of these, or that card is not there.
    """
    check_name(name)
    if name == "cpu":
        return name
    here = cards()
    if name == "auto":
        return "cuda" if here else "cpu"
    if not here:
        raise ValueError(f"--device {name}: torch finds no CUDA device here; use --device cpu")
    if name != "cuda" and int(name.partition(":")[2]) >= here:
        there = "cuda:0" if here == 1 else f"cuda:0 to cuda:{here - 1}"
        raise ValueError(f"--device {name}: torch finds {there} here; use one that is there")
    return name


def cards() -> int:
    """How many CUDA cards torch finds here."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def on_card(device: str) -> bool:
    """Whether `device`, as `choose_device` gives it, is a CUDA card."""
    return device.startswith("cuda")


def card_for(device: str, worker: int) -> str:
    """The device of one of several workers, counted from 0: ``cuda`` means each card in turn.

    A card that is named (``cuda:1``) is every worker's.
    """
    if device != "cuda":
        return device
    return f"cuda:{worker % max(1, cards())}"


def prepare(device: str, threads: int | None = None) -> None:
    """Make arithmetic on `device` repeatable and exact to float32; use so many CPU threads, if told.

    What an earlier call changed for another kind of device is taken back. Only a card needs torch's
    deterministic mode; there it must not also spend time on filling new memory.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    # `use_deterministic_algorithms` would do the same, and load torch's compiler for it: two seconds.
    torch.set_deterministic_debug_mode("error" if on_card(device) else "default")
    torch.utils.deterministic.fill_uninitialized_memory = not on_card(device)  # type: ignore[attr-defined]
    if on_card(device):
        # cuBLAS reads this when it starts; without it its results depend on what else runs.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        # The old switches and the new ones: torch refuses to compute where they contradict each other, and
        # TORCH_ALLOW_TF32_CUBLAS_OVERRIDE in the environment has set an old one.
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        for operations in _float32_operations():
            operations.fp32_precision = "ieee"


def float32_precision() -> tuple[str, ...]:
    """Torch's word for the precision of float32 on a card: products, convolutions, recurrent nets."""
    return tuple(str(operations.fp32_precision) for operations in _float32_operations())


def finish(device: str) -> None:
    """Wait until `device` has done all that it was given; a clock read before would stop too early."""
    if on_card(device):
        import torch

        torch.cuda.synchronize(device)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the machine or its card has no memory left for what was asked."""
    import torch

    # On the CPU torch has no error of its own for it.
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return on_cpu or isinstance(error, (MemoryError, torch.OutOfMemoryError))


def card_failed(error: BaseException) -> bool:
    """Whether an error is one of CUDA's own. After most of them a process can compute no more on the card."""
    import torch

    return isinstance(error, torch.AcceleratorError)


def _float32_operations() -> tuple[Any, ...]:
    import torch

    cudnn: Any = torch.backends.cudnn
    return torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn
