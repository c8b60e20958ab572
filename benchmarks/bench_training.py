"""A training step: against its own matrix products, against plain PyTorch, and many seeds at once.

What imports torch is imported where it is used: asv starts a process for each number, most of which only pick
one that was measured before.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from benchmarks.common import (
    MODELS,
    ONLY_TESTED,
    PLACES,
    STATISTICS,
    Seconds,
    as_in_fit,
    at_each,
    cut,
    images,
    in_turn,
    model_at_work,
    pick,
    ratios,
    summary,
    use,
)

PLAIN = ["plain", "plain, D frozen in G's step", "plain, compiled"]
STEPS = {"gan": 10, "dbn": 10, "cae": 10, "gsn": 3}
"""In a turn; one of the GSN lasts as long as ten of the others."""


class AgainstProducts:
    """Batches of 100 MNIST images at the reference's sizes. Limits: 1.15 on one thread, 1.25 on two."""

    version = "2"
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

    def track_milliseconds(self, measured: Any, model: str, place: str, statistic: str) -> float:
        return 1e3 * summary(self.seconds["ours"], statistic)

    track_milliseconds.unit = "ms"  # type: ignore[attr-defined]

    def track_speedup_by_onednn(self, measured: Any, model: str, place: str, statistic: str) -> float:
        return speedup(self.seconds, "onednn", statistic)

    track_speedup_by_onednn.unit = "times faster"  # type: ignore[attr-defined]

    def track_speedup_by_bfloat16(self, measured: Any, model: str, place: str, statistic: str) -> float:
        return speedup(self.seconds, "bfloat16", statistic)

    track_speedup_by_bfloat16.unit = "times faster"  # type: ignore[attr-defined]


def speedup(seconds: Seconds, rival: str, statistic: str) -> float:
    """How many times faster a rival is than ours; not a number where it cannot be had.

    The other numbers of the class can, so that nothing is to be skipped in `setup`.
    """
    if rival not in seconds:
        return float("nan")
    return summary(ratios(seconds, "ours", rival), statistic, worst=min)


def measure(name: str, device: str) -> Seconds:
    """A model's step, its bare products, and the step with products by oneDNN or in bfloat16, in turn."""
    from benchmarks.products import bare, of_step
    from gan_repro.models import precision, products
    from gan_repro.models.precision import products_in
    from gan_repro.models.products import products_by

    model, batch = model_at_work(name, device)
    rivals = {"ours": lambda: model.train_batch(batch), "products": bare(of_step(model, batch), device)}

    def by_onednn() -> None:
        with products_by("onednn"):
            model.train_batch(batch)

    def in_bfloat16() -> None:
        with products_in("bfloat16"):
            model.train_batch(batch)

    with suppress(ValueError):  # not on a card, nor where it rounds factors
        products.require("onednn", device)
        rivals["onednn"] = by_onednn
    with suppress(ValueError):  # not where there are no instructions for it
        precision.require("bfloat16", device)
        rivals["bfloat16"] = in_bfloat16
    with as_in_fit():
        return in_turn(rivals, device, calls=STEPS[name])


class AgainstPlainPyTorch:
    """How many times faster a GAN step is than alternating PyTorch with torch.optim. Limit: at least 1.5."""

    version = "2"
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
            how = {"freeze": "frozen" in peer, "compiled": "compiled" in peer}
            try:
                plain = PlainGAN(model.config, batch.shape[1], device, **how)
                plain.step(batch)
            except NotImplementedError as reason:
                print(f"{peer} is left out: {reason}")
                continue
            rivals[peer] = lambda plain=plain: plain.step(batch)
        with as_in_fit():
            return in_turn(rivals, device, calls=STEPS["gan"])

    def setup(self, measured: dict[str, Seconds], peer: str, place: str, statistic: str) -> None:
        self.seconds = pick(measured, place)
        pick(self.seconds, peer)

    def track_speedup(self, measured: dict[str, Seconds], peer: str, place: str, statistic: str) -> float:
        return summary(ratios(self.seconds, peer, "ours"), statistic, worst=min)

    track_speedup.unit = "times faster"  # type: ignore[attr-defined]


class Seeds:
    """Several seeds of the GAN, 20 updates each: one thread a seed, as many at once as there are cores."""

    version = "2"
    params = [[1, 2, 4]]
    param_names = ["seeds"]
    timeout = 300

    def setup(self, seeds: int) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        import torch  # noqa: F401  once, and not in every worker

        self.batch = images(100)
        workers = min(seeds, os.cpu_count() or 1)
        # Forked before torch has any threads: what asv imported cannot be imported again by a fresh process.
        self.pool = ProcessPoolExecutor(workers, mp_context=get_context("fork"))
        self.time_training(seeds)

    def time_training(self, seeds: int) -> None:
        list(self.pool.map(train, range(seeds), [self.batch] * seeds))

    def teardown(self, seeds: int) -> None:
        if hasattr(self, "pool"):
            self.pool.shutdown()


def train(seed: int, rows: Any) -> None:
    """Twenty updates of one seed on a batch of images (n, d), a NumPy array."""
    import torch

    from gan_repro import models

    device = use("cpu-1-thread")
    settings = {"generator_hidden": [{"units": 16}], "discriminator_hidden": [8]} if ONLY_TESTED else {}
    batch = torch.from_numpy(rows).to(device)
    models.get("gan", seed=seed, epochs=cut(20, 1), batch_size=len(batch), **settings).fit(batch)
