"""The spread of images, and the threshold below which a net has collapsed."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

import gan_repro
from gan_repro.stats.spread import COLLAPSED_BELOW, spread


def test_it_is_the_root_of_the_mean_variance_of_a_pixel():
    images = np.random.default_rng(0).random((9000, 7)).astype(np.float32)
    assert spread(images) == pytest.approx(np.sqrt(images.astype(float).var(axis=0).mean()), rel=1e-12)


def test_a_tensor_has_the_spread_of_its_array():
    images = np.random.default_rng(0).random((9000, 7)).astype(np.float32)
    assert spread(torch.from_numpy(images)) == spread(images)


def test_images_that_are_all_alike_have_none():
    assert spread(np.full((5000, 784), 0.3, np.float32)) < 1e-8
    assert spread(np.ones((1, 3))) == 0


def test_two_groups_have_half_their_distance_as_spread():
    images = np.repeat([[0.0], [1.0]], 50, axis=0) * np.ones(4)
    assert spread(images) == pytest.approx(0.5)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="no images"):
        spread(np.empty((0, 3)))


def test_the_threshold_is_that_of_the_rules():
    rules = Path(gan_repro.__file__).parent / "verdicts" / "rules.toml"
    assert tomllib.loads(rules.read_text("utf-8"))["collapse"]["threshold"] == COLLAPSED_BELOW
