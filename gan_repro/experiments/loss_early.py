"""Which loss of G learns faster at the start, -log D(G(z)) or log(1 - D(G(z))).

Section 3 of the paper: early on, D rejects samples with confidence, so log(1 - D(G(z))) is flat, and
-log D(G(z)) has the same fixed point with much stronger gradients. The recipe of the paper is trained with
either loss, from the same initial nets, on the same images in the same order with the same noise: pairs.

Gradients are compared on the same nets: while the first loss trains, a copy of both nets takes every
`every`-th update with the other loss, on the same images, noise and dropout masks, and is thrown away. (Two
trainings part after some updates, and their gradients would be those of different nets.) The norm of G's
gradient is read back from its velocities, v' = momentum v - rate g. Points of the series "gradient LOSS"
and "likelihood LOSS" are `LossPoint`s, means over seeds.

Reduced: nets of a sixth of the units, four epochs, and fewer samples and images in the likelihood.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro import data
from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, geometric_mean_of, mean_of
from gan_repro.models.gan.model import GAN, GANConfig, Hidden
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.trials.presets import SEEDS
from gan_repro.util.seeds import generator

VERSION = 2

NAME = "loss-early"
LOSSES = ("non-saturating", "saturating")
GRADIENT_RATIO = "gradient_ratio"
GRADIENT_RATIO_FIRST = "gradient_ratio_first"
LIKELIHOOD_DIFFERENCE = "likelihood_difference"

WITHDRAWN = {
    1: {
        GRADIENT_RATIO: "the gradients were those of two trainings that had parted, and so of different nets",
        GRADIENT_RATIO_FIRST: "its one update is the first of the comparison on the same nets",
    }
}
"""By version, findings that no verdict reads any more, and why."""


class LossPoint(NamedTuple):
    """One point of a curve."""

    updates: float
    value: float
    """Mean norm of G's gradient over the updates up to there, or mean validation log-likelihood (nats)."""


def likelihood_name(loss: str) -> str:
    """Name the finding of a loss's likelihood."""
    return f"likelihood_{loss}"


def gradient_series(loss: str) -> str:
    """Name the series of a loss's gradients."""
    return f"gradient {loss}"


def likelihood_series(loss: str) -> str:
    """Name the series of a loss's likelihoods."""
    return f"likelihood {loss}"


class Settings(base.Settings):
    """Two trainings a seed, alike but for the loss of G."""

    seeds: tuple[int, ...] = SEEDS[:3]
    dataset: str = "mnist"
    generator_units: int = Field(200, ge=1)
    """In each of G's two hidden layers; 1200 in the paper's recipe."""
    discriminator_units: int = Field(40, ge=1)
    """In each of D's two hidden layers; 240 in the paper's recipe."""
    updates: int = Field(2000, ge=1)
    """500 are an epoch of MNIST."""
    early: int = Field(1000, ge=1)
    """Updates over which gradients are compared."""
    every: int = Field(10, ge=1)
    """Of these updates, so many to one comparison."""
    looks: int = Field(4, ge=1)
    """At the validation likelihood, evenly spaced over the updates."""
    n_samples: int = Field(2000, ge=2)
    n_valid: int = Field(500, ge=2)


class BothLosses(GAN):
    """Adversarial nets that also measure G's gradient under the other loss, on the same nets."""

    every = 1
    early = 0

    def train_batch(self, batch: Tensor) -> Mapping[str, Tensor]:
        """Take one update with the loss of the settings, after a copy has taken it with the other loss."""
        if self.updates == 0:
            self.norms: list[tuple[float, float]] = []
        due = self.updates < self.early and self.updates % self.every == 0
        before = {name: v.clone() for name, v in _velocities(self).items()} if due else {}
        if due:
            twin = copy.deepcopy(self)
            other = LOSSES[1 - LOSSES.index(self.config.generator_loss)]
            twin.config = self.config.model_copy(update={"generator_loss": other})
            GAN.train_batch(twin, batch)
            twin.updates += 1
        losses = super().train_batch(batch)
        if due:
            # `gradient_norm` looks back at an update that has been counted, as those who watch a fit do.
            self.updates += 1
            self.norms.append((gradient_norm(self, before), gradient_norm(twin, before)))
            self.updates -= 1
        return losses


class _Enough(Exception):  # noqa: N818  a signal, not an error
    pass


class _Looks:
    """Watches a fit: G's gradient after every update, the likelihood now and then, and the end of it."""

    def __init__(self, settings: Settings, valid: np.ndarray) -> None:
        self.settings, self.valid = settings, valid
        self.norms: list[float] = []
        self.likelihoods: list[float] = []
        self._velocities: dict[str, Tensor] = {}

    def after_batch(self, model: Any) -> None:
        """Take the gradient of the update just made; look at the likelihood when due."""
        self.norms.append(gradient_norm(model, self._velocities or None))
        self._velocities = {name: v.clone() for name, v in _velocities(model).items()}
        done, settings = model.updates, self.settings
        if done * settings.looks // settings.updates > (done - 1) * settings.looks // settings.updates:
            random = generator(model.seed, NAME, done)
            samples = model.sample(settings.n_samples, generator=random)
            self.likelihoods.append(choose_sigma(samples, self.valid, protocol="refined").valid_mean)
        if done == settings.updates:
            raise _Enough

    def after_epoch(self, model: Any, log: Any) -> bool:
        """Never ends a fit."""
        return False


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train the pairs and compare them."""
    images = data.load(settings.dataset, root=context.root)
    train, valid = torch.from_numpy(images.train), images.valid[: settings.n_valid]
    norms: dict[str, list[list[float]]] = {loss: [] for loss in LOSSES}
    likelihoods: dict[str, list[list[float]]] = {loss: [] for loss in LOSSES}
    ratios: list[np.ndarray] = []
    for seed in settings.seeds:
        for loss in LOSSES:
            looks, model = _train(settings, seed, loss, train, valid)
            norms[loss].append(looks.norms)
            likelihoods[loss].append(looks.likelihoods)
            if loss == LOSSES[0]:
                ratios.append(np.array(model.norms))
            context.log(f"{NAME}: seed {seed}, {loss}, validation {looks.likelihoods[-1]:.0f} nats")
    over = "training seeds"
    # On each seed's nets, the geometric mean over updates.
    early = [float(np.exp(np.log(r[:, 0] / r[:, 1]).mean())) for r in ratios]
    last = {loss: np.array(likelihoods[loss])[:, -1] for loss in LOSSES}
    after = f"validation log-likelihood after {settings.updates} updates"
    findings = {
        GRADIENT_RATIO: geometric_mean_of(
            early, over=over,
            what=f"norm of G's gradient in the first {settings.early} updates, non-saturating over "
            "saturating loss on the same nets and noise",
        ),
        GRADIENT_RATIO_FIRST: geometric_mean_of(
            [r[0, 0] / r[0, 1] for r in ratios], over=over, what="the same in the first update"
        ),
        LIKELIHOOD_DIFFERENCE: mean_of(
            last[LOSSES[0]] - last[LOSSES[1]], over=over, unit="nats",
            what=f"{after}, non-saturating minus saturating loss, paired over seeds",
        ),
        **{
            likelihood_name(loss): mean_of(last[loss], over=over, unit="nats", what=f"{after}, {loss} loss")
            for loss in LOSSES
        },
    }  # fmt: skip
    return ExperimentResult(findings, _series(settings, norms, likelihoods))


def gradient_norm(model: GAN, before: Mapping[str, Tensor] | None) -> float:
    """Read back the norm of G's gradient in the latest update, from the velocities before it (None: zero)."""
    # The model has counted the update already; the epoch, and with it the momentum, is still the same.
    rate, momentum = model.learning_rate_at(model.updates - 1), model.momentum
    squares = 0.0
    for name, velocity in _velocities(model).items():
        kept = 0.0 if before is None else momentum * before[name]
        squares += float(((kept - velocity) / rate).double().square().sum())
    return squares**0.5


def _velocities(model: GAN) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.optimiser_tensors().items() if name.startswith("g")}


def _train(
    settings: Settings, seed: int, loss: str, train: Tensor, valid: np.ndarray
) -> tuple[_Looks, BothLosses]:
    config = GANConfig(
        epochs=settings.updates,  # an epoch has an update at least
        generator_loss=loss,
        generator_hidden=(Hidden(units=settings.generator_units),) * 2,
        discriminator_hidden=(settings.discriminator_units,) * 2,
    )
    model = BothLosses(config, seed=seed)
    model.every, model.early = settings.every, settings.early if loss == LOSSES[0] else 0
    looks = _Looks(settings, valid)
    with contextlib.suppress(_Enough):
        model.fit(train, observer=looks)
    return looks, model


def _series(
    settings: Settings, norms: Mapping[str, list[list[float]]], likelihoods: Mapping[str, list[list[float]]]
) -> dict[str, list[list[float]]]:
    series = {}
    width = max(settings.updates // 50, 1)
    for loss in LOSSES:
        mean = np.array(norms[loss]).mean(axis=0)
        series[gradient_series(loss)] = [
            [i + len(part), float(f"{part.mean():.4g}")]
            for i in range(0, len(mean), width)
            for part in [mean[i : i + width]]
        ]
        looks = np.array(likelihoods[loss]).mean(axis=0)
        at = [settings.updates * (k + 1) // settings.looks for k in range(settings.looks)]
        series[likelihood_series(loss)] = [[a, round(float(v), 2)] for a, v in zip(at, looks, strict=True)]
    return series
