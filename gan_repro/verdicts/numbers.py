"""Rules "number" and "tfd-number": whether the printed numbers of Table 1 are met.

The training seed is the unit. Two one-sided t tests ask whether the mean lies within a margin of the
printed number (TOST, Schuirmann 1987), a third whether it lies beyond; Holm's correction runs over all four
rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gan_repro.experiments.chains import NAME as CHAINS
from gan_repro.stats.intervals import (
    Closeness,
    Interval,
    closeness,
    holm,
    mean_interval,
    prediction_interval,
)
from gan_repro.verdicts.decision import FAILS, HOLDS, SOURCE_SILENT, UNTOLD, Decider, Decision, Ruling
from gan_repro.verdicts.evidence import Evidence, printed
from gan_repro.verdicts.published import ROWS, RowScores, as_published
from gan_repro.verdicts.rules import NumberRule, rules

_MOST_SEEDS = 50


@dataclass(frozen=True)
class Tested:
    """A row's scores against its printed number."""

    closeness: Closeness
    p_value: float
    """The smaller of its two tests', after Holm's correction."""
    interval: Interval
    """Of the mean, at the confidence that belongs to two one-sided tests."""
    prediction: Interval
    """Where one more seed is expected."""


def compare(
    scores: Mapping[str, Sequence[float]], numbers: Mapping[str, float], rule: NumberRule
) -> dict[str, Tested | None]:
    """Test each row's scores (one a seed, nats) against its number; None for a row with too few seeds."""
    found: dict[str, Closeness | None] = {}
    for row, number in numbers.items():
        values = scores.get(row, ())
        enough = len(values) >= max(rule.minimum_seeds, 2)
        found[row] = closeness(values, number, rule.margin) if enough else None
    adjusted = holm([1.0 if c is None else min(c.inside, c.outside) for c in found.values()])
    return {
        row: None
        if close is None
        else Tested(
            close,
            p_value,
            mean_interval(scores[row], 1 - 2 * rule.significance),
            prediction_interval(scores[row], 1 - rule.significance),
        )
        for (row, close), p_value in zip(found.items(), adjusted, strict=True)
    }


def ruling(tested: Tested | None, number: float, rule: NumberRule) -> Ruling:
    """Decide on one row, whatever its source leaves open."""
    if tested is None or tested.p_value >= rule.significance:
        return UNTOLD
    if tested.closeness.inside < tested.closeness.outside:
        return HOLDS
    return UNTOLD if number in tested.prediction else FAILS


def decide_number(evidence: Evidence, dataset: str, row: str) -> Decision:
    """Decide whether a row's printed number is met."""
    found = {name: as_published(evidence, dataset, name) for name in ROWS}
    rule = rules().number if dataset == "mnist" else rules().tfd_number
    return decide(found, row, {name: printed(name, dataset) for name in ROWS}, rule)


def decide(
    found: Mapping[str, RowScores], row: str, numbers: Mapping[str, float], rule: NumberRule
) -> Decision:
    """Decide on a row from the scores of all four."""
    ours, number = found[row], numbers[row]
    tested = compare({name: list(f.scores.values()) for name, f in found.items()}, numbers, rule)[row]
    said = describe(ours, tested, number, rule)
    if ours.silent_on:
        open_ = f"the source says nothing of {', '.join(ours.silent_on)}"
        if ours.envelope is None:
            said = f"{open_}, and how far that moves the score is not recorded; {said}"
        else:
            low, high = ours.envelope
            said = (
                f"{said}; {open_}, of which what was tried moves the score from {low:.1f} to {high:.1f} nats"
                " (means over seeds)"
            )
    return Decision(row_ruling(ours, tested, number, rule), said, ours.trials, ours.experiments)


def row_ruling(ours: RowScores, tested: Tested | None, number: float, rule: NumberRule) -> Ruling:
    """Decide on one row, whose source may leave open what moves its score across the number."""
    if ours.silent_on:
        if ours.envelope is None:
            return UNTOLD
        low, high = ours.envelope
        if low <= number <= high:
            return SOURCE_SILENT
    return ruling(tested, number, rule)


def describe(ours: RowScores, tested: Tested | None, number: float, rule: NumberRule) -> str:
    """Say what was tested, or what is missing and how many seeds it would take."""
    scores = list(ours.scores.values())
    if tested is None:
        if ours.missing:
            return ours.missing
        lacking = rule.minimum_seeds - len(scores)
        have = "no seed" if not scores else f"{len(scores)} seed{'' if len(scores) == 1 else 's'}"
        mean = f", mean {np.mean(scores):.1f} nats" if scores else ""
        return (
            f"{ours.label}: {have} with a score{mean}{ours.left_out}; {lacking} more are needed for the"
            f" {rule.minimum_seeds} of a verdict"
        )
    text = (
        f"{ours.label}: {np.mean(scores):.1f} nats on the mean of {len(scores)} seeds{ours.left_out},"
        f" {tested.closeness.difference:+.1f} from the printed {number:g}, 90 % interval {tested.interval},"
        f" margin {rule.margin:g}; one more seed is expected in {tested.prediction} (95 %);"
        f" p = {tested.p_value:.2g} after Holm's correction over {len(ROWS)} rows"
    )
    if len(scores) not in rule.seeds_of_a_verdict:
        text += f" (verdicts are given at {' and '.join(map(str, rule.seeds_of_a_verdict))} seeds)"
    unmeasured = ours.silent_on and ours.envelope is None
    if not unmeasured and row_ruling(ours, tested, number, rule) == UNTOLD:
        needed = seeds_needed(scores, number, rule)
        text += (
            f"; it would take {needed} seeds" if needed else f"; {_MOST_SEEDS} seeds like these would not do"
        )
    return text


def seeds_needed(scores: Sequence[float], number: float, rule: NumberRule) -> int | None:
    """Count the seeds with which the same mean and spread would decide, at the strictest of Holm's levels.

    None: more than 50, if any number of them would.
    """
    mean, deviation = float(np.mean(scores)), float(np.std(scores, ddof=1))
    for n in range(len(scores) + 1, _MOST_SEEDS + 1):
        # n values with exactly this mean and standard deviation.
        values = np.linspace(-1, 1, n)
        values = mean + deviation * values / values.std(ddof=1)
        close = closeness(values, number, rule.margin)
        tested = Tested(
            close,
            len(ROWS) * min(close.inside, close.outside),
            mean_interval(values, 1 - 2 * rule.significance),
            prediction_interval(values, 1 - rule.significance),
        )
        if ruling(tested, number, rule) != UNTOLD:
            return n
    return None


DECIDERS: dict[str, Decider] = {
    f"{dataset}-{row}": Decider(
        rule, partial(decide_number, dataset=dataset, row=row), (CHAINS,) if dataset == "mnist" else ()
    )
    for dataset, rule in (("mnist", "number"), ("tfd", "tfd-number"))
    for row in ROWS
}
"""By the claim's id."""
