"""A small net between spaces of few dimensions: the players of the games in one and two dimensions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gan_repro.experiments.densities import Column


class Net:
    """Two layers of tanh units, with Adam; optionally beside an affine map.

    Args:
        hidden: units of each layer.
        random: of the weights.
        affine: shift and slope of a map that stands beside the layers, for as many outputs as inputs.
        inputs: how many.
        outputs: how many.
    """

    def __init__(
        self,
        hidden: int,
        random: torch.Generator,
        affine: tuple[float, float] = (0, 0),
        *,
        inputs: int = 1,
        outputs: int = 1,
    ) -> None:
        self.parameters = []
        for n_in, n_out in pairwise((inputs, hidden, hidden, outputs)):
            weight = torch.randn(n_in, n_out, generator=random) / math.sqrt(n_in)
            self.parameters += [weight, torch.zeros(n_out)]
        self.shift, self.slope = affine
        if any(affine):
            self.parameters[4].mul_(0.1)
        for parameter in self.parameters:
            parameter.requires_grad_()
        self.optimiser = torch.optim.Adam(self.parameters, betas=(0.5, 0.99))

    def __call__(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        w1, b1, w2, b2, w3, b3 = self.parameters
        hidden = torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2)
        beside = self.shift + self.slope * x if self.shift or self.slope else 0.0
        return beside + hidden @ w3 + b3

    def descend(self, loss: Tensor, rate: float) -> None:
        """One step of Adam down `loss`."""
        self.optimiser.param_groups[0]["lr"] = rate
        for parameter, gradient in zip(
            self.parameters, torch.autograd.grad(loss, self.parameters), strict=True
        ):
            parameter.grad = gradient
        self.optimiser.step()

    def values(self, x: Column) -> Column:
        """A net of one input and one output at points (n,), float64."""
        with torch.no_grad():
            inputs = torch.from_numpy(x.astype(np.float32)).unsqueeze(1)
            return self(inputs).squeeze(1).numpy().astype(np.float64)
