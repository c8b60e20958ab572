"""The two nets of the adversarial game, layer by layer from the settings.

Each function draws its weights from `generator` in the order of the layers, in float64 on the CPU, and puts
them where the images are that it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_repro.models.gan.config import GANConfig, Hidden
from gan_repro.models.gan.convolution import ImageShape, MaxoutConvolution, TransposedConvolution
from gan_repro.models.gan.layers import Dense, Layer, Maxout, sparse, uniform


def generator_layers(config: GANConfig, train: Tensor, generator: torch.Generator) -> dict[str, Layer]:
    """Make G for training images (n, d): "g0", "g1", .. and "g_out".

    Raises:
        ValueError: the images do not have the settings' shape, or `output_nonzero` exceeds the units.
    """
    layers = _hidden_layers(config, "g", config.generator_hidden, train, generator)
    layers["g_out"] = _output_layer(config, train, generator)
    return layers


def front_layers(config: GANConfig, images: Tensor, generator: torch.Generator) -> dict[str, Layer]:
    """Make the layers to be put before G: "f0", "f1", .."""
    return _hidden_layers(config, "f", config.front, images, generator)


def discriminator_layers(config: GANConfig, images: Tensor, generator: torch.Generator) -> dict[str, Layer]:
    """Make D for images (n, d): convolutions "c0", .., maxout "d0", .., and "d_out", the log-odds.

    Raises:
        ValueError: the images do not have the settings' shape, or a convolution does not fit what reaches it.
    """
    layers: dict[str, Layer] = {}
    bound = config.discriminator_range
    width, keep = images.shape[1], config.keep_input
    shape: ImageShape = config.shape_of(width)
    for number, convolution in enumerate(config.discriminator_convolutions):
        columns, kernel = convolution.channels * convolution.pieces, convolution.kernel
        layer = MaxoutConvolution(
            uniform(generator, bound, columns, shape[2], kernel, kernel).to(images),
            images.new_zeros(columns),
            convolution.pieces,
            shape,
            padding=convolution.padding,
            pool=convolution.pool,
            pool_stride=convolution.pool_stride,
            keep=keep,
        )
        layers[f"c{number}"] = layer
        shape = layer.output_shape
        width, keep = shape[0] * shape[1] * shape[2], config.keep_hidden
    norm = config.max_column_norm
    for number, units in enumerate(config.discriminator_hidden):
        columns = units * config.pieces
        weight = uniform(generator, bound, width, columns).to(images)
        layers[f"d{number}"] = Maxout(
            weight, images.new_zeros(columns), config.pieces, keep=keep, max_column_norm=norm
        )
        width, keep = units, config.keep_hidden
    weight = uniform(generator, bound, width, 1).to(images)
    # The sigmoid belongs to the loss, which is computed from the log-odds.
    layers["d_out"] = Dense(weight, images.new_zeros(1), "linear", keep=keep, max_column_norm=norm)
    return layers


def _hidden_layers(
    config: GANConfig, prefix: str, settings: Sequence[Hidden], images: Tensor, generator: torch.Generator
) -> dict[str, Layer]:
    layers: dict[str, Layer] = {}
    width = config.noise_dimension
    for number, hidden in enumerate(settings):
        layers[f"{prefix}{number}"] = Dense(
            uniform(generator, config.generator_range, width, hidden.units).to(images),
            images.new_full((hidden.units,), hidden.bias),
            hidden.activation,
            max_column_norm=config.max_column_norm,
        )
        width = hidden.units
    return layers


def _output_layer(config: GANConfig, train: Tensor, generator: torch.Generator) -> Layer:
    pixels, inputs = train.shape[1], config.output_inputs
    bound = config.output_range or config.generator_range
    top = config.deconvolution
    if top is not None:
        shape = (top.channels, config.shape_of(pixels)[2], top.kernel, top.kernel)
        weight = uniform(generator, bound, *shape).to(train)
        given = (top.size, top.size, top.channels)
        return TransposedConvolution(weight, train.new_zeros(pixels), given, stride=top.stride)
    if config.output_nonzero is not None:
        weight = sparse(generator, config.output_nonzero, inputs, pixels).to(train)
    else:
        weight = uniform(generator, bound, inputs, pixels).to(train)
    bias = train.new_zeros(pixels)
    if config.output_activation == "sigmoid":
        bias = train.double().mean(dim=0).clamp(1e-7, 1 - 1e-7).logit().to(train.dtype)
    return Dense(weight, bias, config.output_activation, max_column_norm=config.max_column_norm)
