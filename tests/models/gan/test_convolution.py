"""Convolutional layers against plain autograd, and against the shapes of cifar10_convolutional.yaml."""

import pytest
import torch
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d, pad

from gan_repro.models.gan.convolution import MaxoutConvolution, TransposedConvolution
from gan_repro.util.seeds import generator

DOUBLE = torch.float64


def random(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed, "test", *shape), dtype=DOUBLE)


def maxout_convolution(keep=1.0):
    # 6 x 5 pixels of 3 channels; 7 x 6 positions; windows of 3, 2 apart: 3 x 3, the last row of windows whole
    # and the last column cut off by the border.
    weight, bias = random(8, 3, 4, 4), random(8)
    return MaxoutConvolution(weight, bias, 2, (6, 5, 3), padding=2, pool=3, pool_stride=2, keep=keep)


def reference_maxout_convolution(x, weight, bias):
    images = x.view(-1, 6, 5, 3).permute(0, 3, 1, 2)
    first, second = conv2d(pad(images, (2, 2, 2, 2)), weight, bias).split(4, dim=1)
    largest = pad(torch.maximum(first, second), (0, 1, 0, 0), value=-torch.inf)
    return max_pool2d(largest, 3, stride=2).permute(0, 2, 3, 1).flatten(1)


def transposed_convolution(keep=1.0):
    return TransposedConvolution(random(4, 3, 5, 5), random(8 * 8 * 3), (2, 2, 4), stride=3)


def reference_transposed_convolution(x, weight, bias):
    images = x.view(-1, 2, 2, 4).permute(0, 3, 1, 2)
    return conv_transpose2d(images, weight, stride=3).permute(0, 2, 3, 1).flatten(1) + bias


@pytest.mark.parametrize(
    ("make", "reference", "inputs", "keep"),
    [
        (maxout_convolution, reference_maxout_convolution, 90, 1.0),
        (maxout_convolution, reference_maxout_convolution, 90, 0.6),
        (transposed_convolution, reference_transposed_convolution, 16, 1.0),
    ],
)
def test_gradients_agree_with_autograd(make, reference, inputs, keep):
    layer = make(keep)
    weight, bias = layer.weight.clone().requires_grad_(), layer.bias.clone().requires_grad_()
    x = random(7, inputs, seed=1).requires_grad_()
    output = layer(x.detach(), generator(0, "dropout"))
    kept = torch.rand(7, inputs, generator=generator(0, "dropout"), dtype=DOUBLE) < keep
    expected = reference(x * kept / keep, weight, bias)
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-10)
    slope, per_example = random(*output.shape, seed=2), torch.rand(7, 1, dtype=DOUBLE, generator=generator(5))
    input_gradient = layer.backward(slope, rows=slice(2, None))
    (dx,) = torch.autograd.grad((expected * slope).sum(), x, retain_graph=True)
    torch.testing.assert_close(input_gradient, dx[2:], rtol=0, atol=1e-10)
    dw, db = torch.autograd.grad((expected * slope * per_example).sum(), [weight, bias])
    layer.update(0.1, 0.5, per_example)
    torch.testing.assert_close(layer.weight, weight.detach() - 0.1 * dw, rtol=0, atol=1e-10)
    torch.testing.assert_close(layer.bias, bias.detach() - 0.1 * db, rtol=0, atol=1e-10)
    # The velocities keep half of that step and take the same one again.
    layer.update(0.1, 0.5, per_example)
    torch.testing.assert_close(layer.weight, weight.detach() - 0.25 * dw, rtol=0, atol=1e-10)


def test_every_pixel_counts_where_windows_are_cut_off():
    """Windows of 2, 2 apart, over 3 positions: the third stands alone in its window."""
    layer = MaxoutConvolution(torch.ones(1, 1, 1, 1), torch.zeros(1), 1, (1, 3, 1), pool=1)
    assert layer.output_shape == (1, 3, 1)
    layer = MaxoutConvolution(torch.ones(1, 1, 1, 1), torch.zeros(1), 1, (3, 3, 1), pool=2, pool_stride=2)
    image = torch.arange(9.0).view(1, 9)
    assert layer(image).tolist() == [[4, 5, 7, 8]]
    assert layer.backward(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[0, 0, 0, 0, 1, 2, 0, 3, 4]]


def test_a_peak_shared_by_windows_gets_the_sum_of_gradients():
    layer = MaxoutConvolution(torch.ones(1, 1, 1, 1), torch.zeros(1), 1, (3, 3, 1), pool=2, pool_stride=1)
    image = torch.zeros(1, 9)
    image[0, 4] = 1
    layer(image)
    assert layer.backward(torch.ones(1, 4)).view(9)[4] == 4


def test_a_kernel_is_not_turned_around():
    layer = MaxoutConvolution(torch.arange(4.0).view(1, 1, 2, 2), torch.zeros(1), 1, (2, 2, 1))
    assert float(layer(torch.tensor([[1.0, 0, 0, 0]]))) == 0
    assert float(layer(torch.tensor([[0, 0, 0, 1.0]]))) == 3


@pytest.mark.parametrize("settings", [{"pool": 5}, {"padding": 1, "pool": 7}])
def test_windows_that_do_not_fit_are_refused(settings):
    with pytest.raises(ValueError, match="do not fit an image of 6 x 6"):
        MaxoutConvolution(torch.ones(2, 1, 3, 3), torch.zeros(2), 2, (6, 6, 1), **settings)
