"""How exactly training takes its matrix products: in float32, or with factors rounded to bfloat16.

bfloat16 keeps 8 of float32's 24 significant bits, and its range. With `products_in("bfloat16")` the products
below round both factors to the nearest bfloat16, add up in float32, round the result once more, and give it
back in the type of the factors. Where factors and result are exact the product is. Otherwise an entry is off
by at most 2^-8 (1 + 2^-9) times the sum of its terms' sizes for the factors, and 2^-9 of itself.

On processors with AMX oneDNN rounds the factors of float32 products itself if it is allowed to. There large
products are left to it, their results not rounded: to make rounded copies took what the instructions save.

Parameters, velocities, losses and samples stay float32 ("Mixed Precision Training", Micikevicius et al.
2018, calls such parameters master weights): a step changes a weight by less than bfloat16 could show. Of the
models here all products of two matrices in a training step are taken so, but for convolutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import torch
from torch import Tensor

from gan_repro.models import products

Precision = Literal["float32", "bfloat16"]

_LARGE = 1 << 20
"""Multiplications of a product. oneDNN takes smaller ones, too, but not the smallest."""

_rounding: ContextVar[bool] = ContextVar("factors of products are rounded to bfloat16", default=False)
_by_onednn: ContextVar[bool] = ContextVar("those of large products by oneDNN", default=False)


@contextmanager
def products_in(precision: Precision) -> Iterator[None]:
    """Take this module's products in that precision, in this thread, and afterwards in the one before.

    Where oneDNN rounds factors itself it does so in all large float32 products of this process meanwhile.
    """
    rounding = precision == "bfloat16"
    by_onednn = rounding and products.rounds_factors()
    switch = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = switch.fp32_precision
    if by_onednn or _by_onednn.get():
        switch.fp32_precision = "bf16" if by_onednn else "ieee"
    tokens = _rounding.set(rounding), _by_onednn.set(by_onednn)
    try:
        yield
    finally:
        switch.fp32_precision = before
        _rounding.reset(tokens[0])
        _by_onednn.reset(tokens[1])


def matmul(left: Tensor, right: Tensor) -> Tensor:
    """Return left (m, k) times right (k, n)."""
    return _rounded(left, right) if _to_be_rounded(left, right) else left @ right


def affine(offset: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Return offset (n,) or (m, n), plus left (m, k) times right (k, n)."""
    if _to_be_rounded(left, right):
        return offset + _rounded(left, right)
    return torch.addmm(offset, left, right)


def add_matmul(total: Tensor, left: Tensor, right: Tensor, *, decay: float = 1, scale: float) -> None:
    """Change in place total (m, n) <- decay * total + scale * left (m, k) times right (k, n)."""
    if _to_be_rounded(left, right):
        total.mul_(decay).add_(_rounded(left, right), alpha=scale)
    else:
        total.addmm_(left, right, beta=decay, alpha=scale)


def require(precision: Precision, device: str | torch.device) -> None:
    """Refuse a precision that this machine has no instructions for.

    Raises:
        ValueError: bfloat16 is asked for where processor or card would have to imitate it, or adds up in it.
    """
    if precision == "float32":
        return
    where = torch.device(device)
    if not has_bfloat16(where):
        what = "card" if where.type == "cuda" else "processor"
        raise ValueError(
            f"this {what} has no instructions for products in bfloat16 (of processors AVX512-BF16 or AMX);"
            ' train with precision "float32"'
        )
    if (found := _probe(where)) != _TERMS:
        raise ValueError(
            f"products in bfloat16 are not to be had here: one that should be {_TERMS} came out as {found:g},"
            ' so that factors are not rounded or sums not in float32; train with precision "float32"'
        )


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether processor or card multiplies bfloat16 numbers by instructions of its own."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


_TERMS = 4096


def _probe(device: torch.device) -> float:
    """Sum `_TERMS` terms that are 1 once rounded: more comes of float32 factors, 256 of bfloat16 sums."""
    left = torch.full((64, _TERMS), 1 + 2.0**-9, device=device)
    lowest, highest = map(float, _rounded(left, torch.ones(_TERMS, 64, device=device)).aminmax())
    return lowest if lowest != _TERMS else highest


def _to_be_rounded(left: Tensor, right: Tensor) -> bool:
    """Whether rounded copies of these factors are to be made: in bfloat16, unless oneDNN rounds them."""
    if not _rounding.get():
        return False
    theirs = _by_onednn.get() and left.device.type == "cpu" and left.dtype == torch.float32
    return not (theirs and left.numel() * right.shape[1] >= _LARGE)


def _rounded(left: Tensor, right: Tensor) -> Tensor:
    return (left.bfloat16() @ right.bfloat16()).to(left.dtype)
