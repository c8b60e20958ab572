"""Contractive auto-encoders (CAEs), stacked, and sampled by a walk along the encoder's tangent directions.

A layer with tied weights W (d, m) takes inputs x (n, d) in [0, 1] to codes h (n, m) and back:

    h = sigmoid(xW + b),   r = sigmoid(hW' + c)
    loss = sum_i CE(x_i, r_i) + alpha |J|_F^2, summed over inputs i, averaged over the batch, in nats

J = dh/dx has the entries J_ji = s_j W_ij with s = h(1 - h), so that the penalty is exact and cheap:
|J|_F^2 = sum_j s_j^2 sum_i W_ij^2. The gradient is written out by hand and taken in place.

The second layer trains on the first one's codes, which lie in [0, 1] like pixels. Samples: at the top level,
x <- decode(h + J J' e) with e ~ N(0, walk_noise^2) over the m codes and J J' = (W'W) o (s s'), and each x
recorded is decoded down through the layers below. One layer is "CAE-1".

References: Bengio, Mesnil, Dauphin, Rifai, "Better Mixing via Deep Representations" (ICML 2013), Section 4,
Table 1: 784-1000-1000 on MNIST, 2304-1000-1000 on the Toronto faces; the walk: Rifai, Bengio, Dauphin,
Vincent, "A Generative Process for Sampling Contractive Auto-Encoders" (ICML 2012).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from pydantic import Field, NonNegativeFloat
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.models.base import Deviation
from gan_repro.models.precision import add_matmul, affine, matmul
from gan_repro.models.stacked import LayerSizes, StackedConfig, StackedModel


class CAEConfig(StackedConfig):
    """Settings of a stacked CAE. Only `layers` is the reference's; it publishes no other."""

    layers: LayerSizes = (1000, 1000)
    contraction: NonNegativeFloat = 0.5
    """alpha, the weight of the Jacobian's squared norm."""
    walk_noise: NonNegativeFloat = 0.6
    """Standard deviation of e, the noise that the walk sends through J J'."""
    burn_in: int = Field(default=5, ge=0)


@dataclass
class Layer:
    """One auto-encoder. Rows are examples: inputs (n, d), codes (n, m)."""

    weights: Tensor
    """W, (d, m)."""
    code_bias: Tensor
    """b, (m,)."""
    input_bias: Tensor
    """c, (d,)."""

    def encode(self, inputs: Tensor) -> Tensor:
        """Return the codes h (n, m) of inputs (n, d)."""
        return affine(self.code_bias, inputs, self.weights).sigmoid_()

    def decode_logits(self, codes: Tensor) -> Tensor:
        """Return the reconstruction (n, d) of codes (n, m), before its sigmoid."""
        return affine(self.input_bias, codes, self.weights.T)

    def decode(self, codes: Tensor) -> Tensor:
        """Return the reconstruction r (n, d) of codes (n, m)."""
        return self.decode_logits(codes).sigmoid_()

    def along_tangents(self, codes: Tensor, directions: Tensor) -> Tensor:
        """Return J J' e (n, m) for each row's code h and direction e, both (n, m), without making J."""
        slopes = codes * (1 - codes)
        return slopes * ((slopes * directions) @ self.weights.T @ self.weights)

    def add_gradient(
        self, total: Layer, inputs: Tensor, contraction: float, *, decay: float, scale: float
    ) -> dict[str, Tensor]:
        """Change in place total <- decay * total + scale * d(loss)/d(parameter), for inputs (n, d).

        Returns:
            The two parts of the loss, nats: the reconstruction, and the penalty before its weight.
        """
        codes = self.encode(inputs)
        logits = self.decode_logits(codes)
        slopes = codes * (1 - codes)
        squared_slopes = slopes.square()
        squared_norms = self.weights.square().sum(0)
        reconstruction = (softplus(logits) - inputs * logits).sum(1).mean()
        penalty = (squared_slopes @ squared_norms).mean()

        # With respect to the two pre-activations, of r and of h; ds/dh = 1 - 2h and dh = s.
        scale = scale / len(inputs)
        by_logits = logits.sigmoid_().sub_(inputs)
        by_codes = matmul(by_logits, self.weights)
        by_codes.add_(slopes * squared_norms * (1 - 2 * codes), alpha=2 * contraction).mul_(slopes)
        add_matmul(total.weights, inputs.T, by_codes, decay=decay, scale=scale)
        add_matmul(total.weights, by_logits.T, codes, scale=scale)
        total.weights.addcmul_(self.weights, squared_slopes.sum(0), value=2 * contraction * scale)
        total.code_bias.mul_(decay).add_(by_codes.sum(0), alpha=scale)
        total.input_bias.mul_(decay).add_(by_logits.sum(0), alpha=scale)
        return {"reconstruction": reconstruction, "penalty": penalty}

    def tensors(self, label: str | int) -> dict[str, Tensor]:
        """Return the live tensors, by name."""
        return {
            f"weights_{label}": self.weights,
            f"code_bias_{label}": self.code_bias,
            f"input_bias_{label}": self.input_bias,
        }


class CAE(StackedModel):
    """A stack of contractive auto-encoders, the bottom one over pixels."""

    name: ClassVar[str] = "cae"
    Config = CAEConfig
    config: CAEConfig
    tiny: ClassVar = {"layers": (12, 10), "chains": 4, "burn_in": 3, "thinning": 2}
    deviations: ClassVar[tuple[Deviation, ...]] = (
        Deviation(
            id="cae-unpublished-settings",
            what="learning rate, its linear fall, momentum, epochs, contraction, the walk's noise, number of "
            "chains, burn-in and thinning are ours",
            why="the reference does not publish them",
            expected_effect="unknown; contraction, noise, chains and burn-in were chosen on validation "
            "likelihood by gan_repro.search (log in results/search)",
        ),
        Deviation(
            id="cae-chains-from-noise",
            what="a walk starts at pixels drawn one by one with the training images' means, and burns in "
            "from layer to layer up to the top",
            why="the reference names no start; one at training images (`start`) would lend the model theirs",
            expected_effect="unknown: no record compares the two starts",
        ),
    )

    def build_layers(self, train: Tensor, generator: torch.Generator) -> None:
        """Draw weights from U(+-4 sqrt(6 / (d + m))), the usual range for sigmoid units; biases are 0."""
        self.layers: list[Layer] = []
        self.velocities: list[Layer] = []
        widths = (train.shape[1], *self.config.layers)
        for below, above in pairwise(widths):
            reach = 4 * (6 / (below + above)) ** 0.5
            weights = (reach * (2 * torch.rand(below, above, generator=generator) - 1)).to(train)
            layer = Layer(weights, train.new_zeros(above), train.new_zeros(below))
            self.layers.append(layer)
            self.velocities.append(Layer(*map(torch.zeros_like, layer.tensors("").values())))

    def encode(self, layer: int, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Return the codes, which need no randomness."""
        return self.layers[layer].encode(inputs)

    def train_layer(self, layer: int, inputs: Tensor) -> Mapping[str, Tensor]:
        """Take one step down the gradient of one layer's loss."""
        config = self.config
        trained, velocity = self.layers[layer], self.velocities[layer]
        losses = trained.add_gradient(
            velocity, inputs, config.contraction, decay=config.momentum, scale=-self.rate(self.epoch)
        )
        for part, change in zip(trained.tensors("").values(), velocity.tensors("").values(), strict=True):
            part.add_(change)
        return losses

    def step(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Replace x by decode(h + J J' e)."""
        top = self.layers[layer]
        codes = top.encode(state)
        noise = torch.empty_like(codes).normal_(0, self.config.walk_noise, generator=generator)
        return top.decode(codes + top.along_tangents(codes, noise))

    def pixels(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Decode the top layer's inputs through the layers below it."""
        for below in reversed(self.layers[:layer]):
            state = below.decode(state)
        return state

    def parameters(self) -> dict[str, Tensor]:
        """Return the layers, the mean image and the number of layers in use."""
        parts = [layer.tensors(number) for number, layer in enumerate(self.layers, 1)]
        return {
            name: tensor
            for part in [*parts, {"starts": self.starts, "depth": self.depth}]
            for name, tensor in part.items()
        }

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """Return the velocities."""
        parts = [velocity.tensors(number) for number, velocity in enumerate(self.velocities, 1)]
        return {name: tensor for part in parts for name, tensor in part.items()}
