"""A training step: against its own matrix products, against plain PyTorch, and many seeds at once."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.common import (
    MODELS,
    PLACES,
    STATISTICS,
    Seconds,
    at_each,
    cut,
    finish,
    in_turn,
    model_at_work,
    pick,
    ratios,
    summary,
    use,
)

PLAIN = ["plain", "plain, D frozen in G's step"]
STEPS = 10


class AgainstProducts:
    """Batches of 100 MNIST images at the reference's sizes. Limits: 1.25 for the GAN, 1.5 for the others."""

    version = "1"
    params = [MODELS, PLACES, STATISTICS]
    param_names = ["model", "place", "statistic"]
    timeout = 900

    def setup_cache(self) -> dict[tuple[str, str], Seconds]:
        return {
            (model, place): seconds
            for model in MODELS
            for place, seconds in at_each(PLACES, lambda device, model=model: measure(model, device)).items()
        }

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    def setup(self, measured: Any, model: str, place: str, statistic: str) -> None:
        self.seconds = pick(measured, (model, place))

    def track_ratio_to_products(self, measured: Any, model: str, place: str, statistic: str) -> float:
        return summary(ratios(self.seconds, "ours", "products"), statistic)

    track_ratio_to_products.unit = "times the products"  # type: ignore[attr-defined]


def measure(name: str, device: str) -> Seconds:
    """A model's step and its bare products, in turn."""
    from benchmarks.products import bare, of_step

    model, batch = model_at_work(name, device)
    rivals = {"ours": lambda: model.train_batch(batch), "products": bare(of_step(model, batch), device)}
    return in_turn(rivals, device, calls=STEPS)


class AgainstPlainPyTorch:
    """How many times faster a GAN step is than alternating PyTorch with torch.optim. Limit: at least 1.5."""

    version = "1"
    params = [PLAIN, PLACES, STATISTICS]
    param_names = ["peer", "place", "statistic"]
    timeout = 900

    def setup_cache(self) -> dict[str, Seconds]:
        return at_each(PLACES, self.measure)

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    @staticmethod
    def measure(device: str) -> Seconds:
        from benchmarks.plain_gan import PlainGAN

        model, batch = model_at_work("gan", device)
        rivals = {"ours": lambda: model.train_batch(batch)}
        for peer in PLAIN:
            plain = PlainGAN(model.config, batch.shape[1], device, freeze=peer != "plain")
            rivals[peer] = lambda plain=plain: plain.step(batch)
        return in_turn(rivals, device, calls=STEPS)

    def setup(self, measured: dict[str, Seconds], peer: str, place: str, statistic: str) -> None:
        self.seconds = pick(measured, place)

    def track_speedup(self, measured: dict[str, Seconds], peer: str, place: str, statistic: str) -> float:
        return summary(ratios(self.seconds, peer, "ours"), statistic, worst=min)

    track_speedup.unit = "times faster"  # type: ignore[attr-defined]


class Step:
    """One update on a batch of 100, as `fit` makes it."""

    version = "1"
    params = [MODELS, PLACES]
    param_names = ["model", "place"]
    timeout = 300

    def setup(self, model: str, place: str) -> None:
        self.device = use(place)
        self.model, self.batch = model_at_work(model, self.device)
        self.time_update(model, place)

    def time_update(self, model: str, place: str) -> None:
        self.model.train_batch(self.batch)
        finish(self.device)


class Seeds:
    """Several seeds of the GAN, 20 updates each: one thread a seed, as many at once as there are cores."""

    version = "1"
    params = [[1, 2, 4]]
    param_names = ["seeds"]
    timeout = 300

    def setup(self, seeds: int) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        import torch  # noqa: F401  once, and not in every worker

        workers = min(seeds, os.cpu_count() or 1)
        # Forked before torch has any threads: what asv imported cannot be imported again by a fresh process.
        self.pool = ProcessPoolExecutor(workers, mp_context=get_context("fork"))
        self.time_training(seeds)

    def time_training(self, seeds: int) -> None:
        list(self.pool.map(train, range(seeds)))

    def teardown(self, seeds: int) -> None:
        if hasattr(self, "pool"):
            self.pool.shutdown()


def train(seed: int) -> None:
    """Twenty updates of one seed."""
    device = use("cpu-1-thread")
    model, batch = model_at_work("gan", device)
    for _ in range(cut(20, 1)):
        model.train_batch(batch)
