"""A small convolutional net that tells MNIST's digits apart; its last hidden layer is the feature space.

    x (n, 784) -> (n, 1, 28, 28)
    3 x 3 convolution to 16 maps, ReLU, 2 x 2 maximum     (n, 16, 14, 14)
    3 x 3 convolution to 32 maps, ReLU, 2 x 2 maximum     (n, 32, 7, 7)
    dense, ReLU                                           (n, 128): the features
    dense                                                 (n, 10): log-odds of the digits

Trained once on the 50,000 training images by cross-entropy, with Adam and a rate that falls linearly to 0.
Afterwards the features are divided by their root mean square over the training images, which gives the kernel
of KID a scale of its own, and the last layer is multiplied by it, so that what the net tells stays the same.
Every step is a function of the seed. It is a yardstick, not a row: no model is trained or chosen with it.

References: Binkowski et al. (2018) and Heusel et al. (2017) measure natural images in the last hidden layer
of a classifier of natural images (Inception); this is the same for digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import conv2d, cross_entropy, linear, max_pool2d

from gan_repro.util.seeds import generator

SIDE = 28
CLASSES = 10
WIDTH = 128
"""How many features."""

SHAPES = {
    "convolution_1": (16, 1, 3, 3),
    "convolution_2": (32, 16, 3, 3),
    "dense": (WIDTH, 32 * 7 * 7),
    "output": (CLASSES, WIDTH),
}

EPOCHS = 6
BATCH_SIZE = 100
LEARNING_RATE = 2e-3

_BLOCK = 1000
"""Images that pass through the net at a time, which bounds the memory; the features do not depend on it."""


class DigitNetwork:
    """The net; `tensors` holds a weight and a bias for each layer, float32."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        """Take trained tensors, by name.

        Raises:
            ValueError: a name is missing or too many, or a shape differs.
        """
        expected = {f"{name}/weight": shape for name, shape in SHAPES.items()}
        expected |= {f"{name}/bias": shape[:1] for name, shape in SHAPES.items()}
        found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        if found != expected:
            odd = sorted(name for name in expected | found if expected.get(name) != found.get(name))
            raise ValueError(
                f"these are not the tensors of the net for digits; they differ in {', '.join(odd)}"
            )
        self.tensors = tensors

    @classmethod
    def initial(cls, seed: int) -> DigitNetwork:
        """A net before training: weights N(0, 2 / inputs) (He et al. 2015), biases 0."""
        random = generator(seed, "digit-network", "parameters")
        tensors = {}
        for name, shape in SHAPES.items():
            spread = math.sqrt(2 / math.prod(shape[1:]))
            tensors[f"{name}/weight"] = torch.randn(shape, generator=random).mul_(spread)
            tensors[f"{name}/bias"] = torch.zeros(shape[0])
        return cls(tensors)

    def hidden(self, images: Tensor) -> Tensor:
        """The last hidden layer (n, 128) on images (n, 784) in [0, 1]."""
        x = images.view(-1, 1, SIDE, SIDE)
        for name in ("convolution_1", "convolution_2"):
            weight, bias = self.tensors[f"{name}/weight"], self.tensors[f"{name}/bias"]
            x = max_pool2d(conv2d(x, weight, bias, padding=1).relu_(), 2)
        return linear(x.flatten(1), self.tensors["dense/weight"], self.tensors["dense/bias"]).relu_()

    def log_odds(self, features: Tensor) -> Tensor:
        """Unnormalised log-probabilities of the digits (n, 10) from features (n, 128)."""
        return linear(features, self.tensors["output/weight"], self.tensors["output/bias"])

    def features(self, images: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """The features (n, 128) float32 of images (n, 784) in [0, 1]."""
        with torch.no_grad():
            blocks = [
                self.hidden(torch.from_numpy(np.array(images[start : start + _BLOCK], np.float32)))
                for start in range(0, len(images), _BLOCK)
            ]
        return torch.cat(blocks).numpy()

    def classes(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The digit (n,) that the net takes each row of features (n, 128) for."""
        with torch.no_grad():
            return self.log_odds(torch.from_numpy(features)).argmax(dim=1).numpy()


def train(
    images: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    *,
    seed: int,
    epochs: int = EPOCHS,
    after_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> DigitNetwork:
    """Train the net on one thread, so that the same seed gives the same bits on the same kind of machine.

    Args:
        images: (n, 784) in [0, 1].
        labels: (n,), the digit on each.
        seed: of the parameters and of the order of the images.
        epochs: passes over the images.
        after_epoch: told how many epochs are done and the mean loss of the last one, in nats.
    """
    network = DigitNetwork.initial(seed)
    parameters = [tensor.requires_grad_() for tensor in network.tensors.values()]
    steps = epochs * math.ceil(len(images) / BATCH_SIZE)
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    x, y = torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for epoch in range(epochs):
            order = torch.randperm(len(x), generator=generator(seed, "digit-network", "order", epoch))
            total = 0.0
            for rows in order.split(BATCH_SIZE):
                optimiser.zero_grad()
                loss = cross_entropy(network.log_odds(network.hidden(x[rows])), y[rows])
                loss.backward()
                optimiser.step()
                schedule.step()
                total += float(loss.detach()) * len(rows)
            after_epoch(epoch + 1, total / len(x))
    finally:
        torch.set_num_threads(threads)
    network = DigitNetwork({name: tensor.detach() for name, tensor in network.tensors.items()})
    return rescaled(network, float(np.sqrt(np.mean(np.square(network.features(images), dtype=np.float64)))))


def rescaled(network: DigitNetwork, scale: float) -> DigitNetwork:
    """Divide the features by `scale`; ReLU commutes with that, and the output layer makes up for it."""
    factors = {"dense/weight": 1 / scale, "dense/bias": 1 / scale, "output/weight": scale}
    return DigitNetwork({name: tensor * factors.get(name, 1.0) for name, tensor in network.tensors.items()})
