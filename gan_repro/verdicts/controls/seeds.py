"""Controls of the rules over training seeds: simulated scores of which the truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gan_repro import paper
from gan_repro.verdicts.controls.base import Control, answered, smallest_seen
from gan_repro.verdicts.decision import CHAINS_DECIDE, FAILS, HOLDS, UNTOLD
from gan_repro.verdicts.errors import ErrorSizes, error_ruling, spread_intervals, spread_ruling
from gan_repro.verdicts.evidence import printed
from gan_repro.verdicts.numbers import compare, ruling
from gan_repro.verdicts.order import Pair, printed_order
from gan_repro.verdicts.order import compare as compare_pairs
from gan_repro.verdicts.order import ruling as order_ruling
from gan_repro.verdicts.published import ROWS, WAYS
from gan_repro.verdicts.quality import difference
from gan_repro.verdicts.quality import ruling as quality_ruling
from gan_repro.verdicts.rules import rules

DEVIATION = 3.5
"""Of a simulated score over seeds, nats: about that of the recorded adversarial nets."""

_REPETITIONS = 200
_OFFSETS = tuple(float(offset) for offset in range(1, 41))

Random = np.random.Generator


def number_controls() -> Iterator[Control]:
    """Simulate all four rows at their printed numbers, and 5 and 11 nats off."""
    rule, numbers = rules().number, {row: printed(row, "mnist") for row in ROWS}
    for n in rule.seeds_of_a_verdict:

        def family(rng: Random, offset: float, n: int = n) -> list[str]:
            scores = {row: list(rng.normal(number + offset, DEVIATION, n)) for row, number in numbers.items()}
            tested = compare(scores, numbers, rule)
            return [ruling(tested[row], number, rule) for row, number in numbers.items()]

        def first(rng: Random, offset: float, n: int = n) -> str:
            return family(rng, offset, n)[0]

        seen = smallest_seen(first, _OFFSETS, FAILS)
        sees = f"{seen:g} nats off, {n} seeds" if seen else f"none up to {_OFFSETS[-1]:g} nats with {n} seeds"
        yield _rates("at the printed numbers", n, family, 0.0, wrong=FAILS, sees=sees)
        yield _rates("5 nats off, the margin", n, family, rule.margin, wrong=HOLDS)
        yield _rates("11 nats off", n, family, 11.0, wrong=HOLDS)
    seeds = range(3, 41)
    needed = smallest_seen(_at_the_number, [float(n) for n in seeds], HOLDS)
    yield Control(
        "mnist-gan",
        f"simulated tables at the printed numbers, deviation {DEVIATION:g}",
        f'"{HOLDS}" with a power of 0.9 at some number of seeds',
        f"at {needed:.0f} seeds" if needed else f"at none up to {seeds[-1]}",
        needed is not None,
    )


def order_controls() -> Iterator[Control]:
    """Simulate rows in the printed order, in reverse, and differing between the two ways."""
    rival = [("gan", row) for row in ("gsn", "dbn", "cae")]
    yield from _order("mnist-order", "mnist", printed_order("mnist"), WAYS)
    yield from _order("mnist-bold", "mnist", rival, WAYS)
    yield from _order("tfd-order", "tfd", printed_order("tfd"), WAYS[:1])


def _order(claim: str, dataset: str, pairs: Sequence[Pair], ways: Sequence[str]) -> Iterator[Control]:
    rule = rules().order if dataset == "mnist" else rules().tfd_order
    numbers = {row: printed(row, dataset) for row in ROWS}

    def decide(rng: Random, *means: dict[str, float], n: int = 5) -> str:
        scores = {
            way: {row: dict(enumerate(rng.normal(mean, DEVIATION, n))) for row, mean in each.items()}
            for way, each in zip(ways, means, strict=False)
        }
        return order_ruling(compare_pairs(scores, pairs, rule.minimum_seeds), pairs, rule.significance)

    def apart(rng: Random, margin: float) -> str:
        means = {row: -margin * place for place, row in enumerate(sorted(ROWS, key=lambda r: -numbers[r]))}
        return decide(rng, means, means)

    seen = smallest_seen(apart, _OFFSETS, HOLDS)
    sees = f"rows {seen:g} nats apart, 5 seeds" if seen else "none"
    far = {row: 10 * mean for row, mean in numbers.items()}
    back = {row: -mean for row, mean in far.items()}
    level = dict.fromkeys(ROWS, 200.0)
    both = ", both ways" if len(ways) > 1 else ""
    cases = [
        (f"far apart, as printed{both}", HOLDS, (far, far)),
        (f"far apart, in reverse{both}", FAILS, (back, back)),
        ("as printed one way, in reverse the other", CHAINS_DECIDE, (far, back)),
        ("all rows alike", UNTOLD, (level, level)),
    ]
    for case, expected, means in cases:
        if len(ways) > 1 or means[0] is means[1]:
            answer = decide(np.random.default_rng(1), *means)
            yield Control(claim, f"simulated, {case}", expected, answer, answer == expected, sees)


def spread_controls() -> Iterator[Control]:
    """Simulate seeds that scatter less, and more, than the printed errors."""
    errors = {row.model: float(row.mnist.standard_error or 0) for row in paper.TABLE_1}

    def decide(rng: Random, factor: float) -> str:
        scores = {row: list(rng.normal(0, factor * error, 5)) for row, error in errors.items()}
        return spread_ruling(spread_intervals(scores, rules().spread), errors)

    seen = smallest_seen(decide, [1 + 0.25 * step for step in range(1, 60)], FAILS)
    sees = f"{seen:g} times the printed error, 5 seeds" if seen else "none"
    for factor, expected in ((0.1, HOLDS), (10.0, FAILS), (1.0, UNTOLD)):
        case = f"simulated, a spread of {factor:g} times the printed error"
        answer = decide(np.random.default_rng(2), factor)
        yield Control("error-covers-training", case, expected, answer, answer == expected, sees)


def error_controls() -> Iterator[Control]:
    """Put printed errors beside those of ours that are like one of them, or both."""
    factor = rules().error_over_examples.factor

    def decide(ratio: float, draws: float) -> str:
        return error_ruling({row: ErrorSizes(ratio, 1.0, draws) for row in ROWS}, factor)

    none = f"errors more than {factor:g} times apart; nothing where both of ours are of one size, as recorded"
    for case, expected, answer in (
        ("printed as over test images, draws scatter 5 times as much", HOLDS, decide(1.0, 5.0)),
        ("printed 5 times those over test images", FAILS, decide(5.0, 1.0)),
        ("both of ours alike", UNTOLD, decide(1.0, 1.0)),
    ):
        yield Control("error-over-examples", case, expected, answer, answer == expected, none)


def quality_controls() -> Iterator[Control]:
    """Simulate distances of samples from images that are alike, and far worse."""

    def decide(rng: Random, worse: float) -> str:
        kid = {row: dict(enumerate(rng.normal(1, 0.05, 5))) for row in ("dbn", "cae", "gsn")}
        kid["gan"] = dict(enumerate(rng.normal(1 + worse, 0.05, 5)))
        found = {way: difference(kid, rules().sample_quality) for way in WAYS}
        return quality_ruling(found, 0.2)

    seen = smallest_seen(decide, [0.05 * step for step in range(1, 60)], FAILS)
    sees = f"KID worse by {seen:.2g}, with a margin of 0.2 and 0.05 over 5 seeds" if seen else "none"
    for case, expected, worse in (("alike", HOLDS, 0.0), ("far worse", FAILS, 2.0)):
        answer = decide(np.random.default_rng(3), worse)
        yield Control("competitive-samples", f"simulated, {case}", expected, answer, answer == expected, sees)


def copy_controls() -> Iterator[Control]:
    """Decide on the copies as printed, and with one number changed."""
    from gan_repro.verdicts.errors import copies_ruling

    claim = "copied-rows"
    changed = {**paper.COPIED, ("gsn", "mnist"): ("216", "1.1")}
    sees = "one unit of the last digit printed"
    yield answered(claim, "the sources' numbers", HOLDS, copies_ruling(paper.COPIED)[0], sees)
    yield answered(claim, "216 in the source in place of 214", FAILS, copies_ruling(changed)[0], sees)


def _rates(
    case: str,
    n: int,
    family: Callable[[Random, float], list[str]],
    offset: float,
    *,
    wrong: str,
    sees: str = "",
) -> Control:
    """Count how often at least one of four rows is answered wrongly."""
    rng = np.random.default_rng(4)
    counts: Counter[str] = Counter()
    errors = 0
    for _ in range(_REPETITIONS):
        found = family(rng, offset)
        errors += wrong in found
        counts.update(found)
    share = errors / _REPETITIONS
    rates = ", ".join(f"{name} {count / (4 * _REPETITIONS):.0%}" for name, count in counts.most_common())
    # Two standard errors of a share of 5 % over so many repetitions.
    allowed = 0.05 + 2 * (0.05 * 0.95 / _REPETITIONS) ** 0.5
    return Control(
        "mnist-gan",
        f"{_REPETITIONS} simulated tables {case}, {n} seeds, deviation {DEVIATION:g}",
        f'"{wrong}" in at most 5 % of the tables',
        f"in {share:.1%}; rows: {rates}",
        share <= allowed,
        sees,
    )


def _at_the_number(rng: Random, seeds: float) -> str:
    """Decide on the adversarial nets of a simulated table of so many seeds, rows at their printed numbers."""
    rule, numbers = rules().number, {row: printed(row, "mnist") for row in ROWS}
    scores = {row: list(rng.normal(number, DEVIATION, int(seeds))) for row, number in numbers.items()}
    return ruling(compare(scores, numbers, rule)["gan"], numbers["gan"], rule)
