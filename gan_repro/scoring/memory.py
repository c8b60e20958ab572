"""Samples in memory or as they are drawn: arrays, tensors, batches, and functions that draw n."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gan_repro.scoring.container import Candidate, Container
from gan_repro.scoring.layout import Array, expected, fits, shapes
from gan_repro.scoring.readers.torch_files import candidate_of

WHERE = "x"
"""What messages call an argument."""


@dataclass(frozen=True)
class Stream:
    """Batches of samples, of which as many are taken as are wanted: a DataLoader, an iterator, a function."""

    kind: str
    batches: Callable[[int], Iterable[Any]]
    """Gives batches that hold n samples or more; they are asked for one at a time."""
    exact: bool = False
    """Whether it was told how many to draw, so that any other number is a mistake."""
    where: str = WHERE
    sha256: None = None
    passed_over: str = ""

    def take(self, image_shape: tuple[int, ...], key: str | None, n: int) -> tuple[Array, str]:
        """Draw n samples, or as many as there are; see `Container.take`.

        Raises:
            ValueError: a batch is no samples of this data set, or unlike those before it.
        """
        taken: list[Array] = []
        name, total = "", 0
        for number, batch in enumerate(self.batches(n)):
            container = Container(f"{WHERE}, batch {number}", "batch", _members(batch, number, image_shape))
            array, name = container.take(image_shape, key, n)
            if taken and (array.shape[1:], array.dtype) != (taken[0].shape[1:], taken[0].dtype):
                raise ValueError(
                    f"{WHERE}, batch {number}: holds {array.dtype} samples of shape {array.shape[1:]}, those "
                    f"before {taken[0].dtype} ones of {taken[0].shape[1:]}; give all batches alike"
                )
            taken.append(np.array(array))  # a loader may use the memory of a batch again
            total += len(array)
            if total >= n and not self.exact:
                break
        if not taken:
            raise ValueError(f"{WHERE}: gave no batch of samples; an iterator that was used up gives none")
        if self.exact and total != n:
            raise ValueError(
                f"{WHERE}: asked for {n:,} samples it gave {total:,}; give an iterator of batches if it "
                "draws only so many at a time"
            )
        return np.concatenate(taken)[:n], name

    def confirm(self) -> None:
        """Do nothing: what was drawn cannot change."""


def open_object(x: Any) -> Container | Stream:
    """Take anything but a path: an array or what can be one, a tensor, batches, or a function of n.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(x, torch.Tensor):
        return Container(WHERE, "tensor", {"": candidate_of(x, WHERE)}, noun="tensor")
    if hasattr(x, "__array__"):
        array = np.asarray(x)
        return Container(WHERE, "array", {"": candidate_of(array, WHERE)})
    if isinstance(x, Mapping):
        arrays = {str(key): _as_candidate(value) for key, value in x.items()}
        return Container(WHERE, "dict", {key: found for key, found in arrays.items() if found is not None})
    if isinstance(x, Iterable) and not isinstance(x, str | bytes | bytearray):
        return Stream("batches", lambda n: x)
    if callable(x):
        return Stream("function", lambda n: [x(n)], exact=True)
    raise ValueError(
        f"{WHERE}: a {type(x).__name__} is no samples; give a path, an array, a tensor, a DataLoader, an "
        "iterator of batches, or a function that draws n"
    )


def _members(batch: Any, number: int, image_shape: tuple[int, ...]) -> dict[str, Candidate]:
    """The arrays in a batch, by key or by place: a loader gives images with their labels."""
    if isinstance(batch, Mapping):
        named: Iterator[tuple[str, Any]] = ((str(key), value) for key, value in batch.items())
    elif isinstance(batch, list | tuple):
        named = ((str(place), value) for place, value in enumerate(batch))
    else:
        named = iter([("", batch)])
    found = {name: candidate for name, value in named if (candidate := _as_candidate(value)) is not None}
    if not found:
        raise ValueError(
            f"{WHERE}, batch {number}: a {type(batch).__name__} without an array or tensor; give batches of "
            f"samples of shape {expected(image_shape)}"
        )
    for candidate in found.values():
        if (
            len(found) == 1
            and candidate.shape in shapes(image_shape)
            and not fits(candidate.shape, image_shape)
        ):
            raise ValueError(
                f"{WHERE}, batch {number}: shape {candidate.shape} is that of one sample; give batches "
                f"{expected(image_shape)}, which numpy.stack and torch.stack make"
            )
    return found


def _as_candidate(value: Any) -> Candidate | None:
    if isinstance(value, torch.Tensor):
        return candidate_of(value, WHERE)
    return candidate_of(np.asarray(value), WHERE) if hasattr(value, "__array__") else None
