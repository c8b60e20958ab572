"""Rules on what the ± of Table 1 is, and what its copied rows are copies of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gan_repro import paper
from gan_repro.experiments import sensitivity
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.intervals import Interval, deviation_interval
from gan_repro.stats.sums import mean
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Decider, Decision, Ruling
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.published import ROWS
from gan_repro.verdicts.rules import SpreadRule, rules

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
        size = ErrorSizes(
            float(row.mnist.standard_error or 0),
            mean(errors) if errors else None,
            _over_draws(record, row.model),
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


def spread_intervals(scores: Mapping[str, Sequence[float]], rule: SpreadRule) -> dict[str, Interval]:
    """Give the interval of each row's standard deviation over seeds, corrected for four rows.

    Rows of fewer seeds than the rule asks for have none.
    """
    confidence = 1 - rule.significance / len(ROWS)
    enough = {row: values for row, values in scores.items() if len(values) >= rule.minimum_seeds}
    return {row: deviation_interval(values, confidence) for row, values in enough.items()}


def spread_ruling(intervals: Mapping[str, Interval], errors: Mapping[str, float]) -> Ruling:
    """Decide whether the printed errors cover the spread over seeds."""
    if any(interval.low > errors[row] for row, interval in intervals.items()):
        return FAILS
    covered = [row for row, interval in intervals.items() if interval.high <= errors[row]]
    return HOLDS if len(covered) == len(errors) else UNTOLD


def decide_error_covers_training(evidence: Evidence) -> Decision:
    """Decide whether the standard deviation over training seeds is no larger than the printed ±."""
    found = {row: evidence.trials("mnist", row) for row in ROWS}
    errors = {row.model: float(row.mnist.standard_error or 0) for row in paper.TABLE_1}
    scores = {row: list(trials.scores.values()) for row, trials in found.items() if trials.full}
    rule, record = rules().spread, evidence.experiments.get(sensitivity.NAME)
    intervals = spread_intervals(scores, rule)
    said, lacking, above = [], [], []
    for row, trials in found.items():
        label = paper.LABELS[row]
        if row not in scores:
            lacking.append(trials.shortfall("mnist"))
        elif row not in intervals:
            lacking.append(f"{label}: {len(scores[row])} of {rule.minimum_seeds} seeds{trials.left_out()}")
        else:
            interval, again = intervals[row], _over_draws(record, row)
            redrawn = "" if again is None else f", {again:.1f} where one net is sampled again"
            said.append(
                f"{label}: ± {errors[row]:g} printed, {interval} over {interval.n} seeds{redrawn}"
                f"{trials.left_out()}"
            )
            if interval.low > errors[row]:
                above.append(label)
    reason = f"standard deviation over seeds: {'; '.join(said) or 'of no row'}"
    if lacking:
        reason += f"; not judged: {'; '.join(lacking)}"
    if above:
        judged_rows = f"{len(intervals)} of the {len(ROWS)} rows are judged"
        reason = f"larger than printed for {', '.join(above)}, where {judged_rows}; {reason}"
    return Decision(
        spread_ruling(intervals, errors),
        reason,
        tuple(id for row in intervals for id in found[row].ids),
        (sensitivity.NAME,) if any(_over_draws(record, row) is not None for row in intervals) else (),
    )


def _over_draws(record: ExperimentRecord | None, row: str) -> float | None:
    """Give the standard deviation of a row's score over draws of samples from one net, nats."""
    name = sensitivity.finding_name(sensitivity.SPREAD_DRAWS, row)
    found = record.findings.get(name) if record is not None else None
    return None if found is None else found.value


DECIDERS: dict[str, Decider] = {
    "copied-rows": Decider("copied-rows", decide_copies),
    "error-over-examples": Decider("error-over-examples", decide_error_over_examples, (sensitivity.NAME,)),
    "error-covers-training": Decider("spread", decide_error_covers_training, (sensitivity.NAME,)),
}
"""By the claim's id."""
