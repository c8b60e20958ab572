"""Controls of the rules on images: samples of which it is known how they were made, from MNIST itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from gan_repro.data.dataset import Dataset
from gan_repro.experiments import helvetica, independence, interpolation, memorisation, true_likelihood
from gan_repro.experiments.base import Floats, difference_of
from gan_repro.experiments.record import Finding
from gan_repro.stats.neighbours import nearest
from gan_repro.verdicts.controls.base import (
    SEEDS,
    Control,
    answered,
    evidence_of,
    on_mnist,
    ruling_on,
    smallest_seen,
    together,
)
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Ruling
from gan_repro.verdicts.evidence import Evidence

_PER_NET = 300
"""Samples of each simulated net; the experiment takes 10,000."""


def image_controls() -> Iterator[Control]:
    """Put the rules on samples to the test; all are skipped, with the reason, where MNIST is not here."""
    yield from on_mnist(("not-memorised", "interpolation", "helvetica", "no-markov-chain"), _of_images)


def _of_images(images: Dataset) -> Iterator[Control]:
    yield from memorisation_controls(images)
    yield from interpolation_controls(images)
    yield from helvetica_controls(images)
    yield from independence_controls(images)


def memorisation_controls(images: Dataset, per_net: int = _PER_NET) -> Iterator[Control]:
    """Samples that are test images, training images, or a mixture."""
    claim = "not-memorised"
    rng = np.random.default_rng(0)
    count = SEEDS * per_net
    new = images.test[rng.permutation(len(images.test))[:count]]
    copies = images.train[rng.permutation(len(images.train))[:count]]
    noisy = np.clip(copies + rng.normal(0, 0.1, copies.shape), 0, 1).astype(np.float32)
    worths = {
        kind: memorisation.copied(samples, images.train, images.valid)
        for kind, samples in (("new", new), ("copies", copies), ("noisy", noisy))
    }

    def decide(kind: str, share: float, rng: np.random.Generator | None = None) -> Ruling:
        """Decide on nets of which this share of samples are copies."""
        order = np.arange(count) if rng is None else rng.permutation(count)
        nets = []
        for rows in order.reshape(SEEDS, per_net):
            few = round(share * per_net)
            nets.append(np.concatenate([worths[kind][rows[:few]], worths["new"][rows[few:]]]))
        found = memorisation.findings(nets, [np.ones(2)] * SEEDS, np.ones(2))
        return ruling_on(claim, evidence_of(memorisation.NAME, found))

    seen = smallest_seen(
        lambda rng, share: decide("copies", share, rng), [0.01 * step for step in range(5, 60)], FAILS, 50
    )
    sees = f"{seen:.0%} of the samples copied, {SEEDS} nets of {per_net} samples" if seen else "no share"
    for case, expected, kind, share in (
        ("test images", HOLDS, "new", 0.0),
        ("training images", FAILS, "copies", 1.0),
        ("half training images, half test images", FAILS, "copies", 0.5),
        ("a tenth training images, the others test images", FAILS, "copies", 0.1),
        ("training images with noise of 0.1", FAILS, "noisy", 1.0),
    ):
        yield answered(claim, case, expected, decide(kind, share), sees)
    nothing = memorisation.findings([worths["new"]] * SEEDS, [np.ones(2)] * SEEDS, np.ones(2))

    def witness(rng: np.random.Generator, nats: float) -> Ruling:
        """Decide on nets without copies that give training images so many nats more than test images."""
        return ruling_on(claim, together(evidence_of(memorisation.NAME, nothing), _likelier(nats, rng)))

    seen = smallest_seen(witness, [5.0 * step for step in range(1, 60)], UNTOLD, 20)
    sees = f"training images {seen:g} nats likelier, {SEEDS} nets on 100 images" if seen else "none"
    for likelier, expected in ((5.0, HOLDS), (100.0, UNTOLD)):
        case = f"test images; training images {likelier:g} nats likelier than test images"
        yield answered(claim, case, expected, witness(np.random.default_rng(5), likelier), sees)


def _likelier(nats: float, rng: np.random.Generator) -> Evidence:
    """Simulate bounds of 100 training and 100 test images, for nets that give the first so many nats more."""
    found = {}
    for seed in range(1, SEEDS + 1):
        on_train, on_test = (rng.normal(mean, 60, 100) for mean in (300 + nats, 300))
        found[f"{true_likelihood.TRAIN_MINUS_TEST}_gan_{seed}"] = difference_of(
            on_train, on_test, over="images", unit="nats", what="training minus test images"
        )
    return evidence_of(true_likelihood.NAME, found)


def interpolation_controls(images: Dataset) -> Iterator[Control]:
    """Generators that move along principal directions, or jump from test image to test image."""
    claim = "interpolation"
    settings = interpolation.Settings(pairs=10, parts=32, n_neighbour_pairs=2)
    train = images.train[:10_000]
    centred = train - train.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred / len(train))
    axes = torch.from_numpy((directions[:, -20:] * np.sqrt(values[-20:])).astype(np.float32))
    mean = torch.from_numpy(train.mean(axis=0))

    def smooth(z: Tensor) -> Tensor:
        return (mean + z @ axes.T).clamp(0, 1)

    def jumping(z: Tensor) -> Tensor:
        return torch.from_numpy(images.test[nearest(smooth(z).numpy(), images.test)[1]])

    def measured(generate: Callable[[Tensor], Tensor]) -> list[interpolation.Lines]:
        ends = [
            torch.randn(2 * settings.pairs, 20, generator=torch.Generator().manual_seed(s))
            for s in range(SEEDS)
        ]
        return [interpolation.measure(generate, each, train, settings) for each in ends]

    kinds = {"smooth": measured(smooth), "jumping": measured(jumping)}

    def decide(findings: dict[str, Finding]) -> Ruling:
        return ruling_on(claim, evidence_of(interpolation.NAME, findings))

    name = interpolation.LARGEST_STEP_RATIO
    scatter = float(np.std([lines.ratios[name] for lines in kinds["smooth"]], ddof=1))

    def simulated(rng: np.random.Generator, ratio: float) -> str:
        nets = [
            interpolation.Lines({**lines.ratios, name: float(rng.normal(ratio, scatter))}, lines.frames, [])
            for lines in kinds["smooth"]
        ]
        return decide(interpolation.findings(nets))

    seen = smallest_seen(simulated, [1 + 0.25 * step for step in range(1, 80)], FAILS)
    sees = f"a largest step of {seen:g} times the mean step, {SEEDS} nets" if seen else "none"
    yield answered(
        claim,
        "a generator along 20 principal directions",
        HOLDS,
        decide(interpolation.findings(kinds["smooth"])),
        sees,
    )
    yield answered(
        claim,
        "one that jumps between test images",
        FAILS,
        decide(interpolation.findings(kinds["jumping"])),
        sees,
    )


def helvetica_controls(images: Dataset) -> Iterator[Control]:
    """Pairs of nets that lose their diversity, or keep it."""
    claim = "helvetica"
    settings = helvetica.Settings(n_samples=300, clusters=20, n_clustered=1000)
    yardstick = helvetica.DiversityYardstick.of(images.train, images.test[: settings.n_samples], settings)
    rng = np.random.default_rng(1)

    def images_like(weight: float, rng: np.random.Generator) -> Floats:
        """Draw images of which this much is one and the same image."""
        chosen = images.test[rng.permutation(len(images.test))[: settings.n_samples]]
        return (weight * images.test[:1] + (1 - weight) * chosen).astype(np.float32)

    def decide(weight: float, rng: np.random.Generator) -> Ruling:
        nets = []
        for _ in range(SEEDS):
            balanced, alone = (yardstick.measure(images_like(w, rng)) for w in (0.0, weight))
            nets.append(helvetica.Branches(balanced, {1: balanced, 10: balanced, helvetica.FROZEN: alone}))
        return ruling_on(claim, evidence_of(helvetica.NAME, helvetica.findings(nets, settings)))

    seen = smallest_seen(lambda rng, w: decide(w, rng), [0.05 * step for step in range(1, 20)], HOLDS, 20)
    sees = f"distances between samples {seen:.0%} smaller, {SEEDS} pairs of nets" if seen else "none"
    yield answered(claim, "nets whose samples become one image", HOLDS, decide(0.95, rng), sees)
    yield answered(claim, "nets that keep the diversity of test images", FAILS, decide(0.0, rng), sees)


def independence_controls(images: Dataset) -> Iterator[Control]:
    """Images in random order, and as states of a chain that moves on seldom."""
    claim = "no-markov-chain"

    def decide(stay: float, rng: np.random.Generator, n: int = 2000) -> Ruling:
        """Decide on chains that stay where they are with this probability."""
        times = []
        for _ in range(SEEDS):
            moves = np.cumsum(rng.random(n) >= stay)
            times.append(independence.slowest_time(pool[rng.permutation(len(pool))[moves % len(pool)]]))
        return ruling_on(claim, evidence_of(independence.NAME, independence.findings(times)))

    # A few directions suffice, and are quick.
    pool = images.test[:, ::16]
    seen = smallest_seen(lambda rng, s: decide(s, rng), [0.05 * step for step in range(1, 20)], FAILS, 20)
    sees = f"chains that stay with probability {seen:.2g}, {SEEDS} nets of 2,000 samples" if seen else "none"
    rng = np.random.default_rng(2)
    yield answered(claim, "test images in random order", HOLDS, decide(0.0, rng, 10_000), sees)
    yield answered(
        claim, "a chain of test images that stays nine times in ten", FAILS, decide(0.9, rng), sees
    )
