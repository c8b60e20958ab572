"""The hand-derived CAE against autograd, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from gan_repro.models.base import DivergedError
from gan_repro.models.cae import CAE, Layer
from gan_repro.util.seeds import generator


def random_layer(inputs: int, codes: int, seed: int = 0) -> Layer:
    random = generator(seed, "layer")

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    return Layer(normal(inputs, codes), normal(codes), normal(inputs))


def images(rows: int, width: int) -> Tensor:
    return torch.rand(rows, width, generator=generator(1), dtype=torch.float64)


def jacobians(layer: Layer, inputs: Tensor) -> Tensor:
    """dh/dx of each row, (rows, codes, inputs), by autograd."""

    def code(row: Tensor) -> Tensor:
        return torch.sigmoid(row @ layer.weights + layer.code_bias)

    return torch.stack([torch.autograd.functional.jacobian(code, row, create_graph=True) for row in inputs])


@pytest.mark.parametrize("contraction", [0.0, 0.7])
def test_losses_and_gradient_equal_autograds(contraction: float) -> None:
    layer, inputs = random_layer(6, 4), images(5, 6)
    total = Layer(*map(torch.zeros_like, layer.tensors("").values()))
    losses = layer.add_gradient(total, inputs, contraction, decay=0, scale=1)

    leaves = [part.clone().requires_grad_() for part in layer.tensors("").values()]
    free = Layer(*leaves)
    codes = torch.sigmoid(inputs @ free.weights + free.code_bias)
    output = torch.sigmoid(codes @ free.weights.T + free.input_bias)
    reconstruction = binary_cross_entropy(output, inputs, reduction="sum") / 5
    penalty = jacobians(free, inputs).square().sum() / 5
    torch.testing.assert_close(losses["reconstruction"], reconstruction, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(losses["penalty"], penalty, rtol=1e-10, atol=1e-10)
    exact = torch.autograd.grad(reconstruction + contraction * penalty, leaves)
    for mine, gradient in zip(total.tensors("").values(), exact, strict=True):
        torch.testing.assert_close(mine, gradient, rtol=1e-10, atol=1e-10)


def test_gradient_decays_what_was_there_before() -> None:
    layer, inputs = random_layer(6, 4), images(5, 6)
    once, twice = (Layer(*map(torch.zeros_like, layer.tensors("").values())) for _ in range(2))
    layer.add_gradient(once, inputs, 0.7, decay=0, scale=-0.1)
    for _ in range(2):
        layer.add_gradient(twice, inputs, 0.7, decay=0.5, scale=-0.1)
    for one, two in zip(once.tensors("").values(), twice.tensors("").values(), strict=True):
        torch.testing.assert_close(two, 1.5 * one)


def test_step_along_tangents_is_j_j_transposed() -> None:
    layer, inputs = random_layer(6, 4), images(5, 6)
    directions = torch.randn(5, 4, generator=generator(2), dtype=torch.float64)
    jacobian = jacobians(layer, inputs)
    expected = torch.einsum("nij,nkj,nk->ni", jacobian, jacobian, directions)
    torch.testing.assert_close(layer.along_tangents(layer.encode(inputs), directions), expected)


def stack(*layers: Layer, **settings: Any) -> CAE:
    """A stacked CAE whose layers are these."""
    widths = tuple(len(layer.code_bias) for layer in layers)
    model = CAE(CAE.Config(**({"layers": widths, "epochs": 0} | settings)), dtype=torch.float64)
    model.fit(images(3, len(layers[0].input_bias)))
    model.layers = list(layers)
    model.depth.fill_(len(layers))
    return model


def test_walk_moves_codes_by_j_j_transposed_noise_and_decodes() -> None:
    layer, state = random_layer(6, 4), images(5, 6)
    noise = 0.3 * torch.randn(5, 4, generator=generator(3), dtype=torch.float64)
    jacobian = jacobians(layer, state)
    codes = torch.sigmoid(state @ layer.weights + layer.code_bias)
    codes = codes + (jacobian @ jacobian.mT @ noise[:, :, None])[:, :, 0]
    expected = torch.sigmoid(codes @ layer.weights.T + layer.input_bias)
    model = stack(layer, walk_noise=0.3)
    torch.testing.assert_close(model.step(0, state, generator(3)), expected)


def test_samples_walk_at_the_top_and_are_decoded_down() -> None:
    bottom, top = random_layer(6, 4), random_layer(4, 3, seed=1)
    model = stack(bottom, top, chains=5, burn_in=2)
    random = generator(0)
    state = model._start(5, random)
    for _ in range(2):
        state = model.step(0, state, random)
    state = torch.sigmoid(state @ bottom.weights + bottom.code_bias)
    for _ in range(3):
        state = model.step(1, state, random)
    expected = torch.sigmoid(state @ bottom.weights.T + bottom.input_bias)
    torch.testing.assert_close(model.sample(5, generator=generator(0)), expected)


def digits() -> np.ndarray:
    return (load_digits().data[:200] / 16).astype(np.float32)


def mean_penalty(model: CAE, train: Tensor) -> Tensor:
    layer = model.layers[0]
    blank = Layer(*map(torch.zeros_like, layer.tensors("").values()))
    return layer.add_gradient(blank, train, 0, decay=1, scale=0)["penalty"]


def test_training_reconstructs_and_contracts() -> None:
    train = torch.as_tensor(digits())
    settings = {"layers": (40,), "epochs": 30, "batch_size": 20}
    free, contracted = (CAE(CAE.Config(**settings, contraction=alpha)).fit(train) for alpha in (0, 1))
    reconstruction = free.layers[0].decode(free.layers[0].encode(train))
    assert (reconstruction - train).square().mean() < 0.3 * (train.mean(0) - train).square().mean()
    assert mean_penalty(contracted, train) < 0.5 * mean_penalty(free, train)


def test_runaway_training_says_so() -> None:
    with pytest.raises(DivergedError, match="cae: the"):
        CAE(CAE.Config(layers=(5,), epochs=20, learning_rate=1e30)).fit(digits())


@pytest.mark.parametrize("settings", [{"contraction": -1}, {"walk_noise": -0.1}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        CAE.Config(**settings)
