"""The settings of the adversarial net, with the values of mnist.yaml; other nets stand in `recipes`."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from gan_repro.models.config import ModelConfig, PrecisionConfig
from gan_repro.models.gan.layers import Activation


class Hidden(ModelConfig):
    """A hidden layer of the generator."""

    newer_fields: ClassVar[frozenset[str]] = frozenset({"bias"})

    units: int = Field(ge=1)
    activation: Activation = "relu"
    bias: float = 0.0
    """Where every unit's bias starts."""


class Deconvolution(ModelConfig):
    """The generator's last layer as a transposed convolution of the last hidden layer's units."""

    size: int = Field(ge=1)
    """The hidden units are seen as size x size positions of `channels` units each."""
    channels: int = Field(ge=1)
    kernel: int = Field(ge=1)
    stride: int = Field(ge=1)


class Convolution(ModelConfig):
    """A layer of the discriminator: square kernels, the largest of several pieces, square pooling windows."""

    channels: int = Field(ge=1)
    pieces: int = Field(ge=1)
    kernel: int = Field(ge=1)
    padding: int = Field(0, ge=0)
    """Zeros on each side of the image."""
    pool: int = Field(1, ge=1)
    pool_stride: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _no_gaps_between_windows(self) -> Convolution:
        if self.pool_stride > self.pool:
            raise ValueError(
                f"pool_stride {self.pool_stride} would skip pixels between windows of {self.pool}"
            )
        return self


class GANConfig(PrecisionConfig):
    """The settings of mnist.yaml. It has no termination; `epochs` is where training ends here."""

    newer_fields: ClassVar[frozenset[str]] = PrecisionConfig.newer_fields | {
        "output_activation",
        "output_range",
        "output_nonzero",
        "front",
        "front_epoch",
        "preprocessing",
        "image_shape",
        "deconvolution",
        "discriminator_convolutions",
    }

    epochs: int = Field(2000, ge=0)
    batch_size: int = Field(100, ge=1)
    noise: Literal["uniform", "gaussian"] = "uniform"
    """U(-sqrt 3, sqrt 3) or N(0, 1): unit variance either way."""
    noise_dimension: int = Field(100, ge=1)
    generator_hidden: tuple[Hidden, ...] = (Hidden(units=1200), Hidden(units=1200))
    generator_range: float = Field(0.05, gt=0)
    """Weights start as U(-range, range)."""
    output_activation: Literal["sigmoid", "linear"] = "sigmoid"
    """Of G's last layer. Sigmoid biases start at the log-odds of the mean image, linear ones at 0."""
    output_range: float | None = Field(None, gt=0)
    """Like `generator_range`, for G's last layer; None: the same."""
    output_nonzero: int | None = Field(None, ge=1)
    """In place of a range: so many N(0, 1) weights for each output unit, the others 0 (sparse_init)."""
    front: tuple[Hidden, ...] = ()
    """Layers that are put between the noise and the trained generator once `front_epoch` epochs are done; the
    last is as wide as the noise that it replaces. D, velocities and schedules are reset; all layers train."""
    front_epoch: int | None = Field(None, ge=1)
    discriminator_hidden: tuple[PositiveInt, ...] = Field((240, 240), min_length=1)
    """Maxout units of each hidden layer."""
    pieces: int = Field(5, ge=1)
    discriminator_range: float = Field(0.005, gt=0)
    keep_input: float = Field(0.8, gt=0, le=1)
    """Probability with which D keeps a pixel while training."""
    keep_hidden: float = Field(0.5, gt=0, le=1)
    max_column_norm: float | None = Field(None, gt=0)
    preprocessing: Literal["none", "gcn"] = "none"
    """Whether both nets live in the space of contrast-normalised images (`gan_repro.models.gan.contrast`)."""
    image_shape: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """(height, width, channels), the pixels row by row and the channels last; needed by convolutions."""
    deconvolution: Deconvolution | None = None
    """G's last layer in place of the fully connected one."""
    discriminator_convolutions: tuple[Convolution, ...] = ()
    """Layers of D before `discriminator_hidden`."""
    learning_rate: float = Field(0.1, gt=0)
    learning_rate_decay: float = Field(1.000004, ge=1)
    """The rate is divided by this after every update."""
    learning_rate_floor: float = Field(1e-6, ge=0)
    momentum: float = Field(0.5, ge=0, lt=1)
    """In the first epoch."""
    final_momentum: float = Field(0.7, ge=0, lt=1)
    momentum_epochs: int = Field(250, ge=2)
    """The epoch in which the final momentum is reached, linearly from epoch 1."""
    update: Literal["simultaneous", "alternating"] = "simultaneous"
    discriminator_steps: int = Field(1, ge=1)
    """k of Algorithm 1; more than 1 only with alternating updates."""
    generator_loss: Literal["non-saturating", "saturating"] = "non-saturating"

    @model_validator(mode="after")
    def _steps_need_alternation(self) -> GANConfig:
        if self.update == "simultaneous" and self.discriminator_steps != 1:
            raise ValueError("discriminator_steps other than 1 needs update='alternating'")
        return self

    @model_validator(mode="after")
    def _front_fits(self) -> GANConfig:
        if bool(self.front) != (self.front_epoch is not None):
            raise ValueError("front and front_epoch belong together; give both or neither")
        if self.front and self.front[-1].units != self.noise_dimension:
            raise ValueError(
                f"the front ends in {self.front[-1].units} units, but the layer behind it takes "
                f"{self.noise_dimension} (noise_dimension)"
            )
        return self

    @model_validator(mode="after")
    def _output_fits(self) -> GANConfig:
        if self.output_nonzero is not None and self.output_range is not None:
            raise ValueError("output_nonzero and output_range exclude each other")
        if self.preprocessing == "gcn" and self.output_activation != "linear":
            raise ValueError("preprocessing='gcn' leaves [0, 1] and needs output_activation='linear'")
        return self

    @model_validator(mode="after")
    def _convolutions_fit(self) -> GANConfig:
        top = self.deconvolution
        if top is None and not self.discriminator_convolutions:
            return self
        if self.image_shape is None:
            raise ValueError("convolutions need image_shape=(height, width, channels)")
        if self.max_column_norm is not None:
            raise ValueError("max_column_norm is not defined for convolutions; leave it None")
        if top is None:
            return self
        if self.output_activation != "linear" or self.output_nonzero is not None:
            raise ValueError("a deconvolution needs output_activation='linear' and no output_nonzero")
        side = top.stride * (top.size - 1) + top.kernel
        if self.image_shape[:2] != (side, side):
            raise ValueError(f"the deconvolution makes {side} x {side} pixels, not {self.image_shape[:2]}")
        needed = top.size**2 * top.channels
        if self.output_inputs != needed:
            raise ValueError(f"the deconvolution takes {needed} units; it is given {self.output_inputs}")
        return self

    def last_part_begins(self) -> int:
        """Return after how many epochs the front, if there is to be one, begins training."""
        return self.front_epoch or 0

    @property
    def output_inputs(self) -> int:
        """Units that G's last layer takes."""
        return self.generator_hidden[-1].units if self.generator_hidden else self.noise_dimension

    def shape_of(self, pixels: int) -> tuple[int, int, int]:
        """Return (height, width, channels) of images of so many pixels; without `image_shape` a row of grey.

        Raises:
            ValueError: `image_shape` has another number of them.
        """
        shape = self.image_shape or (1, pixels, 1)
        if prod(shape) != pixels:
            raise ValueError(
                f"image_shape {shape} makes {prod(shape)} pixels, but the training images have {pixels}"
            )
        return shape
