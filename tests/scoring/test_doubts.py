"""Colour layouts, and samples that are legal and surely not what was meant: they are scored, with a word."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gan_repro
from gan_repro import data
from tests.scoring.helpers import made_up, prepared

SHAPE = (16, 16, 3)
COLOUR = made_up(SHAPE)
RANDOM = np.random.default_rng(3)


def smooth(n: int, grey: bool = False) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Images (n, 16, 16, 3) of waves, of which each channel has its own; or, grey, all the same."""
    down, across = np.mgrid[0:16, 0:16] / 16
    waves = RANDOM.uniform(-6, 6, (3, n, 1, 1, 1 if grey else 3))
    phase = waves[0] * down[..., None] + waves[1] * across[..., None] + waves[2]
    return np.broadcast_to((np.sin(phase) + 1) / 2, (n, *SHAPE)).astype(np.float32)


def planes(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(np.moveaxis(images, -1, 1))


def doubts(x: Any, dataset: Any = COLOUR, **options: Any) -> tuple[str, ...]:
    return prepared(x, dataset, **options).doubts


@pytest.mark.parametrize("grey", [False, True])
def test_flat_planes_of_colour_are_noticed(grey: bool) -> None:
    images = smooth(200, grey)
    (doubt,) = doubts(planes(images).reshape(200, -1))
    assert "look like planes of red, green and blue" in doubt
    assert "--layout channels-first" in doubt
    assert doubts(images.reshape(200, -1)) == ()
    assert doubts(images) == doubts(planes(images)) == ()


def test_noise_is_not_taken_for_planes() -> None:
    assert doubts(RANDOM.random((200, 768), dtype=np.float32)) == ()


def test_the_layout_that_is_said_is_the_one_that_is_read() -> None:
    images = smooth(200)
    expected = images.reshape(200, -1)
    flat = prepared(planes(images).reshape(200, -1), COLOUR, layout="channels-first")
    assert np.array_equal(flat.rows, expected)
    assert flat.doubts == ()
    assert flat.facts.layout == "channels-first"
    for name in ("channels_first", "NCHW", "chw"):
        assert np.array_equal(prepared(planes(images), COLOUR, layout=name).rows, expected)
    assert doubts(planes(images).reshape(200, -1), layout="channels-last") == ()
    with pytest.raises(ValueError, match="are channels-first; leave the layout out"):
        doubts(planes(images), layout="channels-last")


def test_values_far_below_one_are_noticed(digits: data.Dataset) -> None:
    assert "the largest value is 0.003922, far below 1" in doubts(digits.train / 255, digits)[0]
    assert "the largest value is 0.06275, far below 1" in doubts(digits.train_pixels, digits)[0]
    assert doubts(digits.train, digits) == doubts(digits.train_pixels, digits, value_range=(0, 16)) == ()


def test_equal_samples_are_noticed(digits: data.Dataset) -> None:
    assert doubts(np.repeat(digits.train[:1], 200, axis=0), digits) == ("all 200 samples are equal",)
    assert "only 10 of 200 samples are distinct" in doubts(np.tile(digits.train[:10], (20, 1)), digits)[0]
    assert doubts(np.tile(digits.train[:150], (2, 1))[:290], digits) == ()


@pytest.mark.parametrize(
    ("turn", "exchanged"),
    [
        (lambda images: 1 - images, "black and white"),
        (lambda images: images.swapaxes(1, 2), "rows and columns"),
        (lambda images: images[:, ::-1], "top and bottom"),
    ],
)
def test_images_that_are_turned_are_noticed(turn: Any, exchanged: str, digits: data.Dataset) -> None:
    images = digits.train.reshape(-1, 8, 8)
    assert exchanged in doubts(turn(images), digits)[0]
    assert doubts(images, digits) == doubts(images[:100], digits) == ()
    assert doubts(RANDOM.random((1000, 64)), digits) == ()


def test_a_doubt_is_warned_of_and_stands_in_the_report(digits: data.Dataset) -> None:
    with pytest.warns(gan_repro.SampleWarning, match="x: the largest value is 0.003922"):
        report = gan_repro.score(digits.train / 255, digits, "authors")
    assert len(report.warnings) == len(report.to_dict()["warnings"]) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gan_repro.score(digits.train, digits, "authors").warnings == ()


def test_cifar_images_with_channels_first_score_as_they_should(cifar10: data.Dataset) -> None:
    images = cifar10.train[:1000].reshape(-1, 32, 32, 3)
    assert doubts(images.reshape(1000, -1), cifar10) == doubts(planes(images), cifar10) == ()
    assert "look like planes" in doubts(planes(images).reshape(1000, -1), cifar10)[0]
    assert np.array_equal(prepared(planes(images), cifar10).rows, images.reshape(1000, -1))
