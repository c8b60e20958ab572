"""Samples that come without a file: arrays, batches, functions; and the sentence for what is none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from tests.scoring.helpers import made_up, prepared

DATASET = made_up((4, 5))
GOOD = np.random.default_rng(0).random((300, 20), dtype=np.float32)


def rows(x: Any, **options: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return prepared(x, DATASET, **options).rows


def test_batches_are_joined_in_their_order() -> None:
    assert np.array_equal(rows(np.split(GOOD, 3)), GOOD)
    assert np.array_equal(rows(iter(torch.from_numpy(GOOD).split(70))), GOOD)
    assert np.array_equal(rows([{"x": part, "y": np.zeros(len(part))} for part in np.split(GOOD, 3)]), GOOD)
    assert np.array_equal(rows([(np.zeros(100), part) for part in np.split(GOOD, 3)]), GOOD)


def test_no_more_batches_are_asked_for_than_needed() -> None:
    asked = []

    def endless() -> Iterator[np.ndarray[Any, Any]]:
        while True:
            asked.append(1)
            yield GOOD[:70]

    found = prepared(endless(), DATASET, n_samples=150)
    assert np.array_equal(found.rows, np.concatenate([GOOD[:70], GOOD[:70], GOOD[:10]]))
    assert len(asked) == 3


def test_a_loader_may_use_its_memory_again() -> None:
    def one_buffer() -> Iterator[np.ndarray[Any, Any]]:
        buffer = np.empty((100, 20), np.float32)
        for part in np.split(GOOD, 3):
            buffer[:] = part
            yield buffer

    assert np.array_equal(rows(one_buffer()), GOOD)


def test_a_function_is_asked_once_for_all() -> None:
    asked = []

    def draw(n: int) -> torch.Tensor:
        asked.append(n)
        return torch.from_numpy(GOOD[:n])

    assert np.array_equal(rows(draw, n_samples=200), GOOD[:200])
    assert asked == [200]
    with pytest.raises(ValueError, match=r"asked for 500 samples it gave 300; give an iterator"):
        rows(draw, n_samples=500)


def test_the_sample_method_of_scikit_learn_is_such_a_function() -> None:
    mixture = GaussianMixture(2, random_state=0).fit(GOOD / 10 + 0.45)
    assert rows(mixture.sample, n_samples=200).shape == (200, 20)


def test_what_is_scored_does_not_change_with_the_array() -> None:
    array = GOOD.copy()
    found = prepared(array, DATASET)
    array[:] = 0
    assert np.array_equal(found.rows, GOOD)


def test_of_too_many_so_many_are_drawn_at_random() -> None:
    """A file may be sorted by class, so that the first ones would not do."""
    found, again = (prepared(GOOD, DATASET, n_samples=200).rows for _ in range(2))
    assert np.array_equal(found, again)
    places = [int(np.flatnonzero((row == GOOD).all(axis=1))[0]) for row in found]
    assert len(set(places)) == 200
    assert max(places) > 250


def test_a_tensor_with_a_gradient_or_an_array_like() -> None:
    parameter = torch.nn.Parameter(torch.from_numpy(GOOD))
    assert np.array_equal(rows(parameter), GOOD)

    class ArrayLike:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
            return GOOD

    assert np.array_equal(rows(ArrayLike()), GOOD)
    assert np.array_equal(rows({"x": GOOD, "labels": np.zeros(300)}), GOOD)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (lambda: None, "x: a NoneType is no samples; give a path"),
    "a number": (lambda: 3, "int is no samples"),
    "bytes": (lambda: b"samples.npy", "bytes is no samples"),
    "an iterator that is used up": (lambda: iter(()), "gave no batch"),
    "batches of nothing": (lambda: [None], "batch 0: a NoneType without an array or tensor"),
    "rows of plain numbers": (lambda: GOOD.tolist(), "batch 0: a list without an array or tensor"),
    "single images": (lambda: list(GOOD), "batch 0: shape (20,) is that of one sample"),
    "single images with axes": (
        lambda: list(GOOD.reshape(-1, 4, 5)),
        "which numpy.stack and torch.stack make",
    ),
    "batches of another width": (lambda: [GOOD[:, :19]], "batch 0: the array has shape (300, 19)"),
    "batches that differ in type": (
        lambda: [GOOD[:100], (GOOD[:100] * 255).astype(np.uint8)],
        "batch 1: holds uint8 samples",
    ),
    "batches that differ in shape": (
        lambda: [GOOD[:100], GOOD[:100].reshape(100, 4, 5)],
        "of shape (4, 5), those before float32 ones of (20,)",
    ),
    "too few": (lambda: [GOOD[:50], GOOD[50:90]], "x: 90 samples are too few"),
    "two arrays in a batch": (
        lambda: [(GOOD, GOOD)],
        "2 arrays ('0', '1') that could be meant; name one with --key",
    ),
    "a sparse tensor": (lambda: torch.from_numpy(GOOD).to_sparse(), "to_dense()"),
    "a tensor without data": (lambda: torch.empty(300, 20, device="meta"), "device meta cannot be read"),
    "complex numbers": (lambda: torch.from_numpy(GOOD).to(torch.complex64), "of type complex64"),
    "a NaN": (lambda: np.where(GOOD > 0.99, np.nan, GOOD), "NaN or infinite values"),
    "text": (lambda: GOOD.astype(str), "of type <U32"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_what_is_no_samples_is_refused_in_one_sentence(case: tuple[Callable[[], Any], str]) -> None:
    make, says = case
    with pytest.raises(ValueError, match=r"^x[:,]") as refused:
        rows(make())
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n_samples": 99}, "n_samples=99 is not between 100"),
        ({"n_samples": 10**7}, "n_samples=10,000,000 is not between"),
        ({"n_samples": 150.5}, "n_samples=150.5 is not a whole number"),
        ({"value_range": (1, 0)}, "value_range: 1 to 0 is no range"),
        ({"value_range": (0, np.inf)}, "is no range"),
        ({"value_range": 255}, "give two numbers"),
        ({"value_range": ("black", "white")}, "give two numbers"),
        ({"layout": "planes"}, "no layout is called 'planes'; there are channels-last and channels-first"),
        ({"key": "samples"}, "holds one array, which has no name; leave the key 'samples' out"),
        ({"protocol": "author"}, "no protocol is called 'author'"),
        ({"protocol": ()}, "no protocol is named"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        rows(GOOD, **options)
