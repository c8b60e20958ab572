"""A restricted Boltzmann machine (RBM): one layer of a deep belief network.

An RBM over visible units v (n, d) and binary hidden units h (n, m), with weights W (d, m):

    Bernoulli v:  E(v, h) = -v'Wh - a'v - b'h             P(v=1|h) = sigmoid(Wh + a)
    Gaussian v:   E(v, h) = |v - a|^2 / 2 - v'Wh - b'h    P(v|h) = N(a + Wh, 1)
    both:         P(h=1|v) = sigmoid(W'v + b)             F(v) = -log sum_h exp(-E(v, h))

Training climbs the log-likelihood, d log P(v) / dW = <v h'>_data - <v h'>_model. Gibbs chains estimate the
second term: begun afresh at each batch (contrastive divergence) or carried on (persistent). The gradient is
written out by hand and taken in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_repro.models.precision import add_matmul, affine
from gan_repro.models.tensors import bernoulli


@dataclass
class RBM:
    """One layer. Rows are examples: visible units (n, d), hidden ones (n, m)."""

    weights: Tensor
    """W, (d, m)."""
    visible_bias: Tensor
    """a, (d,)."""
    hidden_bias: Tensor
    """b, (m,)."""
    gaussian: bool = False
    """Whether visible units are Gaussian rather than binary."""

    def hidden_logits(self, visible: Tensor) -> Tensor:
        """Return W'v + b, (n, m)."""
        return affine(self.hidden_bias, visible, self.weights)

    def hidden_mean(self, visible: Tensor) -> Tensor:
        """Return P(h = 1 | v), (n, m)."""
        return self.hidden_logits(visible).sigmoid_()

    def visible_mean(self, hidden: Tensor) -> Tensor:
        """Return E[v | h], (n, d)."""
        mean = affine(self.visible_bias, hidden, self.weights.T)
        return mean if self.gaussian else mean.sigmoid_()

    def draw_hidden(self, visible: Tensor, generator: torch.Generator) -> Tensor:
        """Draw binary h from P(h | v)."""
        return bernoulli(self.hidden_mean(visible), generator)

    def draw_visible(self, hidden: Tensor, generator: torch.Generator) -> Tensor:
        """Draw v from P(v | h)."""
        mean = self.visible_mean(hidden)
        if self.gaussian:
            return mean.add_(torch.empty_like(mean).normal_(generator=generator))
        return bernoulli(mean, generator)

    def free_energy(self, visible: Tensor, hidden_logits: Tensor) -> Tensor:
        """Return F(v), (n,), given `hidden_logits(v)`; P(v) is proportional to exp(-F(v))."""
        softened = softplus(hidden_logits).sum(1)
        if self.gaussian:
            return (visible - self.visible_bias).square().sum(1) / 2 - softened
        return -(visible @ self.visible_bias) - softened

    def add_statistics(
        self, total: RBM, visible: Tensor, hidden: Tensor, *, decay: float, scale: float
    ) -> None:
        """Change in place total <- decay * total + scale * sum over rows of -dF/d(parameter).

        A Gaussian layer's derivative by the visible bias, v - a, stands without its a, which is the same
        in both phases and cancels.
        """
        add_matmul(total.weights, visible.T, hidden, decay=decay, scale=scale)
        total.hidden_bias.mul_(decay).add_(hidden.sum(0), alpha=scale)
        total.visible_bias.mul_(decay).add_(visible.sum(0), alpha=scale)

    def blank(self) -> RBM:
        """Make an RBM of the same shape, all zero."""
        weights, visible_bias, hidden_bias = map(torch.zeros_like, self.tensors("").values())
        return RBM(weights, visible_bias, hidden_bias, self.gaussian)

    def tensors(self, label: str | int) -> dict[str, Tensor]:
        """Return the live tensors, by name."""
        return {
            f"weights_{label}": self.weights,
            f"visible_bias_{label}": self.visible_bias,
            f"hidden_bias_{label}": self.hidden_bias,
        }
