"""A trained DBN's log-probability of binarised images, bounded: the part of `true_likelihood` for DBNs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from gan_repro.experiments.base import Floats, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import Trained
from gan_repro.measures.boltzmann import base_bias, binarise, partition_function, variational_bound
from gan_repro.util.seeds import generator

_EXPERIMENT = "true-likelihood"
"""Part of the seeds, which must not change."""


@dataclass(frozen=True)
class DBNSettings:
    """How long, and with how many chains."""

    chains: int
    distributions: int
    draws: int
    """Of the hidden layers, for each image."""
    seed: int


def bound_dbn(
    trained: Trained,
    train: Floats,
    test: Floats,
    settings: DBNSettings,
    log: Callable[[str], None],
) -> tuple[Finding, Finding]:
    """Bound the log-probability of test images, drawn binary with their grey levels as probabilities.

    Args:
        trained: a DBN.
        train: images (m, d) whose codes give the RBM without weights its biases.
        test: images (n, d).
        settings: how long.
        log: told how far it is.

    Returns:
        The log partition function of the top RBM, and the bound's mean.
    """
    rbms = trained.model.rbms

    def random(part: str) -> torch.Generator:
        return generator(settings.seed, _EXPERIMENT, part, trained.record.spec.id)

    total, began = settings.distributions, time.monotonic()
    every = max(1, total // 10)

    def after_step(done: int) -> None:
        if done % every == 0:
            left = (time.monotonic() - began) / done * (total - done) / 60
            log(f"{_EXPERIMENT}: {trained.label}, {done} of {total} steps, {left:.0f} minutes left")

    codes = torch.from_numpy(binarise(train, random("train"))).to(trained.model.dtype)
    for layer in range(len(rbms) - 1):
        codes = trained.model.encode(layer, codes, random(f"codes {layer}"))
    z = partition_function(
        rbms[-1],
        base_bias(codes),
        chains=settings.chains,
        distributions=settings.distributions,
        generator=random("partition"),
        after_step=after_step,
    )
    binary = binarise(test, random("test"))
    bound = variational_bound(rbms, binary, z.log_z, draws=settings.draws, generator=random("bound"))
    log_z = Finding(
        value=z.log_z, standard_error=z.standard_error, over="chains", n=z.chains, unit="nats",
        what=f"log partition function of the top RBM of {trained.label}",
    )  # fmt: skip
    lower = mean_of(
        bound, over="test examples", unit="nats",
        what=f"variational bound of the mean log-probability of binarised images, {trained.label}",
    )  # fmt: skip
    return log_z, lower
