"""Which loss of G learns faster at the start, -log D(G(z)) or log(1 - D(G(z))).

Section 3 of the paper: early on, D rejects samples with confidence, so log(1 - D(G(z))) is flat, and
-log D(G(z)) has the same fixed point with much stronger gradients. The recipe of the paper is trained with
either loss, from the same initial nets, on the same images in the same order with the same noise: pairs.

The norm of G's gradient is read back from its velocities, v' = momentum v - rate g. Rows of the series
"gradient LOSS": updates, mean norm over the updates up to there; "likelihood LOSS": updates, mean validation
log-likelihood (nats, refined sigma); both are means over seeds.

Reduced: nets of a sixth of the units, four epochs, and fewer samples and images in the likelihood.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro import data, models
from gan_repro.experiments import base
from gan_repro.experiments.base import SEEDS, Context, Outcome, geometric_mean_of, mean_of
from gan_repro.models.gan.model import GAN
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.util.seeds import generator

VERSION = 1

LOSSES = ("non-saturating", "saturating")


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
    looks: int = Field(4, ge=1)
    """At the validation likelihood, evenly spaced over the updates."""
    n_samples: int = Field(2000, ge=2)
    n_valid: int = Field(500, ge=2)


class _Enough(Exception):  # noqa: N818  a signal, not an error
    pass


class _Probe:
    """Watches a fit: G's gradient after every update, the likelihood now and then, and the end of it."""

    def __init__(self, settings: Settings, valid: np.ndarray) -> None:
        self.settings, self.valid = settings, valid
        self.norms: list[float] = []
        self.likelihoods: list[float] = []
        self._velocities: dict[str, Tensor] = {}

    def begin(self, model: GAN) -> None:
        """Remember the velocities before the next update."""
        self._velocities = {name: v.clone() for name, v in _velocities(model).items()}

    def after_batch(self, model: Any) -> None:
        """Take the gradient of the update just made; look at the likelihood when due."""
        self.norms.append(gradient_norm(model, self._velocities or None))
        self.begin(model)
        done, settings = model.updates, self.settings
        if done * settings.looks // settings.updates > (done - 1) * settings.looks // settings.updates:
            random = generator(model.seed, "loss-early", done)
            samples = model.sample(settings.n_samples, generator=random)
            self.likelihoods.append(choose_sigma(samples, self.valid, protocol="refined").valid_mean)
        if done == settings.updates:
            raise _Enough

    def after_epoch(self, model: Any, log: Any) -> bool:
        """Never ends a fit."""
        return False


def run(settings: Settings, context: Context) -> Outcome:
    """Train the pairs and compare them."""
    images = data.load(settings.dataset, root=context.root)
    train, valid = torch.from_numpy(images.train), images.valid[: settings.n_valid]
    norms: dict[str, list[list[float]]] = {loss: [] for loss in LOSSES}
    likelihoods: dict[str, list[list[float]]] = {loss: [] for loss in LOSSES}
    for seed in settings.seeds:
        for loss in LOSSES:
            probe = _train(settings, seed, loss, train, valid)
            norms[loss].append(probe.norms)
            likelihoods[loss].append(probe.likelihoods)
            context.talk(f"loss-early: seed {seed}, {loss}, validation {probe.likelihoods[-1]:.0f} nats")
    early = {loss: np.array(norms[loss])[:, : settings.early].mean(axis=1) for loss in LOSSES}
    first = {loss: np.array(norms[loss])[:, 0] for loss in LOSSES}
    looks = {loss: np.array(likelihoods[loss]) for loss in LOSSES}
    over = "training seeds"
    findings = {
        "gradient_ratio": geometric_mean_of(
            early["non-saturating"] / early["saturating"], over=over,
            what=f"mean norm of G's gradient in the first {settings.early} updates, non-saturating over "
            "saturating loss, paired over seeds",
        ),
        "gradient_ratio_first": geometric_mean_of(
            first["non-saturating"] / first["saturating"], over=over, what="the same in the first update"
        ),
        "likelihood_difference": mean_of(
            (looks["non-saturating"] - looks["saturating"])[:, -1], over=over, unit="nats",
            what=f"validation log-likelihood after {settings.updates} updates, non-saturating minus "
            "saturating loss, paired over seeds",
        ),
        **{
            f"likelihood_{loss}": mean_of(
                looks[loss][:, -1], over=over, unit="nats",
                what=f"validation log-likelihood after {settings.updates} updates, {loss} loss",
            )
            for loss in LOSSES
        },
    }  # fmt: skip
    return Outcome(findings, _series(settings, norms, likelihoods))


def gradient_norm(model: GAN, before: Mapping[str, Tensor] | None) -> float:
    """Norm of the gradient of G's loss in the latest update, from the velocities before it (None: zero)."""
    # The model has counted the update already; the epoch, and with it the momentum, is still the same.
    rate, momentum = model._learning_rate_at(model.updates - 1), model._momentum()
    squares = 0.0
    for name, velocity in _velocities(model).items():
        kept = 0.0 if before is None else momentum * before[name]
        squares += float(((kept - velocity) / rate).double().square().sum())
    return squares**0.5


def _velocities(model: GAN) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.optimiser_tensors().items() if name.startswith("g")}


def _train(settings: Settings, seed: int, loss: str, train: Tensor, valid: np.ndarray) -> _Probe:
    model = models.get(
        "gan",
        seed=seed,
        epochs=settings.updates,  # an epoch has an update at least
        generator_loss=loss,
        generator_hidden=[{"units": settings.generator_units}] * 2,
        discriminator_hidden=[settings.discriminator_units] * 2,
    )
    probe = _Probe(settings, valid)
    with contextlib.suppress(_Enough):
        model.fit(train, observer=probe)
    return probe


def _series(
    settings: Settings, norms: Mapping[str, list[list[float]]], likelihoods: Mapping[str, list[list[float]]]
) -> dict[str, list[list[float]]]:
    series = {}
    width = max(settings.updates // 50, 1)
    for loss in LOSSES:
        mean = np.array(norms[loss]).mean(axis=0)
        series[f"gradient {loss}"] = [
            [i + len(part), float(f"{part.mean():.4g}")]
            for i in range(0, len(mean), width)
            for part in [mean[i : i + width]]
        ]
        looks = np.array(likelihoods[loss]).mean(axis=0)
        at = [settings.updates * (k + 1) // settings.looks for k in range(settings.looks)]
        series[f"likelihood {loss}"] = [[a, round(float(v), 2)] for a, v in zip(at, looks, strict=True)]
    return series
