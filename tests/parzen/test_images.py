"""The range of images is checked by the function as by the command: another unit has no score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gan_repro.parzen import evaluate
from gan_repro.parzen.images import check_images

IMAGES = np.random.default_rng(0).random((60, 20), dtype=np.float32)
PARTS = {"samples": IMAGES[:30], "valid": IMAGES[30:40], "test": IMAGES[40:]}


def scored(**changed: Any) -> float:
    return evaluate(**(PARTS | changed)).mean


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x * 255, r"samples: values run from .* to 25\d.*: divide by 255"),
        (lambda x: np.round(x * 255).astype(np.uint8), "divide by 255"),
        (lambda x: x * 2 - 1, r"this looks like -1 to 1, as tanh gives it: use \(x \+ 1\) / 2"),
        (lambda x: x * 1.1 - 0.05, "clip them"),
        (lambda x: x * 1e6, "rescale them"),
        (lambda x: np.where(x > 0.9, np.nan, x), "NaN or infinite"),
        (lambda x: np.where(x > 0.9, -np.inf, x), "NaN or infinite"),
    ],
)
def test_samples_in_another_unit_are_refused(change: Any, says: str, convert: Any) -> None:
    with pytest.raises(ValueError, match=says):
        scored(samples=convert(change(PARTS["samples"])))


def test_images_that_are_bytes_are_refused() -> None:
    pixels = {name: np.round(part * 255) for name, part in PARTS.items()}
    with pytest.raises(ValueError, match=r"valid: values run from .*divide by 255"):
        evaluate(**pixels)


def test_rounding_at_the_ends_is_not_an_error() -> None:
    assert np.isfinite(scored(samples=PARTS["samples"] * 1.0000005 - 2e-7))


def test_points_that_are_no_images_may_lie_anywhere() -> None:
    check_images(*(part * 7 - 3 for part in PARTS.values()))


@pytest.mark.filterwarnings("ignore::gan_repro.parzen.protocols.GridEdgeWarning")
def test_samples_too_large_to_be_scored_are_left_to_the_score() -> None:
    """A model that diverged is a trial's outcome, and no mistake in its units."""
    assert not np.isfinite(scored(samples=np.full((30, 20), 3e38, np.float32)))
