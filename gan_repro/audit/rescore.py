"""Drawing a record's samples again from published weights: a claim of hours, checked in a minute.

On the machine of the record the samples must have the recorded SHA-256. Samples that have it must have the
recorded sigma and score, within `DENSITY_TOLERANCE`. Elsewhere rounding differs, and the score must come back
within `TOLERANCE`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from gan_repro.audit.problem import Problem
from gan_repro.audit.replay import DENSITY_TOLERANCE, same_machine
from gan_repro.experiments.weights import load_weights
from gan_repro.parzen.protocols import GridEdgeWarning, evaluate
from gan_repro.stats.sums import mean
from gan_repro.trials import environment
from gan_repro.trials.images import fingerprint, load_images
from gan_repro.trials.records import TrialRecord
from gan_repro.util.device import prepare
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import generator

TOLERANCE = {"independent": 0.5, "chains": 25.0, "other random numbers": 10.0}
"""Nats within which a score must come back where the samples are not the same bits: of independent samples
from the same random numbers, which rounding alone moves; of chains, whose every later state a rounding can
change; and on another kind of device, which draws other random numbers."""


@dataclass(frozen=True)
class Rescored:
    """A record's samples, drawn and scored again."""

    id: str
    same_bits: bool
    difference: float
    """Of the scores, nats: again minus recorded."""
    tolerance: float | None
    """Nats that are allowed; None where the same bits are asked for."""
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        if self.problems:
            return f"{self.id}: differs"
        if self.same_bits:
            return f"{self.id}: the same samples, and {self.difference:+.3g} nats"
        how = f"{self.difference:+.3g} nats ({self.tolerance:g} allowed)"
        return f"{self.id}: other bits on another machine, {how}"


def rescore(record: TrialRecord, results: Path, *, root: Path | None = None, device: str = "cpu") -> Rescored:
    """Draw the samples of a finished trial from its published weights, score them, and compare.

    Args:
        record: of the trial.
        results: the results folder that holds the weights.
        root: the user's own data folder.
        device: where to sample.

    Raises:
        WeightsError: there are no weights, or they are not the trial's.
        ValueError: the images here are not those of the trial.
        DataUnavailable: there are no images.
    """
    spec = record.spec
    prepare(device, record.provenance.threads)
    folds = load_images(spec.data.name, spec.data.fold, root)
    if (found := fingerprint(folds)) != spec.data.sha256:
        raise ValueError(
            f"{spec.data.name} here has SHA-256 {found}, {spec.id} was trained on {spec.data.sha256}"
        )
    model = load_weights(record, results, folds[0], device)
    random = generator(spec.seed, spec.model, "samples", device=model.random_device)
    samples = model.sample(spec.evaluation.n_samples, generator=random).detach().cpu().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GridEdgeWarning)
        scores = [evaluate(samples, f.valid, f.test, protocol=spec.evaluation.protocol) for f in folds]
    difference = mean(score.mean for score in scores) - record.score.log_likelihood.value
    sigmas = zip((score.sigma for score in scores), record.score.sigmas, strict=True)
    off = max(abs(difference), *(abs(new - old) for new, old in sigmas))
    here = environment.describe(device)
    exact = same_machine(record, here, training=False)
    same = sha256_of_array(samples) == record.scored.samples_sha256
    limit = (
        None if exact else _tolerance(record, here["device"] == record.provenance.environment.get("device"))
    )
    problems = []
    if exact and not same:
        problems.append(
            Problem(spec.id, "the weights give other samples than were scored, on the same machine")
        )
    if same and off > DENSITY_TOLERANCE:
        problems.append(Problem(spec.id, f"the same samples score {difference:+.3g} nats off the record"))
    if not same and limit is not None and abs(difference) > limit:
        allowed = f"{limit:g} are allowed on another machine"
        problems.append(Problem(spec.id, f"the score differs by {difference:+.1f} nats; {allowed}"))
    return Rescored(spec.id, same, difference, limit, tuple(problems))


def _tolerance(record: TrialRecord, same_device: bool) -> float:
    chains = record.scored.mixing is not None
    if chains:
        return TOLERANCE["chains"]
    return TOLERANCE["independent" if same_device else "other random numbers"]
