"""The score of trained models with Markov chains, against how their chains are run.

From the same parameters, every combination of a number of chains and a burn-in gives as many consecutive
states, started from noise: the *envelope* of the score. Beside it each row is sampled *as published*, as
far as its source says: one chain of consecutive states, and many long ones; for the deep GSN as in its
authors' code (yaoli/GSN, `sample_some_numbers`), which starts at test image 0, keeps it as a sample, and
fixes sigma.

Whether chains have converged is told by split R-hat of the mean intensity and the first principal
directions, the largest counting, and by their effective sample size. A chain of one state has neither.

Cells are kept one by one under checkpoints/chains of the results folder: a run that was cut off goes on
where it was. Findings are named by `published_name`; the series of a trial, named by `envelope_series`, are
`EnvelopePoint`s.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, Part
from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.experiments.trained import Trained, load_rows
from gan_repro.parzen.density import log_density
from gan_repro.parzen.protocols import choose_sigma
from gan_repro.stats.mixing import convergence
from gan_repro.trials.presets import SEEDS
from gan_repro.util.seeds import generator

VERSION = 1

NAME = "chains"
ONE_CHAIN, LONG_CHAINS = "one-chain", "long-chains"
PROTOCOLS = ("authors", "refined")
CONVERGED_BELOW = 1.01
"""Of split R-hat."""
LARGEST_R_HAT = 1e6
"""What a series says where split R-hat is larger, or infinite as of chains that stand still apart."""
_DIRECTIONS = 3
_NONE = -1.0
"""Stands in a series for a number that there is not."""


class EnvelopePoint(NamedTuple):
    """One way of running the chains of one trained model; log-likelihoods are means, in nats."""

    chains: float
    burn_in: float
    """Steps before the first sample, in each layer."""
    valid_authors: float
    test_authors: float
    valid_refined: float
    test_refined: float
    r_hat: float
    """The largest of the projections', `LARGEST_R_HAT` at most; -1 where chains are too short for any, or all
    states are the same."""
    effective_sample_size: float
    """The smallest of the projections'; -1 where chains are too short for any."""


def envelope_series(trial_id: str) -> str:
    """Name the series of a trial."""
    return f"envelope {trial_id}"


def published_name(way: str, row: str, seed: int, sigma: float | None = None) -> str:
    """Name the score of a row sampled as published: `ONE_CHAIN` or `LONG_CHAINS`, from its trial of a seed.

    Sigma is the one that the source fixes; None for the authors' protocol.
    """
    return f"{way}/{row}/seed{seed}" + ("" if sigma is None else f"/sigma{sigma:g}")


def published_scores(
    record: ExperimentRecord, way: str, row: str, sigma: float | None = None
) -> dict[int, float]:
    """Give the scores as published of a row, nats, by seed."""
    names = {seed: published_name(way, row, seed, sigma) for seed in SEEDS}
    return {seed: record.findings[name].value for seed, name in names.items() if name in record.findings}


def envelope(record: ExperimentRecord, trial_ids: Mapping[str, str], row: str) -> tuple[float, float] | None:
    """Give the lowest and highest test score over cells, means over trials (authors' protocol, nats).

    Args:
        record: of this experiment.
        trial_ids: row by trial.
        row: whose trials count.
    """
    cells: dict[tuple[float, float], list[float]] = {}
    for id in record.trial_ids:
        if trial_ids.get(id) == row:
            for point in record.points(envelope_series(id), EnvelopePoint):
                cells.setdefault((point.chains, point.burn_in), []).append(point.test_authors)
    means = [float(np.mean(scores)) for scores in cells.values()]
    return (min(means), max(means)) if means else None


class Settings(base.Settings):
    """Which rows, and how their chains are run; as in rules.toml (`as_published`, `sampling_envelope`)."""

    models: tuple[str, ...] = Field(("dbn", "cae", "gsn"), min_length=1)
    """The rows."""
    dataset: str = "mnist"
    seeds: tuple[int, ...] = Field(SEEDS, min_length=1)
    """Of training; trials of others are left out."""
    chains: tuple[int, ...] = (1, 100, 10_000)
    burn_in: tuple[int, ...] = (5, 25, 100, 500)
    n_samples: int = Field(10_000, ge=8)
    long_chains: int = Field(100, ge=1)
    """Chains of the second way as published."""
    published_burn_in: int = Field(100, ge=0)
    gsn_sigmas: tuple[float, ...] = (0.20, 0.23)
    """That the GSN's source fixes."""


class Scored(Part):
    """Samples under one bandwidth; nats."""

    sigma: float
    valid: float
    test: float
    error: float
    """Standard error of `test` over test images."""
    n_test: int


class ChainCell(Part):
    """One way of sampling one trained model."""

    scores: dict[str, Scored]
    """By protocol, or by the bandwidth that is fixed."""
    r_hat: float | None
    effective_sample_size: float | None


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure every recorded model that is here.

    Raises:
        NoModelError: there is none of any row.
    """
    findings: dict[str, Finding] = {}
    series: dict[str, list[list[float]]] = {}
    trial_ids = []
    for row, nets in load_rows(context, settings.models, settings.dataset, seeds=settings.seeds):
        for trained in nets:
            trial_ids.append(trained.record.spec.id)
            series[envelope_series(trial_ids[-1])] = [
                list(_point(chains, burn_in, _cell(trained, settings, context, chains, burn_in)))
                for chains in settings.chains
                for burn_in in settings.burn_in
            ]
            findings |= _as_published(trained, row, settings, context)
    return ExperimentResult(findings, series, tuple(trial_ids))


def _as_published(trained: Trained, row: str, settings: Settings, context: Context) -> dict[str, Finding]:
    seed, from_image = trained.record.spec.seed, row == "gsn"
    found = {}
    for way, chains in ((ONE_CHAIN, 1), (LONG_CHAINS, settings.long_chains)):
        start = from_image and way == ONE_CHAIN
        cell = _cell(trained, settings, context, chains, settings.published_burn_in, from_image=start)
        for label, scored in cell.scores.items():
            if label == PROTOCOLS[1]:
                continue
            sigma = None if label in PROTOCOLS else scored.sigma
            found[published_name(way, row, seed, sigma)] = Finding(
                value=scored.test, standard_error=scored.error, over="test examples", n=scored.n_test,
                unit="nats",
                what=f"mean test log-likelihood of {trained.label} as published, {way.replace('-', ' ')}"
                + (" from test image 0, which is kept" if start else "")
                + ("" if sigma is None else f", sigma {sigma:g}"),
            )  # fmt: skip
    return found


def _cell(
    trained: Trained,
    settings: Settings,
    context: Context,
    chains: int,
    burn_in: int,
    *,
    from_image: bool = False,
) -> ChainCell:
    """Sample and score in one way, or read what an earlier run kept of it."""
    id, n = trained.record.spec.id, settings.n_samples
    sigmas = settings.gsn_sigmas if trained.record.spec.model == "gsn" else ()
    asked = f"{VERSION} {id} {n} {sigmas} {chains} {burn_in} {from_image} {context.products}"

    def make() -> ChainCell:
        samples = sample(trained, n, chains, burn_in, from_image=from_image)
        r_hat, size = convergence(samples, chains, _DIRECTIONS)
        cell = ChainCell(
            scores=dict(_scores(samples, trained, sigmas)), r_hat=r_hat, effective_sample_size=size
        )
        score = cell.scores["authors"].test
        way = "one chain from test image 0" if from_image else f"{chains:,} chains, burn-in {burn_in}"
        context.log(f"{NAME}: {id}, {way}: {score:.1f} nats")
        return cell

    return context.kept(NAME, f"{id}-{chains}-{burn_in}", asked, ChainCell, make)


def sample(trained: Trained, n: int, chains: int, burn_in: int, *, from_image: bool = False) -> Floats:
    """Draw n consecutive states (n, d) of chains; with `from_image` of one from test image 0, kept."""
    spec = trained.record.spec
    random = generator(spec.seed, spec.model, NAME, chains, burn_in, int(from_image))
    if from_image:
        image = torch.from_numpy(trained.dataset.test[0])
        drawn = trained.model.sample(n, generator=random, start=image)
    else:
        model = copy.copy(trained.model)
        changes = {"chains": chains, "burn_in": burn_in, "thinning": 1}
        model.config = model.config.model_copy(update=changes)
        drawn = model.sample(n, generator=random)
    samples: Floats = drawn.cpu().numpy()
    return samples


def _scores(samples: Floats, trained: Trained, sigmas: tuple[float, ...]) -> Iterator[tuple[str, Scored]]:
    images = trained.dataset
    tried = [(p, *_chosen(samples, images.valid, p)) for p in PROTOCOLS]
    for sigma in sigmas:
        tried.append((f"sigma {sigma:g}", sigma, float(log_density(images.valid, samples, [sigma]).mean())))
    values = log_density(images.test, samples, [sigma for _, sigma, _ in tried])
    n = len(values)
    for (label, sigma, valid), column in zip(tried, values.T, strict=True):
        error = float(column.std() / np.sqrt(n))
        yield label, Scored(sigma=sigma, valid=valid, test=float(column.mean()), error=error, n_test=n)


def _chosen(samples: Floats, valid: Floats, protocol: str) -> tuple[float, float]:
    choice = choose_sigma(samples, valid, protocol=protocol)
    return choice.sigma, choice.valid_mean


def _point(chains: int, burn_in: int, cell: ChainCell) -> EnvelopePoint:
    scores = [value for p in PROTOCOLS for value in (cell.scores[p].valid, cell.scores[p].test)]
    r_hat = _NONE if cell.r_hat is None else min(cell.r_hat, LARGEST_R_HAT)
    size = _NONE if cell.effective_sample_size is None else cell.effective_sample_size
    return EnvelopePoint._make((chains, burn_in, *scores, r_hat, size))
