"""Controls of the rules on the theory, and of the estimator's: games, losses and densities that are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from gan_repro import data
from gan_repro.experiments import game_1d, loss_early, sample_count
from gan_repro.experiments.base import geometric_mean_of, mean_of
from gan_repro.experiments.densities import Column, State, normal_masses, optimal_discriminator
from gan_repro.models.gan.config import GANConfig, Hidden
from gan_repro.parzen.density import log_density
from gan_repro.verdicts.controls.base import SEEDS, Control, answered, evidence_of, ruling_on, smallest_seen
from gan_repro.verdicts.decision import FAILS, HOLDS, Ruling
from gan_repro.verdicts.rules import rules

_DATA = normal_masses()


def game_controls() -> Iterator[Control]:
    """Discriminators that are almost optimal, or not trained; generators that reach the data, or do not."""

    def decide(claim: str, *, error: float, end: float, rng: np.random.Generator | None = None) -> Ruling:
        """Decide on games whose D is off by so much in log-odds, and whose G ends so far from the data."""
        rng = np.random.default_rng(0) if rng is None else rng
        games = [
            _game(error * (1 + 0.1 * rng.normal()), end * (1 + 0.1 * rng.normal())) for _ in range(SEEDS)
        ]
        return ruling_on(claim, evidence_of(game_1d.NAME, game_1d.findings(games)))

    steps = [0.02 * step for step in range(1, 100)]
    for claim, what in (
        ("optimal-discriminator", "D off by {:.2g} in log-odds"),
        ("value-at-optimum", "D off by {:.2g} in log-odds"),
        ("convergence", "G ending {:.2g} standard deviations off"),
    ):
        by_end = claim == "convergence"
        seen = smallest_seen(
            lambda rng, x, claim=claim, by_end=by_end: decide(  # type: ignore[misc]
                claim, error=0.02 if by_end else x, end=x if by_end else 0.02, rng=rng
            ),
            steps, FAILS, 20,
        )  # fmt: skip
        sees = f"{what.format(seen)}, {SEEDS} games" if seen else "none"
        yield answered(
            claim, "D almost optimal, G almost at the data", HOLDS, decide(claim, error=0.02, end=0.02), sees
        )
        bad = "G that stays where it began" if by_end else "a D that was not trained"
        yield answered(
            claim,
            bad,
            FAILS,
            decide(claim, error=0.02 if by_end else 30.0, end=1.5 if by_end else 0.02),
            sees,
        )


def loss_controls() -> Iterator[Control]:
    """A discriminator that rejects samples with confidence, and the same one turned round."""
    claim = "non-saturating"
    ratios = {turned: [_ratio(seed, turned) for seed in range(1, SEEDS + 1)] for turned in (False, True)}

    def decide(values: list[float]) -> Ruling:
        finding = geometric_mean_of(values, over="training seeds", what="gradients")
        return ruling_on(claim, evidence_of(loss_early.NAME, {loss_early.GRADIENT_RATIO: finding}))

    scatter = float(np.std(np.log(ratios[False]), ddof=1))
    seen = smallest_seen(
        lambda rng, ratio: decide(list(np.exp(rng.normal(np.log(ratio), scatter, SEEDS)))),
        [1 + 0.1 * step for step in range(1, 100)],
        HOLDS,
    )
    sees = f"gradients {seen:.2g} times as large, {SEEDS} seeds" if seen else "none"
    yield answered(claim, "digits, a D that rejects all samples", HOLDS, decide(ratios[False]), sees)
    yield answered(claim, "the same D, which now accepts all", FAILS, decide(ratios[True]), sees)


def estimator_controls() -> Iterator[Control]:
    """Densities whose estimate has long converged at the table's number of samples, or has not."""
    claim, rule = "estimator-poor", "sample-count"
    low, high = (count // 100 for count in rules().estimator_poor.samples)

    def rise(dimension: int) -> np.ndarray:
        """Give what a hundred times as many samples of a normal distribution add, by test point."""
        rng = np.random.default_rng(dimension)
        samples = rng.normal(size=(high, dimension)).astype(np.float32)
        test = rng.normal(size=(50, dimension)).astype(np.float32)
        few, many = (log_density(test, samples[:n], [0.3])[:, 0] for n in (low, high))
        return many - few

    def decide(values: np.ndarray) -> Ruling:
        finding = mean_of(values, over="test examples", unit="nats", what="rise")
        name = sample_count.effect_name(*rules().estimator_poor.samples)
        return ruling_on(claim, evidence_of(rule, {name: finding}))

    flat, rising = rise(1), rise(200)
    scatter = float(rising.std())
    seen = smallest_seen(
        lambda rng, x: decide(rng.normal(x, scatter, len(rising))),
        [11.0 + s for s in range(1, 500)],
        HOLDS,
        50,
    )
    sees = f"a rise of {seen:g} nats, {len(rising)} test points" if seen else "none"
    at = f"{low:,} to {high:,} samples"
    yield answered(claim, f"a normal distribution of one dimension, {at}", FAILS, decide(flat), sees)
    yield answered(claim, f"one of 200 dimensions, {at}", HOLDS, decide(rising), sees)


def _game(error: float, end: float) -> Mapping[str, State]:
    start, fixed = normal_masses(1.5, 0.5), normal_masses(1.0, 0.7)
    ended = normal_masses(end, 1.0)
    return {
        "start": _state(start, error),
        "a": _state(start, 30.0),
        "b": _state(fixed, error),
        "equal": _state(_DATA, error),
        "d": _state(ended, error),
    }


def _state(generated: Column, error: float) -> State:
    """Give D at its optimum, its log-odds off by `error`; from 9 on, a D that says the same everywhere."""
    best = np.clip(optimal_discriminator(_DATA, generated), 1e-12, 1 - 1e-12)
    log_odds = np.log(best) - np.log1p(-best) + error
    if error >= 9:
        log_odds = np.full_like(best, 2.0)
    nothing = np.zeros(100)
    return State(_DATA, generated, log_odds, nothing, nothing)


def _ratio(seed: int, turned: bool) -> float:
    """Measure how much larger G's gradient is under the non-saturating loss, D rejecting samples."""
    images = torch.from_numpy(data.load("digits").train)
    nets = {
        "generator_hidden": (Hidden(units=16),),
        "discriminator_hidden": (16,),
        "discriminator_range": 0.5,
    }
    config = GANConfig(epochs=0, update="alternating", discriminator_steps=10**6, **nets)
    model = loss_early.BothLosses(config, seed=seed)
    model.fit(images)
    for _ in range(100):  # D's updates alone
        model.train_batch(images[:100])
        model.updates += 1
    if turned:
        for name, tensor in model.optimiser_tensors().items():
            if name.startswith("d_out/") and not name.endswith("velocity"):
                tensor.neg_()
    model.config = config.model_copy(update={"update": "simultaneous"})
    model.early, model.every, model.norms = model.updates + 1, 1, []
    model.train_batch(images[:100])
    ours, other = model.norms[0]
    return ours / other
