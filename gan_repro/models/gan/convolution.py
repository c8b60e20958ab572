"""Convolutional layers with derivatives by hand, as pylearn2 and the released deconv.py have them.

They are layers like the others: matrices (n, inputs) in, (n, units) out, an image's numbers row by row with
the channels last, as the data sets have them. Shapes follow cuda-convnet's rules. A convolution sees
`padding` zeros on each side and gives size + 2 padding - kernel + 1 positions. Pooling windows start every
`pool_stride` positions until all are covered, so that the last ones may be cut off by the border: 33
positions make 16 windows of 4 with stride 2, where whole windows alone would be 15.

torch has a kernel for the derivative of pooling, but on a GPU its sums have no fixed order; here they do.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d
from torch.nn.grad import conv2d_input, conv2d_weight

from gan_repro.models.gan.layers import Layer

ImageShape = tuple[int, int, int]
"""Height, width, channels."""


class MaxoutConvolution(Layer):
    """Kernels over an image, the largest of the pieces, and the largest in each window (MaxoutConvC01B).

    Args:
        weight: (pieces * channels, input channels, kernel, kernel), piece by piece.
        bias: (pieces * channels,), the same at all positions.
        input_shape: of the images that come in.

    Raises:
        ValueError: the kernel or the window is larger than what it looks at.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        pieces: int,
        input_shape: ImageShape,
        *,
        padding: int = 0,
        pool: int = 1,
        pool_stride: int = 1,
        keep: float = 1.0,
    ) -> None:
        super().__init__(weight, bias, keep=keep)
        self.pieces, self.channels = pieces, len(weight) // pieces
        self.input_shape = input_shape
        self.padding, self.pool, self.pool_stride = padding, pool, pool_stride
        kernel = weight.shape[-1]
        rows, columns = (size + 2 * padding - kernel + 1 for size in input_shape[:2])
        if min(rows, columns) < pool:
            raise ValueError(
                f"a kernel of {kernel} and windows of {pool} do not fit an image of "
                f"{input_shape[0]} x {input_shape[1]} with {padding} pixels of padding"
            )
        self._detector_shape: ImageShape = (rows, columns, len(weight))
        height, width = (-(-(size - pool) // pool_stride) + 1 for size in (rows, columns))
        self.output_shape: ImageShape = (height, width, self.channels)

    def _affine(self, x: Tensor) -> Tensor:
        return _flat(conv2d(_image(x, self.input_shape), self.weight, self.bias, padding=self.padding))

    def _activate(self, z: Tensor) -> Tensor:
        rows, columns, _ = self._detector_shape
        self._z = z.view(len(z), rows, columns, self.pieces, self.channels)
        self._largest_piece = self._z.amax(dim=3)
        self._output = max_pool2d(
            self._largest_piece.permute(0, 3, 1, 2), self.pool, self.pool_stride, ceil_mode=True
        ).permute(0, 2, 3, 1)
        return self._output.reshape(len(z), -1)

    def _activation_backward(self, output_gradient: Tensor) -> Tensor:
        pooled = output_gradient.view(self._output.shape)
        gradient = torch.zeros_like(self._largest_piece)
        height, width, _ = self.output_shape
        stride = self.pool_stride
        for row in range(self.pool):
            for column in range(self.pool):
                # The entry at this place of every window; the last windows may not have it.
                place = (
                    slice(None),
                    slice(row, row + stride * height, stride),
                    slice(column, column + stride * width, stride),
                )
                entries = self._largest_piece[place]
                windows = (slice(None), slice(entries.shape[1]), slice(entries.shape[2]))
                gradient[place] += (entries == self._output[windows]) * pooled[windows]
        winners = self._z.eq_(self._largest_piece.unsqueeze(3))
        return winners.mul_(gradient.unsqueeze(3)).flatten(1)

    def _input_gradient(self, delta: Tensor) -> Tensor:
        height, width, channels = self.input_shape
        size = (len(delta), channels, height, width)
        return _flat(
            conv2d_input(size, self.weight, _image(delta, self._detector_shape), padding=self.padding)
        )

    def _add_to_velocities(self, delta: Tensor, learning_rate: float, momentum: float) -> None:
        gradient = conv2d_weight(
            _image(self._input, self.input_shape),
            self.weight.shape,
            _image(delta, self._detector_shape),
            padding=self.padding,
        )
        self.weight_velocity.mul_(momentum).sub_(gradient, alpha=learning_rate)
        by_position = delta.view(-1, len(self.bias))
        self.bias_velocity.mul_(momentum).sub_(by_position.sum(dim=0), alpha=learning_rate)


class TransposedConvolution(Layer):
    """Each input position adds its kernels to a square of the output, `stride` apart; linear (deconv.py).

    Args:
        weight: (input channels, output channels, kernel, kernel).
        bias: (output units,): one for each channel of each pixel.
        input_shape: of the images that come in.
    """

    def __init__(self, weight: Tensor, bias: Tensor, input_shape: ImageShape, *, stride: int) -> None:
        super().__init__(weight, bias)
        self.input_shape, self.stride = input_shape, stride
        kernel = weight.shape[-1]
        height, width = (stride * (size - 1) + kernel for size in input_shape[:2])
        self.output_shape: ImageShape = (height, width, weight.shape[1])

    def _affine(self, x: Tensor) -> Tensor:
        return (
            _flat(conv_transpose2d(_image(x, self.input_shape), self.weight, stride=self.stride)) + self.bias
        )

    def _activate(self, z: Tensor) -> Tensor:
        return z

    def _activation_backward(self, output_gradient: Tensor) -> Tensor:
        return output_gradient

    def _input_gradient(self, delta: Tensor) -> Tensor:
        return _flat(conv2d(_image(delta, self.output_shape), self.weight, stride=self.stride))

    def _add_to_velocities(self, delta: Tensor, learning_rate: float, momentum: float) -> None:
        # What the convolution of `delta` with the kernels would give is this layer's input's gradient.
        gradient = conv2d_weight(
            _image(delta, self.output_shape),
            self.weight.shape,
            _image(self._input, self.input_shape),
            stride=self.stride,
        )
        self.weight_velocity.mul_(momentum).sub_(gradient, alpha=learning_rate)
        self.bias_velocity.mul_(momentum).sub_(delta.sum(dim=0), alpha=learning_rate)


def _image(flat: Tensor, shape: ImageShape) -> Tensor:
    """(n, height * width * channels) as torch's (n, channels, height, width), without a copy."""
    return flat.view(len(flat), *shape).permute(0, 3, 1, 2)


def _flat(image: Tensor) -> Tensor:
    """Undo `_image`."""
    return image.permute(0, 2, 3, 1).reshape(len(image), -1)
