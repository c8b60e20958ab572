"""Layers with derivatives by hand, as pylearn2's MLP has them; here the fully connected ones.

Every layer maps (n, inputs) to (n, units). `backward` takes the derivative of a scalar per example with
respect to the output, and keeps what `update` needs; the gradient of the weights itself is never stored: the
product that would give it is added straight into the velocity,

    v <- momentum v - learning_rate X^T delta,    w <- w + v          (pylearn2's Momentum, June 2014)

with one pass over the memory. PyTorch's SGD keeps the learning rate out of the velocity, which is not the
same once the rate changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor

from gan_repro.models.precision import add_matmul, affine, matmul

Activation = Literal["relu", "sigmoid", "linear"]

_COLUMN_NORM_EPSILON = 1e-7


class Layer(ABC):
    """An affine map and a nonlinearity, with dropout on its input while training.

    Args:
        weight: (inputs, columns); the layer takes it over and changes it in place.
        bias: (columns,).
        keep: probability with which an input is kept while training; kept ones are divided by it.
        max_column_norm: bound on the length of a weight column, enforced at once and after each update.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, *, keep: float = 1.0, max_column_norm: float | None = None
    ) -> None:
        self.weight, self.bias = weight, bias
        self.weight_velocity, self.bias_velocity = torch.zeros_like(weight), torch.zeros_like(bias)
        self.keep = keep
        self.max_column_norm = max_column_norm
        self._constrain()

    def __call__(self, x: Tensor, dropout: torch.Generator | None = None) -> Tensor:
        """Return the output (n, units); with a generator, drop inputs independently for each example."""
        self._mask = None
        if dropout is not None and self.keep < 1:
            # Half the time of bernoulli_ on a CPU.
            self._mask = torch.empty_like(x).uniform_(generator=dropout).lt_(self.keep).div_(self.keep)
            x = x * self._mask
        self._input = x
        return self._activate(self._affine(x))

    def backward(self, output_gradient: Tensor, *, rows: slice | None = slice(None)) -> Tensor:
        """Take d/d(output), (n, units); return d/d(input) of the given rows, or nothing for None.

        Once for each output: what was kept of it is used up.
        """
        self._delta = self._activation_backward(output_gradient)
        if rows is None:
            return output_gradient.new_empty(0)
        gradient = self._input_gradient(self._delta[rows])
        return gradient if self._mask is None else gradient.mul_(self._mask[rows])

    def update(self, learning_rate: float, momentum: float, example_weight: Tensor | None = None) -> None:
        """Take one step down the sum over examples of the gradients, each times `example_weight` (n, 1)."""
        delta = self._delta if example_weight is None else self._delta * example_weight
        self._add_to_velocities(delta, learning_rate, momentum)
        self.weight.add_(self.weight_velocity)
        self.bias.add_(self.bias_velocity)
        self._constrain()

    def _affine(self, x: Tensor) -> Tensor:
        """Return the affine map's result (n, columns)."""
        return affine(self.bias, x, self.weight)

    def _input_gradient(self, delta: Tensor) -> Tensor:
        """Return d/dx from d/dz."""
        return matmul(delta, self.weight.T)

    def _add_to_velocities(self, delta: Tensor, learning_rate: float, momentum: float) -> None:
        """Let both velocities decay and descend, from d/dz (n, columns) of all examples."""
        add_matmul(self.weight_velocity, self._input.T, delta, decay=momentum, scale=-learning_rate)
        self.bias_velocity.mul_(momentum).sub_(delta.sum(dim=0), alpha=learning_rate)

    @abstractmethod
    def _activate(self, z: Tensor) -> Tensor:
        """Return the output for the affine map's result z (n, columns)."""

    @abstractmethod
    def _activation_backward(self, output_gradient: Tensor) -> Tensor:
        """Return d/dz from d/d(output), for the latest z."""

    def _constrain(self) -> None:
        if self.max_column_norm is not None:
            norms = self.weight.norm(dim=0)
            self.weight.mul_(norms.clamp(max=self.max_column_norm) / (_COLUMN_NORM_EPSILON + norms))


class Dense(Layer):
    """ReLU, sigmoid or linear units."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        activation: Activation,
        *,
        keep: float = 1.0,
        max_column_norm: float | None = None,
    ) -> None:
        super().__init__(weight, bias, keep=keep, max_column_norm=max_column_norm)
        self.activation = activation

    def _activate(self, z: Tensor) -> Tensor:
        if self.activation == "relu":
            self._output = z.relu_()
        elif self.activation == "sigmoid":
            self._output = z.sigmoid_()
        else:
            self._output = z
        return self._output

    def _activation_backward(self, output_gradient: Tensor) -> Tensor:
        if self.activation == "relu":
            # One pass over the memory where a comparison and a product make three.
            return torch.ops.aten.threshold_backward(output_gradient, self._output, 0)
        if self.activation == "sigmoid":
            return output_gradient * self._output * (1 - self._output)
        return output_gradient


class Maxout(Layer):
    """Units that give the largest of several affine pieces (Goodfellow et al. 2013).

    The columns are ordered piece by piece, where pylearn2 orders them unit by unit: the same function of
    independently drawn weights, and the maximum then runs over whole rows of memory.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        pieces: int,
        *,
        keep: float = 1.0,
        max_column_norm: float | None = None,
    ) -> None:
        super().__init__(weight, bias, keep=keep, max_column_norm=max_column_norm)
        self.pieces = pieces

    def _activate(self, z: Tensor) -> Tensor:
        self._z = z.view(len(z), self.pieces, -1)
        self._output = self._z.amax(dim=1)
        return self._output

    def _activation_backward(self, output_gradient: Tensor) -> Tensor:
        # In place, as 0 and 1: truth values would be turned into a matrix of floats before the product.
        winners = self._z.eq_(self._output.unsqueeze(1))
        return winners.mul_(output_gradient.unsqueeze(1)).view(len(winners), -1)


def tensors(layers: dict[str, Layer]) -> dict[str, Tensor]:
    """Return the parameters of named layers, by name."""
    return {
        f"{name}/{part}": getattr(layer, part)
        for name, layer in layers.items()
        for part in ("weight", "bias")
    }


def velocities(layers: dict[str, Layer]) -> dict[str, Tensor]:
    """Return the velocities of named layers, by name."""
    return {
        f"{name}/{part}": getattr(layer, part)
        for name, layer in layers.items()
        for part in ("weight_velocity", "bias_velocity")
    }


def uniform(generator: torch.Generator, bound: float, *shape: int) -> Tensor:
    """Draw from U(-bound, bound) in float64, on the CPU so that every device starts alike."""
    return torch.rand(shape, generator=generator, dtype=torch.float64).mul_(2 * bound).sub_(bound)


def sparse(generator: torch.Generator, nonzero: int, inputs: int, columns: int) -> Tensor:
    """Draw (inputs, columns) in float64: N(0, 1) at `nonzero` places of each column, else 0 (sparse_init).

    Raises:
        ValueError: a column has fewer places.
    """
    if nonzero > inputs:
        raise ValueError(f"{nonzero} nonzero weights do not fit a unit with {inputs} inputs")
    places = torch.rand(inputs, columns, generator=generator).topk(nonzero, dim=0).indices
    values = torch.randn(nonzero, columns, generator=generator, dtype=torch.float64)
    return torch.zeros(inputs, columns, dtype=torch.float64).scatter_(0, places, values)
