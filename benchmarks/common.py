"""What the benchmarks share: where they compute, on which images, and how rivals are timed in turn.

Lists of parameters are append-only: asv tells results apart by their place in them. What is not here (a
card, a second core, the images, an optional peer) is skipped in `setup`, never left out of the parameters.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeVar

Measured = TypeVar("Measured")
Seconds = dict[str, list[float]]
"""By rival, the seconds of each repetition; the same place in two lists is the same moment."""

REPETITIONS = 7
PLACES = ["cpu-1-thread", "cpu-2-threads", "cuda"]
BEST_PLACES = ["cpu-2-threads", "cuda"]
STATISTICS = ["median", "worst"]
MODELS = ["gan", "dbn", "cae", "gsn"]

_EPOCHS = 10
ONLY_TESTED = bool(os.environ.get("GAN_REPRO_BENCHMARKS_ONLY_TESTED"))
"""Whether everything is cut to next to nothing, so that a test can execute every benchmark in seconds."""


def cut(size: int, tiny: int = 24) -> int:
    """A size, or next to nothing where benchmarks are only tested."""
    return min(size, tiny) if ONLY_TESTED else size


def use(place: str) -> str:
    """Compute at one of `PLACES` from now on, with a trial's determinism flags; torch's name of the device.

    Raises:
        NotImplementedError: it is not on this machine; asv skips a benchmark that raises this in `setup`.
    """
    import torch

    from gan_repro.util.device import prepare

    if place == "cuda":
        if not torch.cuda.is_available():
            raise NotImplementedError("torch finds no CUDA device here")
        prepare("cuda", 1)
        return "cuda"
    threads = int(place.split("-")[1])
    if threads > (os.cpu_count() or 1) and not ONLY_TESTED:
        raise NotImplementedError(f"{threads} threads are more than the cores of this machine")
    prepare("cpu", cut(threads, 1))
    return "cpu"


def at_each(places: Sequence[str], measure: Callable[[str], Measured]) -> dict[str, Measured]:
    """What `measure(device)` finds at each place that is here: for `setup_cache`, which must not fail."""
    found = {}
    for place in places:
        with suppress(NotImplementedError):
            found[place] = measure(use(place))
    return found


def pick(measured: Mapping[Any, Measured], key: Any) -> Measured:
    """What was measured for a key; what could not be is skipped."""
    if key not in measured:
        raise NotImplementedError(f"{key} could not be measured on this machine")
    return measured[key]


def finish(device: str) -> None:
    """Wait until the device has done all that it was given."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def in_turn(
    rivals: Mapping[str, Callable[[], object]], device: str, *, calls: int = 1, repetitions: int = REPETITIONS
) -> Seconds:
    """Time rivals one after the other, again and again, so that a busy moment meets them all.

    Each repetition makes `calls` calls and counts the seconds of one; the first repetition is not counted.
    """
    seconds: Seconds = {name: [] for name in rivals}
    calls, repetitions = cut(calls, 1), cut(repetitions, 2)
    for repetition in range(repetitions + 1):
        for name, rival in rivals.items():
            finish(device)
            start = time.perf_counter()
            for _ in range(calls):
                rival()
            finish(device)
            if repetition:
                seconds[name].append((time.perf_counter() - start) / calls)
    return seconds


def ratios(seconds: Seconds, over: str, under: str) -> list[float]:
    """How many times the time of one rival another took, repetition by repetition."""
    return [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]


def summary(values: Sequence[float], statistic: str, *, worst: Callable[..., float] = max) -> float:
    """The median of some values, or the worst of them."""
    return float(statistics.median(values) if statistic == "median" else worst(values))


def images(n: int, part: str = "train") -> Any:
    """N images of MNIST (n, 784), float32, from the first; once through, from the first again.

    Which terms of a density matter depends on the data, so that noise would not do. Where benchmarks are
    only tested they are scikit-learn's digits (n, 64), which need no download.

    Raises:
        NotImplementedError: the images are neither here nor to be had.
    """
    import numpy as np

    rows = getattr(_dataset(), part)
    return np.ascontiguousarray(rows[np.arange(cut(n, 200)) % len(rows)])


@cache
def _dataset() -> Any:
    from gan_repro import data

    try:
        return data.load("digits" if ONLY_TESTED else "mnist")
    except data.DataUnavailable as error:
        raise NotImplementedError(str(error)) from error


def against_products(device: str, n: int, repetitions: int = REPETITIONS) -> Seconds:
    """Time the authors' protocol on n samples, and the products of its sizes, at most 10,000 columns wide."""
    import torch

    from gan_repro.parzen import evaluate

    samples = torch.from_numpy(images(n)).to(device)
    valid, test = (torch.from_numpy(images(10_000, part)).to(device) for part in ("valid", "test"))
    blocks = samples.split(10_000)
    products = torch.empty(len(test), len(blocks[0]), device=device)
    few = valid[:1000]

    def multiply() -> None:
        for block in blocks:
            for points in (few, test):
                torch.mm(points, block.T, out=products[: len(points), : len(block)])

    rivals = {"ours": lambda: evaluate(samples, valid, test), "products": multiply}
    return in_turn(rivals, device, repetitions=repetitions)


@contextmanager
def as_in_fit() -> Iterator[None]:
    """The state that `fit` puts a process in: denormals are zero, and the heap is kept."""
    from gan_repro.models.denormals import flushed_denormals
    from gan_repro.models.heap import kept_heap

    with flushed_denormals(), kept_heap():
        yield


class _StopAfter:
    """An observer that ends a fit after so many epochs, in the middle of the schedules."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def after_batch(self, model: Any) -> None:
        """Nothing."""

    def after_epoch(self, model: Any, log: Any) -> bool:
        """Whether it is time."""
        return bool(log.epoch >= self.epochs)


@cache
def model_at_work(name: str, device: str) -> tuple[Any, Any]:
    """A model that has trained for ten epochs at the reference's sizes, and a batch (100, d).

    It is trained once for all numbers of threads, and goes on from where the last user left it.

    An untrained net is no measure: velocities of inputs that are always black have not become denormal
    numbers yet, which some processors take a hundred times as long to multiply. Ten epochs of 2,000 images
    bring them about. Of a stack it is the bottom layer that is in training.
    """
    import torch

    from gan_repro import models
    from gan_repro.trials.presets import get_preset

    smaller = get_preset("smoke").cut(name, "mnist").settings if ONLY_TESTED else {}
    train = torch.from_numpy(images(2_000)).to(device)
    size = min(100, len(train))
    model = models.get(name, **{**smaller, "epochs": 2 * _EPOCHS, "batch_size": size}, device=device)
    model.fit(train, observer=_StopAfter(_EPOCHS))
    model.epoch = _EPOCHS - 1  # the last in which the bottom layer of a stack of two trains
    return model, train[:size]
