"""Controls of single rows: sources that leave something open, and the numbers of TFD, of simulated scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from gan_repro.verdicts.controls.base import Control, answered, smallest_seen
from gan_repro.verdicts.controls.seeds import AS_RECORDED, MARGINS, PRINTED_ERRORS, Random
from gan_repro.verdicts.decision import FAILS, HOLDS, SOURCE_SILENT, UNTOLD, Ruling
from gan_repro.verdicts.evidence import printed
from gan_repro.verdicts.numbers import compare, row_ruling
from gan_repro.verdicts.order import tie_ruling
from gan_repro.verdicts.published import ROWS, WITH_CHAINS, RowScores
from gan_repro.verdicts.rules import NumberRule, rules

_SEEDS = 5
_DEVIATION = 1.0
"""Of a simulated score over seeds, nats: small, so that the right answer is known."""


def silent_controls() -> Iterator[Control]:
    """Simulate rows whose source leaves open what moves the score, near the printed number or far."""
    for row in WITH_CHAINS:
        seen = _seen("mnist", row, AS_RECORDED, "as recorded")
        sees = f"{seen}, and none within the range that the source leaves open"
        for case, expected, offset, envelope in (
            ("the printed number within what the source leaves open", SOURCE_SILENT, -20.0, (-40.0, 10.0)),
            ("all that it leaves open 30 to 60 nats below the number", FAILS, -45.0, (-60.0, -30.0)),
            ("all that it leaves open 1 to 3 nats above the number", HOLDS, 2.0, (1.0, 3.0)),
            ("how far that moves the score not measured", UNTOLD, 0.0, None),
        ):
            answer = _ruling("mnist", row, offset, envelope=envelope, silent=True)
            yield answered(f"mnist-{row}", f"simulated, {case}", expected, answer, sees)


def tfd_controls() -> Iterator[Control]:
    """Simulate the numbers of TFD, met and missed by far, and the two bold rows, alike and apart."""
    for row in ROWS:
        sees = _seen("tfd", row, PRINTED_ERRORS, "the printed ±")
        for case, expected, offset in (("at the printed number", HOLDS, 0.0), ("200 nats off", FAILS, 200.0)):
            answer = _ruling("tfd", row, offset)
            yield answered(f"tfd-{row}", f"simulated, {case}", expected, answer, sees)
    rule, both = rules().tfd_bold, math.hypot(PRINTED_ERRORS["cae"], PRINTED_ERRORS["gan"])

    def tie(rng: Random, apart: float, deviation: float = both) -> Ruling:
        return tie_ruling(list(rng.normal(apart, deviation, _SEEDS)), rule)

    seen = smallest_seen(tie, MARGINS, FAILS)
    sees = _said(seen, "apart", both, "from the printed ±")
    for case, expected, apart, deviation in (
        ("alike", HOLDS, 0.0, _DEVIATION),
        ("200 nats apart", FAILS, 200.0, _DEVIATION),
        ("alike, scattering by 200 nats", UNTOLD, 0.0, 200.0),
    ):
        answer = tie(np.random.default_rng(7), apart, deviation)
        yield answered("tfd-bold", f"simulated, {case}", expected, answer, sees)


def _seen(dataset: str, row: str, deviations: Mapping[str, float], source: str) -> str:
    """Say how far off its number a row is seen to be whose scores scatter so much."""

    def decide(rng: Random, offset: float) -> Ruling:
        return _ruling(dataset, row, offset, deviations, rng)

    return _said(smallest_seen(decide, MARGINS, FAILS, 50), "off", deviations[row], source)


def _said(seen: float | None, where: str, deviation: float, source: str) -> str:
    found = f"{seen:g} nats {where}" if seen else f"none up to {MARGINS[-1]:g} nats {where}"
    return f"{found}, {_SEEDS} seeds, deviation {deviation:.3g} ({source})"


def _ruling(
    dataset: str,
    row: str,
    offset: float,
    deviations: Mapping[str, float] | None = None,
    rng: Random | None = None,
    *,
    envelope: tuple[float, float] | None = None,
    silent: bool = False,
) -> Ruling:
    """Simulate the rows of Table 1, one of them so many nats off its number; decide on that one.

    Args:
        dataset: of the table.
        row: that is off; the others are at their numbers.
        offset: of its mean, nats.
        deviations: of the rows over seeds, nats; a small one by default.
        rng: of the scores.
        envelope: what the source leaves open, nats above the printed number; None: not measured.
        silent: whether the source leaves something open.
    """
    rng = np.random.default_rng(6) if rng is None else rng
    rule: NumberRule = rules().number if dataset == "mnist" else rules().tfd_number
    numbers = {name: printed(name, dataset) for name in ROWS}
    scores = {
        name: rng.normal(
            number + (offset if name == row else 0.0), (deviations or {}).get(name, _DEVIATION), _SEEDS
        ).tolist()
        for name, number in numbers.items()
    }
    number = numbers[row]
    ends = None if envelope is None else (number + envelope[0], number + envelope[1])
    ours = RowScores(
        row,
        dict(enumerate(scores[row], start=1)),
        envelope=ends,
        silent_on=("the number of chains",) if silent else (),
    )
    return row_ruling(ours, compare(scores, numbers, rule)[row], number, rule)
