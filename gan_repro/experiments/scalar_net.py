"""A small net from one number to one number: both players of the game in one dimension."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gan_repro.experiments.densities import Column


class Net:
    """Scalar to scalar through two layers of tanh units, with Adam; optionally beside an affine map."""

    def __init__(self, hidden: int, random: torch.Generator, affine: tuple[float, float] = (0, 0)) -> None:
        self.parameters = []
        for n_in, n_out in pairwise((1, hidden, hidden, 1)):
            weight = torch.randn(n_in, n_out, generator=random) / math.sqrt(n_in)
            self.parameters += [weight, torch.zeros(n_out)]
        self.shift, self.slope = affine
        if any(affine):
            self.parameters[4].mul_(0.1)
        for parameter in self.parameters:
            parameter.requires_grad_()
        self.optimiser = torch.optim.Adam(self.parameters, betas=(0.5, 0.99))

    def __call__(self, x: Tensor) -> Tensor:
        """Map (n, 1) to (n, 1)."""
        w1, b1, w2, b2, w3, b3 = self.parameters
        hidden = torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2)
        return self.shift + self.slope * x + hidden @ w3 + b3

    def descend(self, loss: Tensor, rate: float) -> None:
        """One step of Adam down `loss`."""
        self.optimiser.param_groups[0]["lr"] = rate
        for parameter, gradient in zip(
            self.parameters, torch.autograd.grad(loss, self.parameters), strict=True
        ):
            parameter.grad = gradient
        self.optimiser.step()

    def values(self, x: Column) -> Column:
        """The net at points (n,), float64."""
        with torch.no_grad():
            inputs = torch.from_numpy(x.astype(np.float32)).unsqueeze(1)
            return self(inputs).squeeze(1).numpy().astype(np.float64)
