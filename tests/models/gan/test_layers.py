"""Layers against autograd, and the update rules against the formulas of pylearn2."""

import pytest
import torch

from gan_repro.models.gan.layers import Dense, Maxout
from gan_repro.util.seeds import generator

DOUBLE = torch.float64


def random(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed, "test", *shape), dtype=DOUBLE)


def make(kind, keep=1.0, max_column_norm=None):
    weight, bias = random(5, 12), random(12)
    if kind == "maxout":
        return Maxout(weight, bias, 3, keep=keep, max_column_norm=max_column_norm)
    return Dense(weight, bias, kind, keep=keep, max_column_norm=max_column_norm)


def reference(kind, x, weight, bias):
    z = x @ weight + bias
    if kind == "maxout":
        return torch.stack(z.split(4, dim=1)).max(dim=0).values
    return {"relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda t: t}[kind](z)


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "linear", "maxout"])
@pytest.mark.parametrize("keep", [1.0, 0.6])
def test_gradients_agree_with_autograd(kind, keep):
    layer = make(kind, keep)
    weight, bias = layer.weight.clone().requires_grad_(), layer.bias.clone().requires_grad_()
    x = random(7, 5, seed=1).requires_grad_()
    output = layer(x.detach(), generator(0, "dropout"))
    mask = (torch.rand(7, 5, generator=generator(0, "dropout"), dtype=DOUBLE) < keep).to(DOUBLE) / keep
    expected = reference(kind, x * mask, weight, bias)
    torch.testing.assert_close(output, expected)
    slope, per_example = random(*output.shape, seed=2), torch.rand(7, 1, dtype=DOUBLE, generator=generator(5))
    input_gradient = layer.backward(slope)
    (dx,) = torch.autograd.grad((expected * slope).sum(), x, retain_graph=True)
    torch.testing.assert_close(input_gradient, dx, rtol=0, atol=1e-10)
    dw, db = torch.autograd.grad((expected * slope * per_example).sum(), [weight, bias])
    layer.update(0.1, 0.5, per_example)
    torch.testing.assert_close(layer.weight, weight.detach() - 0.1 * dw, rtol=0, atol=1e-10)
    torch.testing.assert_close(layer.bias, bias.detach() - 0.1 * db, rtol=0, atol=1e-10)


def test_velocity_holds_the_learning_rate_of_its_time():
    """v <- m v - rate g, so a later change of the rate does not touch what is in v already."""
    layer = Dense(torch.zeros(1, 1, dtype=DOUBLE), torch.zeros(1, dtype=DOUBLE), "linear")
    for rate in (0.1, 0.01):
        layer(torch.ones(1, 1, dtype=DOUBLE))
        layer.backward(torch.ones(1, 1, dtype=DOUBLE))
        layer.update(rate, 0.5)
    # v1 = -0.1; v2 = 0.5 * -0.1 - 0.01 = -0.06; w = v1 + v2.
    assert float(layer.weight) == pytest.approx(-0.16)
    assert float(layer.bias) == pytest.approx(-0.16)


def test_columns_are_shortened_at_once_and_after_updates():
    layer = make("linear", max_column_norm=0.5)
    original = random(5, 12)
    norms = original.norm(dim=0)
    # pylearn2: W * clip(norm, 0, c) / (1e-7 + norm).
    torch.testing.assert_close(layer.weight, original * norms.clamp(max=0.5) / (1e-7 + norms))
    layer(random(7, 5))
    layer.backward(random(7, 12))
    layer.update(1.0, 0.5)
    assert float(layer.weight.norm(dim=0).max()) <= 0.5
    assert float(layer.bias.abs().max()) > 0.5


def test_dropout_keeps_the_mean_and_is_off_without_a_generator():
    layer = Dense(torch.eye(1000, dtype=DOUBLE), torch.zeros(1000, dtype=DOUBLE), "linear", keep=0.8)
    x = torch.ones(200, 1000, dtype=DOUBLE)
    assert torch.equal(layer(x), x)
    dropped = layer(x, generator(1, "dropout"))
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    # 200,000 independent inputs: the mean is 1 with standard deviation 0.0011.
    assert float(dropped.mean()) == pytest.approx(1, abs=0.006)


def test_backward_gives_only_the_rows_asked_for():
    layer = make("maxout", keep=0.5)
    layer(random(7, 5), generator(0))
    whole = layer.backward(random(7, 4))
    layer(random(7, 5), generator(0))
    assert torch.equal(layer.backward(random(7, 4), rows=slice(3, None)), whole[3:])
    assert layer.backward(random(7, 4), rows=None).numel() == 0
