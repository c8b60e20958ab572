"""Global contrast normalisation of images, and a way back for pictures.

An image x (d,) in [0, 1] with mean m becomes g = (x - m) / c, where its contrast c = |x - m| / 55 is the
length that is left, over 55: every g has length 55 and mean 0. An image without contrast (c below 1e-8)
keeps c = 1. That is pylearn2's `global_contrast_normalize` with scale=55 and its other defaults, as the
CIFAR-10 files of the adversarial nets ask for.

The way back is ours: m and c are lost, so all images get the averages of m and of c over the training images.
"""

from __future__ import annotations

import torch
from torch import Tensor

LENGTH = 55.0
_SMALLEST = 1e-8
_ROWS_AT_A_TIME = 4096


class ContrastNormalization:
    """The normalisation, with the averages that its inverse needs.

    Args:
        train: images (n, d) over which they are taken.
    """

    def __init__(self, train: Tensor) -> None:
        means, contrasts = zip(
            *(_mean_and_contrast(rows) for rows in train.split(_ROWS_AT_A_TIME)), strict=True
        )
        self.mean = torch.cat(means).mean().to(train.dtype)
        self.contrast = torch.cat(contrasts).mean().to(train.dtype)

    def normalize(self, images: Tensor) -> Tensor:
        """Normalise images (n, d) in [0, 1], each by itself."""
        mean, contrast = _mean_and_contrast(images)
        return ((images - mean) / contrast).to(images.dtype)

    def invert(self, normalized: Tensor) -> Tensor:
        """Return images (n, d) of average brightness and contrast, clipped to [0, 1]."""
        return (normalized * self.contrast).add_(self.mean).clamp_(0, 1)


def _mean_and_contrast(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return m and c of each image, (n, 1) in float64."""
    # In float32 the rounding of m would pass for the contrast of an image that has none.
    images = images.double()
    mean = images.mean(dim=1, keepdim=True)
    contrast = (images - mean).norm(dim=1, keepdim=True) / LENGTH
    return mean, torch.where(contrast < _SMALLEST, 1, contrast)
