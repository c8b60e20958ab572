"""Baselines, which tell what a score is worth: no net is trained, only the training images are used.

- ``train-set``: random training images stand in for samples. What a perfect memory would score; Theis, van
  den Oord and Bethge (2016) compare models with such a row.
- ``kmeans``: the centroids of k-means. Theis et al. show that they can beat samples of the true distribution.
- ``gaussian``: an independent Gaussian for each pixel. The floor.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro.models.base import Model, ModelConfig, NotFittedError
from gan_repro.models.tensors import as_training_images
from gan_repro.util.seeds import derive_seed


class Baseline(Model):
    """A model without a training loop: it keeps the training images, and draws from them."""

    _images: Tensor | None = None

    def fit(self, train: np.ndarray | Tensor) -> Self:
        """Keep the training images (n, d) in [0, 1].

        Raises:
            ValueError: `train` is not such a matrix.
        """
        self._images = as_training_images(train).to(self.device, self.dtype)
        return self

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw n of the kept images, (n, d), without replacement.

        Raises:
            NotFittedError: before `fit`.
            ValueError: there are fewer than n.
        """
        images = self.fitted()
        if n > len(images):
            raise ValueError(f"{self.name} holds {len(images)} images and cannot give {n} without repeating")
        rows = torch.randperm(len(images), generator=generator, device=generator.device)[:n]
        return images[rows.to(self.device)]

    def fitted(self) -> Tensor:
        """Return the kept images (n, d).

        Raises:
            NotFittedError: before `fit`.
        """
        if self._images is None:
            raise NotFittedError(f"{self.name} has not been fitted; call fit(train) before sample(n)")
        return self._images


class TrainSet(Baseline):
    """Random training images as samples."""

    name: ClassVar[str] = "train-set"


class KMeansConfig(ModelConfig):
    """How many centroids, and how long Lloyd's algorithm runs."""

    n_clusters: int = Field(10_000, ge=1)
    max_iterations: int = Field(10, ge=1)


class KMeans(Baseline):
    """Centroids of scikit-learn's k-means, started from random training images."""

    name: ClassVar[str] = "kmeans"
    Config = KMeansConfig
    config: KMeansConfig
    tiny: ClassVar = {"n_clusters": 40, "max_iterations": 3}

    def fit(self, train: np.ndarray | Tensor) -> Self:
        """Find the centroids of the training images (n, d) in [0, 1].

        Raises:
            ValueError: `train` is not such a matrix, or has fewer rows than centroids are asked for.
        """
        import warnings

        from sklearn.cluster import KMeans as Lloyd
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits

        images = as_training_images(train)
        lloyd = Lloyd(
            self.config.n_clusters,
            init="random",
            n_init=1,
            max_iter=self.config.max_iterations,
            random_state=derive_seed(self.seed, self.name) % 2**32,
        )
        # Lloyd's sums are split among threads, and other splits give other last bits.
        with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads()):
            # Stopping after max_iterations is the setting, not an accident.
            warnings.simplefilter("ignore", ConvergenceWarning)
            lloyd.fit(np.asarray(images.cpu(), dtype=np.float32))
        centroids = np.clip(lloyd.cluster_centers_, 0, 1)
        self._images = torch.from_numpy(centroids).to(self.device, self.dtype)
        return self


class PixelGaussian(Baseline):
    """An independent Gaussian for each pixel, clipped to [0, 1]."""

    name: ClassVar[str] = "gaussian"

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw n independent samples, (n, d).

        Raises:
            NotFittedError: before `fit`.
        """
        images = self.fitted()
        mean, deviation = images.mean(dim=0), images.std(dim=0, correction=0)
        noise = torch.empty((n, images.shape[1]), device=generator.device, dtype=self.dtype)
        noise = noise.normal_(generator=generator).to(self.device)
        return noise.mul_(deviation).add_(mean).clamp_(0, 1)
