"""Tensors that models share: training images and saved tensors, checked, and binary draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def as_training_images(train: np.ndarray | Tensor) -> Tensor:
    """Return `train` as a tensor, once it is known to be a finite float matrix (n, d) in [0, 1].

    Raises:
        ValueError: with one sentence that says what is wrong.
    """
    data = torch.as_tensor(train)
    if data.ndim != 2 or not len(data) or not data.is_floating_point():
        raise ValueError(
            f"training images must be a float matrix of shape (n, d), not {data.dtype} {tuple(data.shape)}"
        )
    low, high = float(data.min()), float(data.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"training images must lie in [0, 1]; these reach from {low:g} to {high:g}")
    return data


def copy_tensors(saved: Mapping[str, Tensor], live: Mapping[str, Tensor]) -> None:
    """Copy each saved tensor into the live one of its name.

    Raises:
        ValueError: names or shapes do not match; nothing is copied then.
    """
    if saved.keys() != live.keys():
        odd = ", ".join(sorted(saved.keys() ^ live.keys()))
        raise ValueError(f"saved and expected parameters differ: {odd}")
    for name, tensor in live.items():
        if saved[name].shape != tensor.shape:
            raise ValueError(
                f"saved parameter {name} has shape {tuple(saved[name].shape)}, expected {tuple(tensor.shape)}"
            )
    for name, tensor in live.items():
        tensor.copy_(saved[name])


def bernoulli(mean: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 0 or 1 for each entry of `mean`, 1 with that probability; shape and type are those of `mean`."""
    return torch.rand(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype).lt_(mean)
