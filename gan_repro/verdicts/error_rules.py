"""Rules for what the numbers of Table 1 are copies of, and for what its ± can and cannot say."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from gan_repro import paper
from gan_repro.stats.intervals import SIGNIFICANCE, deviation_interval
from gan_repro.verdicts.decision import Decision, Rule
from gan_repro.verdicts.evidence import Evidence

_FACTOR = 2.0
"""Within which two standard errors count as of one size."""


def decide_copies(evidence: Evidence) -> Decision:
    """Whether the copied rows are their sources' numbers, rounded to the digits printed."""
    compared, odd = 0, []
    for (model, dataset), source in paper.COPIED.items():
        estimate = paper.printed(model, dataset)
        if estimate is None or estimate.standard_error is None:
            raise ValueError(f"Table 1 prints no number for {model} on {dataset}")
        for name, theirs, ours in zip(
            ("value", "error"), source, (estimate.value, estimate.standard_error), strict=True
        ):
            shown = f"{ours:g}"
            compared += 1
            if Decimal(theirs).quantize(Decimal(shown), ROUND_HALF_UP) != Decimal(shown):
                where = f"{paper.LABELS[model]} on {dataset.upper()}"
                odd.append(f"{where}: {name} {theirs} in the source, {shown} in Table 1")
    if odd:
        return Decision(False, f"{len(odd)} of {compared} numbers not so: {'; '.join(odd)}")
    return Decision(True, f"all {compared} numbers agree")


def decide_error_over_examples(evidence: Evidence) -> Decision:
    """Whether the printed ± are of the size of our standard errors across test examples."""
    said: list[str] = []
    missing: list[str] = []
    ids: list[str] = []
    within = True
    for row in paper.TABLE_1:
        trials = evidence.trials("mnist", row.model)
        errors = [e for r in trials.records if (e := r.score.log_likelihood.standard_error) is not None]
        if not errors or row.mnist.standard_error is None:
            missing.append(row.label)
            continue
        ours = sum(errors) / len(errors)
        said.append(f"{row.label} {row.mnist.standard_error:g} printed, {ours:.1f} here")
        within &= 1 / _FACTOR <= row.mnist.standard_error / ours <= _FACTOR
        ids += trials.ids
    if missing:
        return Decision(None, f"no trial on MNIST of {', '.join(missing)}", tuple(ids))
    size = "of the size expected if so" if within else "not of the size expected if so"
    return Decision(within, f"{size}: {'; '.join(said)}", tuple(ids))


def decide_error_covers_training(evidence: Evidence) -> Decision:
    """Whether the standard deviation over training seeds is no larger than the printed ±."""
    several = {
        row: trials
        for row in paper.TABLE_1
        if (trials := evidence.trials("mnist", row.model)).full and len(trials.records) > 1
    }
    if not several:
        return Decision(None, "no model of the table has two seeds at full size and length")
    confidence = 1 - SIGNIFICANCE / len(several)
    said, larger, smaller = [], False, len(several) == len(paper.TABLE_1)
    for row, trials in several.items():
        interval = deviation_interval(list(trials.scores.values()), confidence)
        printed = float(row.mnist.standard_error or 0)
        said.append(f"{row.label}: ± {printed:g} printed, {interval} over {interval.n} seeds")
        larger |= interval.low > printed
        smaller &= interval.high <= printed
    ids = tuple(id for trials in several.values() for id in trials.ids)
    holds = False if larger else (True if smaller else None)
    return Decision(holds, f"standard deviation of our nets over seeds: {'; '.join(said)}", ids)


RULES: dict[str, Rule] = {
    "copied-rows": Rule(
        "holds if each number, rounded to the digits printed, is the source's", decide_copies
    ),
    "error-over-examples": Rule(
        f"holds if each printed ± is within a factor of {_FACTOR:g} of our standard error across the"
        " 10,000 test images (cut trials count: the error is that of one model)",
        decide_error_over_examples,
    ),
    "error-covers-training": Rule(
        "at full size and length, chi-squared intervals of the standard deviation over seeds, corrected for"
        " several: does not hold if one lies above its row's ±; holds if all four lie below",
        decide_error_covers_training,
    ),
}
"""By the claim's id."""
