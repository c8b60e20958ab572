"""Rules on what the ± of Table 1 is, and what its copied rows are copies of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gan_repro import paper
from gan_repro.experiments import sensitivity
from gan_repro.stats.intervals import Interval, deviation_interval
from gan_repro.stats.sums import mean
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Decider, Decision, Ruling
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.published import ROWS, as_published
from gan_repro.verdicts.rules import rules

_BY_CODE = (
    "that the errors of the adversarial nets and of the deep GSN are such is read from their authors' code;"
    " the source of DBN and CAE publishes none, and prints -244 ± 54 for an RBM, which no error over 10,000"
    " images gives"
)


def decide_copies(evidence: Evidence) -> Decision:
    """Decide whether the copied rows are their sources' numbers, to a unit of the last digit printed."""
    return Decision(*copies_ruling(paper.COPIED))


def copies_ruling(sources: Mapping[tuple[str, str], tuple[str, str]]) -> tuple[Ruling, str]:
    """Hold the sources' values and errors, by row and data set, against Table 1; ruling and reason."""
    compared, odd, wrong = 0, [], []
    for (row, dataset), source in sources.items():
        estimate = paper.printed(row, dataset)
        if estimate is None or estimate.standard_error is None:
            raise ValueError(f"Table 1 prints no number for {row} on {dataset}")
        ours_of = (estimate.value, estimate.standard_error)
        for name, theirs, ours in zip(("value", "error"), source, ours_of, strict=True):
            compared += 1
            shown = Decimal(f"{ours:g}")
            at = f"{paper.LABELS[row]} on {dataset.upper()}"
            where = f"{at}: {name} {theirs} in the source, {shown} in Table 1"
            unit = Decimal(1).scaleb(int(shown.as_tuple().exponent))
            if abs(Decimal(theirs) - shown) >= unit * rules().copied_rows.units_of_the_last_digit:
                wrong.append(where)
            elif Decimal(theirs).quantize(shown, ROUND_HALF_UP) != shown:
                odd.append(where)
    if wrong:
        return FAILS, f"{len(wrong)} of {compared} numbers not so: {'; '.join(wrong)}"
    rounded = f"; {len(odd)} rounded to a neighbour of the nearest number: {'; '.join(odd)}" if odd else ""
    return HOLDS, f"all {compared} numbers agree{rounded}"


@dataclass(frozen=True)
class ErrorSizes:
    """What the printed error of a row is held against, nats."""

    printed: float
    over_examples: float | None
    """Our standard error across test images."""
    over_draws: float | None
    """Our standard deviation over draws of samples."""


def error_ruling(sizes: Mapping[str, ErrorSizes], factor: float) -> Ruling:
    """Decide whether the printed errors are those across test images, and no others."""

    def alike(a: float, b: float | None) -> bool | None:
        return None if not b else 1 / factor <= a / b <= factor

    examples = [alike(s.printed, s.over_examples) for s in sizes.values()]
    draws = [alike(s.printed, s.over_draws) for s in sizes.values()]
    if False in examples:
        return FAILS
    return HOLDS if all(e is True for e in examples) and all(d is False for d in draws) else UNTOLD


def decide_error_over_examples(evidence: Evidence) -> Decision:
    """Decide whether the printed ± are standard errors across test examples."""
    factor = rules().error_over_examples.factor
    record = evidence.experiments.get(sensitivity.NAME)
    sizes: dict[str, ErrorSizes] = {}
    said: list[str] = []
    ids: list[str] = []
    for row in paper.TABLE_1:
        trials = evidence.trials("mnist", row.model)
        errors = [e for r in trials.records if (e := r.score.log_likelihood.standard_error) is not None]
        name = sensitivity.finding_name(sensitivity.SPREAD_DRAWS, row.model)
        draws = record.findings.get(name) if record is not None else None
        size = ErrorSizes(
            float(row.mnist.standard_error or 0),
            mean(errors) if errors else None,
            draws.value if draws is not None else None,
        )
        sizes[row.model] = size
        ids += trials.ids
        ours = "no trial" if size.over_examples is None else f"{size.over_examples:.1f} over test images"
        beside = "" if size.over_draws is None else f", {size.over_draws:.1f} over draws of samples"
        said.append(f"{row.label} {size.printed:g} printed, {ours}{beside}")
    decided = error_ruling(sizes, factor)
    why = ""
    if decided == UNTOLD:
        why = "without power, where both readings give an error of that size, or one is not recorded: "
    names = (sensitivity.NAME,) if record is not None else ()
    return Decision(decided, f"{why}{'; '.join(said)}; {_BY_CODE}", tuple(ids), names)


def spread_intervals(scores: Mapping[str, Sequence[float]], significance: float) -> dict[str, Interval]:
    """Give the interval of each row's standard deviation over seeds, corrected for four rows."""
    confidence = 1 - significance / len(ROWS)
    return {row: deviation_interval(values, confidence) for row, values in scores.items() if len(values) > 1}


def spread_ruling(intervals: Mapping[str, Interval], errors: Mapping[str, float]) -> Ruling:
    """Decide whether the printed errors cover the spread over seeds."""
    if any(interval.low > errors[row] for row, interval in intervals.items()):
        return FAILS
    covered = [row for row, interval in intervals.items() if interval.high <= errors[row]]
    return HOLDS if len(covered) == len(errors) else UNTOLD


def decide_error_covers_training(evidence: Evidence) -> Decision:
    """Decide whether the standard deviation over training seeds is no larger than the printed ±."""
    found = {row: as_published(evidence, "mnist", row) for row in ROWS}
    errors = {row.model: float(row.mnist.standard_error or 0) for row in paper.TABLE_1}
    scores = {row: list(f.scores.values()) for row, f in found.items()}
    intervals = spread_intervals(scores, rules().spread.significance)
    said, above = [], []
    for row, interval in intervals.items():
        label = paper.LABELS[row]
        said.append(
            f"{label}: ± {errors[row]:g} printed, {interval} over {interval.n} seeds{found[row].left_out}"
        )
        if interval.low > errors[row]:
            above.append(label)
    lacking = [paper.LABELS[row] for row in ROWS if row not in intervals]
    if lacking:
        said.append(f"no two seeds as published: {', '.join(lacking)}")
    judged = [found[row] for row in intervals]
    reason = f"standard deviation over seeds as published: {'; '.join(said)}"
    return Decision(
        spread_ruling(intervals, errors),
        f"larger than printed for {', '.join(above)}; {reason}" if above else reason,
        tuple(id for f in judged for id in f.trials),
        tuple(dict.fromkeys(name for f in judged for name in f.experiments)),
    )


DECIDERS: dict[str, Decider] = {
    "copied-rows": Decider("copied-rows", decide_copies),
    "error-over-examples": Decider("error-over-examples", decide_error_over_examples, (sensitivity.NAME,)),
    "error-covers-training": Decider("spread", decide_error_covers_training),
}
"""By the claim's id."""
