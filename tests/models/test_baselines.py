"""The rows without a model are what their names say."""

import numpy as np
import pytest

from gan_repro import models
from gan_repro.models.base import NotFittedError
from gan_repro.util.seeds import generator


def test_training_images_come_back_unchanged_and_without_repeats(digits):
    model = models.get("train-set").fit(digits.train)
    samples = model.sample(700, generator=generator(1)).numpy()
    train = {row.tobytes() for row in digits.train}
    drawn = [row.tobytes() for row in samples]
    assert set(drawn) <= train
    # Some of the digits' images may be equal; a draw with replacement would repeat about 200 of 700.
    assert len(set(drawn)) > 690


def test_more_than_there_are_is_refused(digits):
    model = models.get("train-set").fit(digits.train)
    with pytest.raises(ValueError, match="holds 1000 images and cannot give 1001"):
        model.sample(1001, generator=generator(1))


def test_centroids_are_a_fixed_point_of_their_clusters(digits):
    """After enough iterations every centroid is the mean of the training images nearest to it."""
    model = models.get("kmeans", n_clusters=8, max_iterations=300).fit(digits.train)
    centroids = model.sample(8, generator=generator(1)).numpy()
    distances = ((digits.train[:, None] - centroids[None]) ** 2).sum(-1)
    nearest = distances.argmin(1)
    means = np.stack([digits.train[nearest == k].mean(0) for k in range(8)])
    np.testing.assert_allclose(centroids, means, atol=1e-3)


def test_more_centroids_than_images_are_refused(digits):
    with pytest.raises(ValueError, match="n_samples"):
        models.get("kmeans", n_clusters=2000).fit(digits.train)


def test_the_gaussian_has_the_images_moments():
    images = np.random.default_rng(0).normal(0.5, 0.05, (2000, 3)).astype(np.float32)
    samples = models.get("gaussian").fit(images).sample(20_000, generator=generator(1)).numpy()
    np.testing.assert_allclose(samples.mean(0), images.mean(0), atol=0.002)
    np.testing.assert_allclose(samples.std(0), images.std(0), rtol=0.02)
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.03


@pytest.mark.parametrize("name", ["train-set", "kmeans", "gaussian"])
def test_samples_before_fit_are_refused(name):
    with pytest.raises(NotFittedError, match="call fit"):
        models.get(name).sample(1, generator=generator(1))
