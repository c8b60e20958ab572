"""Deep belief network: restricted Boltzmann machines (`rbm`) stacked greedily, and Gibbs sampling at the top.

Pixels: a grey level in [0, 1] stands for the mean of a Bernoulli unit ("bernoulli"), or it is centred and
scaled to a unit with Gaussian noise ("gaussian", for faces). A layer above trains on binary samples of the
layer below, the kind of vector that its own chain makes.
Samples: Gibbs in the top RBM, a draw from P(v|h) in each layer on the way down, and E[v|h] for the pixels.
One layer is an RBM ("DBN-1").

Reference: Bengio, Mesnil, Dauphin, Rifai, "Better Mixing via Deep Representations" (ICML 2013), Section 4,
Table 1: 784-1024-1024 on MNIST, 2304-512-1024 with a Gaussian bottom on the Toronto faces. Greedy training:
Hinton, Osindero, Teh (2006); persistent chains: Tieleman (2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor

from gan_repro.models.base import Deviation
from gan_repro.models.rbm import RBM
from gan_repro.models.stacked import LayerSizes, StackedConfig, StackedModel
from gan_repro.models.tensors import bernoulli


class DBNConfig(StackedConfig):
    """Settings of a DBN. Only `layers` and `visible` are the reference's; it publishes no other."""

    layers: LayerSizes = (1024, 1024)
    visible: Literal["bernoulli", "gaussian"] = "bernoulli"
    """The kind of the pixels; the reference takes Gaussian ones for faces."""
    gaussian_learning_rate: PositiveFloat = 0.001
    """Takes the place of `learning_rate` in a Gaussian bottom layer, whose gradients are larger."""
    gaussian_noise: PositiveFloat = 1.0
    """Standard deviation of P(v|h) of a Gaussian pixel, in units of the pixels' own standard deviation."""
    persistent: bool = True
    """Carry the chains of the negative phase on from batch to batch (else begin them at the batch)."""
    gibbs_steps: PositiveInt = 1
    """Steps of these chains in each update."""
    learning_rate: PositiveFloat = 0.02
    weight_decay: NonNegativeFloat = 2e-4
    burn_in: int = Field(default=25, ge=0)
    thinning: PositiveInt = 5


class DBN(StackedModel):
    """A stack of RBMs, the bottom one over pixels."""

    name: ClassVar[str] = "dbn"
    Config = DBNConfig
    config: DBNConfig
    tiny: ClassVar = {"layers": (12, 10), "chains": 4, "burn_in": 3, "thinning": 2}
    deviations: ClassVar[tuple[Deviation, ...]] = (
        Deviation(
            id="dbn-unpublished-settings",
            what="learning rate, its linear fall, momentum, weight decay, epochs, Gibbs steps in training, "
            "number of chains, burn-in and thinning are ours",
            why="the reference does not publish them",
            expected_effect="unknown; rate, weight decay, chains and burn-in were chosen on validation "
            "likelihood by gan_repro.search (log in results/search)",
        ),
        Deviation(
            id="dbn-grey-levels-as-means",
            what="the bottom RBM takes a grey level as the mean of a Bernoulli unit, without binarising it",
            why="the reference does not say how it feeds real-valued MNIST to binary units",
            expected_effect="small: MNIST pixels are nearly binary",
        ),
        Deviation(
            id="dbn-binary-codes",
            what="an upper RBM trains on binary samples of the layer below, not on their probabilities",
            why="the reference does not say; its own chain makes binary vectors",
            expected_effect="small",
        ),
        Deviation(
            id="dbn-gaussian-pixels",
            what="Gaussian pixels are centred by each pixel's mean, divided by one standard deviation pooled "
            "over pixels, given a fixed noise, and their means clipped to [0, 1] in samples",
            why="the reference names a Gaussian RBM for faces and neither its variances nor its scaling",
            expected_effect="unknown; the noise is a setting (`gaussian_noise`)",
        ),
        Deviation(
            id="dbn-persistent-chains",
            what="the negative phase of training runs on persistent chains",
            why="the reference does not say; one step of contrastive divergence never looks at where the "
            "model's own chains go, and those are what is scored (Tieleman 2008)",
            expected_effect="higher likelihood of the samples",
        ),
        Deviation(
            id="dbn-chains-from-noise",
            what="a sampling chain starts at pixels drawn one by one with the training images' means, and "
            "burns in from layer to layer up to the top",
            why="the reference names no start; one at training images (`start`) would lend the model theirs",
            expected_effect="lower likelihood than from training images, if the burn-in is short",
        ),
    )

    def active_deviations(self) -> tuple[Deviation, ...]:
        """List the deviations that hold for this kind of pixels."""
        other = "dbn-grey-levels-as-means" if self.config.visible == "gaussian" else "dbn-gaussian-pixels"
        return tuple(deviation for deviation in super().active_deviations() if deviation.id != other)

    def build_layers(self, train: Tensor, generator: torch.Generator) -> None:
        """Draw weights from N(0, 0.01^2); hidden biases are 0, pixel biases the logits of the mean image."""
        config = self.config
        gaussian = config.visible == "gaussian"
        ones, zeros = train.new_ones(train.shape[1]), train.new_zeros(train.shape[1])
        mean = train.mean(0)
        pooled = (train - mean).square().mean().sqrt().clamp_min(1e-6)
        self.centre = mean if gaussian else zeros
        self.scale = pooled * config.gaussian_noise if gaussian else ones[0]
        # Hinton (2012), "A practical guide to training RBMs", section 8: the bias is the logit of the mean.
        # One image all white and one all black more keep it finite.
        marginal = (train.sum(0) + 1) / (len(train) + 2)
        self.rbms: list[RBM] = []
        self.velocities: list[RBM] = []
        self.negative_chains: list[Tensor] = []
        for layer, (below, above) in enumerate(pairwise((train.shape[1], *config.layers))):
            weights = (0.01 * torch.randn(below, above, generator=generator)).to(train)
            bias = marginal.logit() if layer == 0 and not gaussian else train.new_zeros(below)
            self.rbms.append(RBM(weights, bias, train.new_zeros(above), gaussian and layer == 0))
            self.velocities.append(self.rbms[-1].blank())
            chains = torch.rand(config.batch_size, above, generator=generator).lt(0.5).to(train)
            self.negative_chains.append(chains)

    def first_rate(self, layer: int) -> float:
        """Return the step size at the start of a layer's training; a Gaussian layer has its own."""
        config = self.config
        return config.gaussian_learning_rate if self.rbms[layer].gaussian else config.learning_rate

    def encode(self, layer: int, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Draw binary codes of a layer's inputs."""
        return self.rbms[layer].draw_hidden(self._standardised(layer, inputs), generator)

    def train_layer(self, layer: int, inputs: Tensor) -> Mapping[str, Tensor]:
        """Take one step of (persistent) contrastive divergence in one RBM."""
        config = self.config
        rbm, velocity = self.rbms[layer], self.velocities[layer]
        visible = self._standardised(layer, inputs)
        logits = rbm.hidden_logits(visible)
        free_energy = rbm.free_energy(visible, logits).mean()
        hidden = logits.sigmoid_()

        chains = self.negative_chains[layer] if config.persistent else bernoulli(hidden, self.noise)
        for _ in range(config.gibbs_steps - 1):
            chains = rbm.draw_hidden(rbm.draw_visible(chains, self.noise), self.noise)
        fantasy = rbm.draw_visible(chains, self.noise)
        logits = rbm.hidden_logits(fantasy)
        fantasy_free_energy = rbm.free_energy(fantasy, logits).mean()
        fantasy_hidden = logits.sigmoid_()
        if config.persistent:
            self.negative_chains[layer].copy_(bernoulli(fantasy_hidden, self.noise))

        rate = self.rate(self.epoch)
        rbm.add_statistics(velocity, visible, hidden, decay=config.momentum, scale=rate / len(visible))
        rbm.add_statistics(velocity, fantasy, fantasy_hidden, decay=1, scale=-rate / len(fantasy))
        if config.weight_decay:
            velocity.weights.sub_(rbm.weights, alpha=rate * config.weight_decay)
        for part, change in zip(rbm.tensors("").values(), velocity.tensors("").values(), strict=True):
            part.add_(change)
        return {"free_energy_gap": free_energy - fantasy_free_energy}

    def step(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Take one Gibbs step v -> h -> v."""
        rbm = self.rbms[layer]
        visible = rbm.draw_visible(self.encode(layer, state, generator), generator)
        return visible.mul_(self.scale).add_(self.centre) if rbm.gaussian else visible

    def pixels(self, layer: int, state: Tensor, generator: torch.Generator) -> Tensor:
        """Project down by draws, and by E[v|h] at the pixels; a single RBM first draws h from its pixels."""
        if layer == 0:
            state = self.encode(0, state, generator)
        for rbm in reversed(self.rbms[1:layer]):
            state = rbm.draw_visible(state, generator)
        return self.rbms[0].visible_mean(state).mul_(self.scale).add_(self.centre).clamp_(0, 1)

    def parameters(self) -> dict[str, Tensor]:
        """Return the RBMs, the pixels' centre and scale, the mean image and the number of layers in use."""
        parts = [rbm.tensors(number) for number, rbm in enumerate(self.rbms, 1)]
        shared = {"centre": self.centre, "scale": self.scale, "starts": self.starts, "depth": self.depth}
        return {name: tensor for part in [*parts, shared] for name, tensor in part.items()}

    def optimiser_tensors(self) -> dict[str, Tensor]:
        """Return the velocities, and the chains of the negative phase."""
        parts = [velocity.tensors(number) for number, velocity in enumerate(self.velocities, 1)]
        chains = {f"chains_{number}": chains for number, chains in enumerate(self.negative_chains, 1)}
        return {name: tensor for part in [*parts, chains] for name, tensor in part.items()}

    def _standardised(self, layer: int, inputs: Tensor) -> Tensor:
        return (inputs - self.centre) / self.scale if self.rbms[layer].gaussian else inputs
