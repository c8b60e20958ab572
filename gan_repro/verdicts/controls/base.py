"""What a control is, and how small an effect a rule still sees."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from gan_repro import data, experiments
from gan_repro.data.dataset import Dataset
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord, Finding
from gan_repro.verdicts.decision import Ruling
from gan_repro.verdicts.evidence import Evidence

POWER = 0.9
"""With what probability an effect is seen that counts as seen."""
SEEDS = 3
"""Nets of a simulated experiment, the fewest that rules accept."""

_REPETITIONS = 100


@dataclass(frozen=True)
class Control:
    """A case whose answer is known, put to the rule that decides a claim."""

    claim: str
    case: str
    expected: str
    """The right answer."""
    answer: str
    """The one that was given; empty where the case could not be made."""
    right: bool
    sees: str = ""
    """How small an effect the rule sees with a power of 0.9, or why it sees none."""
    skipped: str = ""
    """Why the case could not be made."""
    stale: bool = False
    """Whether the answer was kept from before a change of the claim's rule, or of one that it builds on."""


def answered(claim: str, case: str, expected: Ruling, answer: Ruling, sees: str = "") -> Control:
    """Make the control of a case with one right answer."""
    return Control(claim, case, expected, answer, answer == expected, sees)


def skipped(claim: str, case: str, expected: str, why: str) -> Control:
    """Make the control of a case that cannot be made here."""
    return Control(claim, case, expected, "", True, skipped=why)


def on_mnist(claims: Sequence[str], make: Callable[[Dataset], Iterator[Control]]) -> Iterator[Control]:
    """Make controls of these claims from MNIST's images; where they are not here, say so for each."""
    try:
        images = data.load("mnist")
    except data.DataUnavailable as error:
        for claim in claims:
            yield skipped(claim, "made of MNIST", "", f"MNIST is not here: {error}")
        return
    yield from make(images)


def ruling_on(claim: str, evidence: Evidence) -> Ruling:
    """Let the rule of a claim decide."""
    from gan_repro.verdicts.judge import DECIDERS

    return DECIDERS[claim].decide(evidence).ruling


def evidence_of(name: str, findings: Mapping[str, Finding]) -> Evidence:
    """Give the evidence of an experiment that has just found this."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    provenance = ExperimentProvenance(commit=None, dirty=None, environment={}, started=now, finished=now)
    record = ExperimentRecord(
        name=name,
        version=experiments.module(name).VERSION,
        settings={},
        provenance=provenance,
        findings=dict(findings),
    )
    return Evidence((), {name: record})


def together(first: Evidence, second: Evidence) -> Evidence:
    """Give the evidence of both experiments."""
    return Evidence((), {**first.experiments, **second.experiments})


def smallest_seen(
    answer: Callable[[np.random.Generator, float], str],
    effects: Sequence[float],
    wanted: str,
    repetitions: int = _REPETITIONS,
) -> float | None:
    """Find the smallest effect at which a rule gives the wanted answer with a power of 0.9; None: at none.

    Args:
        answer: of the rule to one simulated case.
        effects: ascending; one that is larger is seen no less often, so that halving finds the first.
        wanted: the answer that sees the effect.
        repetitions: simulated cases for each effect, all from one fixed seed.
    """

    def seen(effect: float) -> bool:
        rng = np.random.default_rng(0)
        return sum(answer(rng, effect) == wanted for _ in range(repetitions)) >= POWER * repetitions

    found = bisect_left(effects, True, key=seen)
    return effects[found] if found < len(effects) else None
