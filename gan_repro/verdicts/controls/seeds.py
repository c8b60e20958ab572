"""Controls of the rules over training seeds: simulated scores of which the truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from gan_repro import paper
from gan_repro.experiments import sensitivity
from gan_repro.stats.intervals import pooled_deviation
from gan_repro.verdicts.controls.base import POWER, SEEDS, Control, answered, smallest_seen
from gan_repro.verdicts.decision import CHAINS_DECIDE, FAILS, HOLDS, UNTOLD
from gan_repro.verdicts.errors import ErrorSizes, error_ruling, spread_intervals, spread_ruling
from gan_repro.verdicts.evidence import printed
from gan_repro.verdicts.numbers import compare, ruling
from gan_repro.verdicts.order import Pair, printed_order
from gan_repro.verdicts.order import compare as compare_pairs
from gan_repro.verdicts.order import ruling as order_ruling
from gan_repro.verdicts.published import ROWS, WAYS
from gan_repro.verdicts.rules import rules

DEVIATION = 3.5
"""Of a simulated score over seeds, nats: about that of the adversarial nets of 100 epochs."""

AS_RECORDED: Mapping[str, float] = {"gan": DEVIATION, "dbn": 55.0, "cae": 100.0, "gsn": 5.0}
"""About the recorded deviation over seeds of a row as published, nats: the power is that of such scores."""
BY_SEARCH: Mapping[str, float] = {"gan": DEVIATION, "dbn": 8.0, "cae": 4.0, "gsn": 4.0}
"""The same of a row at the best of its search."""
PRINTED_ERRORS = {row.model: float(row.tfd.standard_error or 0) for row in paper.TABLE_1}
"""Of TFD's numbers, nats, in place of deviations, which are not recorded."""

_REPETITIONS = 200
MARGINS = tuple(5.0 * step for step in range(1, 401))
"""Effects that are tried where scores scatter by tens of nats."""
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
        sees += f", deviation {DEVIATION:g}"
        yield _rates("at the printed numbers", n, family, 0.0, wrong=FAILS, sees=sees)
        yield _rates("5 nats off, the margin", n, family, rule.margin, wrong=HOLDS)
        yield _rates("11 nats off", n, family, 11.0, wrong=HOLDS)
        yield _power(n, family)
    seeds, planned = range(3, 41), max(rule.seeds_of_a_verdict)
    needed = smallest_seen(_at_the_number, [float(n) for n in seeds], HOLDS)
    yield Control(
        "mnist-gan",
        f"simulated tables at the printed numbers, deviation {DEVIATION:g}",
        f'"{HOLDS}" with a power of 0.9 at some number of seeds',
        f"at {needed:.0f} seeds" if needed else f"at none up to {seeds[-1]}",
        needed is not None,
        f"a true number confirmed from {needed:.0f} seeds on ({planned} are planned), deviation {DEVIATION:g}"
        if needed
        else "",
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

    alike = dict.fromkeys(ROWS, DEVIATION)
    recorded = (AS_RECORDED, BY_SEARCH) if dataset == "mnist" else (PRINTED_ERRORS,)

    def decide(
        rng: Random, *means: dict[str, float], deviations: Sequence[Mapping[str, float]] = (alike, alike)
    ) -> str:
        scores = {
            way: {row: dict(enumerate(rng.normal(mean, of[row], 5))) for row, mean in each.items()}
            for way, each, of in zip(ways, means, deviations, strict=False)
        }
        return order_ruling(compare_pairs(scores, pairs, rule.minimum_seeds), pairs, rule.significance)

    def apart(rng: Random, margin: float) -> str:
        means = {row: -margin * place for place, row in enumerate(sorted(ROWS, key=lambda r: -numbers[r]))}
        return decide(rng, means, means, deviations=recorded)

    seen = smallest_seen(apart, MARGINS, HOLDS)
    source = "deviations as recorded" if dataset == "mnist" else "deviations the printed ±"
    sees = f"rows {seen:g} nats apart, 5 seeds, {source}" if seen else "none"
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
    """Simulate scores of test images, drawn again and again, and errors that are one of them or the other."""
    rule = rules().error_over_examples

    def decide(rng: Random, draws: float, printed: float = 1.0, *, over_draws: bool = False) -> str:
        """Decide where scores scatter so much over draws, and errors are so many times as large."""
        sizes = {}
        for row in ROWS:
            ours, theirs = (_two_errors(rng, draws) for _ in range(2))
            sizes[row] = ErrorSizes(printed * theirs[over_draws], *ours)
        return error_ruling(sizes, rule.factor)

    effects = [1 + 0.25 * step for step in range(1, 60)]
    apart = smallest_seen(decide, effects, HOLDS)
    larger = smallest_seen(lambda rng, x: decide(rng, 1.0, x), effects, FAILS)
    sees = (
        f"draws that scatter {apart or 0:g} times the error over test images; errors {larger or 0:g} times"
        " that; nothing where both are of one size, as recorded"
    )
    for case, expected, draws, over_draws in (
        ("errors over test images, draws that scatter 5 times as much", HOLDS, 5.0, False),
        ("errors over draws, which scatter 5 times as much", FAILS, 5.0, True),
        ("errors over test images, draws that scatter as much", UNTOLD, 1.0, False),
        ("errors over draws, which scatter as much", UNTOLD, 1.0, True),
    ):
        answer = decide(np.random.default_rng(9), draws, over_draws=over_draws)
        yield Control("error-over-examples", f"simulated, {case}", expected, answer, answer == expected, sees)


def _two_errors(rng: Random, draws: float, n_images: int = 200) -> tuple[float, float]:
    """Simulate scores of a row's nets; their error over images, which is 1, and their scatter over draws."""
    shape = (SEEDS, sensitivity.Settings().draws)
    scatter = rng.normal(0, draws, (*shape, 1))
    scores = rng.normal(0, np.sqrt(n_images), (SEEDS, 1, n_images)) + scatter
    examples = float(scores[:, 0].std(axis=1, ddof=1).mean() / np.sqrt(n_images))
    return examples, pooled_deviation(scores.mean(axis=2).tolist())[0]


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


def _power(n: int, family: Callable[[Random, float], list[str]]) -> Control:
    """Count how often a row far off its number is answered so: a rule that never says no is of no use."""
    rng, offset = np.random.default_rng(4), _OFFSETS[-1]
    found = [answer for _ in range(_REPETITIONS) for answer in family(rng, offset)]
    share = found.count(FAILS) / len(found)
    return Control(
        "mnist-gan",
        f"{_REPETITIONS} simulated tables {offset:g} nats off, {n} seeds, deviation {DEVIATION:g}",
        f'"{FAILS}" in at least {POWER:.0%} of the rows',
        f"in {share:.1%}",
        share >= POWER,
    )


def _at_the_number(rng: Random, seeds: float) -> str:
    """Decide on the adversarial nets of a simulated table of so many seeds, rows at their printed numbers."""
    rule, numbers = rules().number, {row: printed(row, "mnist") for row in ROWS}
    scores = {row: list(rng.normal(number, DEVIATION, int(seeds))) for row, number in numbers.items()}
    return ruling(compare(scores, numbers, rule)["gan"], numbers["gan"], rule)
