"""Which device a command works on."""

from __future__ import annotations

CHOICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> str:
    """The device that ``auto``, ``cpu`` or ``cuda`` stands for here.

    Raises:
        ValueError: a GPU is asked for and there is none.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no CUDA device here; use --device cpu")
    return name
