from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from gan_repro.data.dataset import Pixels
from gan_repro.data.faces.resize import centre_square, resize


def by_fractions(pixels: Pixels, side: int) -> Pixels:
    """The mean over each new pixel, overlap by overlap, in exact arithmetic."""
    height, width = pixels.shape
    result = np.empty((side, side), np.uint8)

    def cover(old: int, index: int) -> list[tuple[int, Fraction]]:
        start, end = Fraction(index * old, side), Fraction((index + 1) * old, side)
        return [(p, min(end, p + 1) - max(start, p)) for p in range(int(start), -int(-end // 1))]

    for i in range(side):
        for j in range(side):
            rows, columns = cover(height, i), cover(width, j)
            total = sum(int(pixels[y, x]) * a * b for y, a in rows for x, b in columns)
            result[i, j] = int(total * side * side / (height * width) + Fraction(1, 2))
    return result


@pytest.mark.parametrize("shape", [(5, 7), (8, 8), (13, 9), (3, 2), (24, 24)])
def test_against_exact_fractions(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(resize(pixels, 8), by_fractions(pixels, 8))


def test_a_stack_is_resized_by_image_and_the_same_size_is_kept() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    np.testing.assert_array_equal(resize(pixels, 48), pixels)
    np.testing.assert_array_equal(resize(pixels, 7), [resize(image, 7) for image in pixels])


def test_a_constant_image_stays_constant_and_halves_go_up() -> None:
    assert (resize(np.full((112, 92), 255, np.uint8), 48) == 255).all()
    assert resize(np.array([[0, 1], [1, 0]], np.uint8), 1) == 1
    assert resize(np.array([[0, 1], [0, 0]], np.uint8), 1) == 0


def test_the_middle_square() -> None:
    pixels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    np.testing.assert_array_equal(centre_square(pixels), pixels[:, 1:4])
    np.testing.assert_array_equal(centre_square(pixels.T), pixels.T[1:4])
    assert centre_square(np.zeros((2, 7, 4), np.uint8)).shape == (2, 4, 4)
