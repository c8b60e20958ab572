"""Who takes the float32 matrix products of a training: the library that torch chose, or oneDNN.

On x86 torch gives them to MKL, which on an AMD EPYC (Zen 5, AVX-512) reached less than half of oneDNN's
speed. Both compute in float32 and sum in other orders: other last digits, as with another number of threads.
So it is no setting of a model but of how it is run, and stands in the record's provenance.

Torch's switch for it is meant for reduced precision: it lets oneDNN round factors to bfloat16 where the
processor has instructions that pay (AMX). `require` therefore looks at what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch

Products = Literal["torch", "onednn"]


_LARGEST_ERROR = 1e-5
"""Of float32 sums of `_TERMS` numbers, relative; factors rounded to bfloat16 give 1e-3."""
_TERMS = 1024


def require(products: Products, device: str | torch.device) -> None:
    """Refuse a choice that this machine has not, or has in less than float32.

    Raises:
        ValueError: oneDNN is asked for on a card, is not part of this torch, or rounds factors here.
    """
    if products == "torch":
        return
    if (kind := torch.device(device).type) != "cpu":
        raise ValueError(f"oneDNN is for CPUs, and this is {kind}; leave out --products onednn")
    if not torch.backends.mkldnn.is_available():
        raise ValueError("this build of torch has no oneDNN; leave out --products onednn")
    error = _relative_error(products)
    if error > _LARGEST_ERROR:
        raise ValueError(
            f"oneDNN rounds the factors of float32 products on this processor (relative error {error:.0e}); "
            "leave out --products onednn"
        )


@cache
def rounds_factors() -> bool:
    """Tell whether oneDNN, if it is allowed to, rounds the factors of float32 products on this processor."""
    return torch.backends.mkldnn.is_available() and _relative_error("onednn") > _LARGEST_ERROR


@contextmanager
def products_by(products: Products) -> Iterator[None]:
    """Let that library take the matrix products of this process, and afterwards the one before."""
    switch = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = switch.fp32_precision
    switch.fp32_precision = "bf16" if products == "onednn" else before
    try:
        yield
    finally:
        switch.fp32_precision = before


def _relative_error(products: Products) -> float:
    """The largest error of a product, in times of the sum of its terms' sizes."""
    left = torch.linspace(0.1, 1.1, 64 * _TERMS).reshape(64, _TERMS)
    right = torch.linspace(-1.0, 2.0, 64 * _TERMS).reshape(_TERMS, 64)
    with products_by(products):
        product = left @ right
    exact, size = left.double() @ right.double(), left.double() @ right.double().abs()
    return float(((product - exact).abs() / size).max())
