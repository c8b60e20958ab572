"""Controls of single rows: sources that leave something open, and the numbers of TFD, of simulated scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gan_repro.verdicts.controls.base import Control, answered
from gan_repro.verdicts.decision import FAILS, HOLDS, SOURCE_SILENT, UNTOLD, Ruling
from gan_repro.verdicts.evidence import printed
from gan_repro.verdicts.numbers import decide
from gan_repro.verdicts.order import tie_ruling
from gan_repro.verdicts.published import ROWS, WITH_CHAINS, RowScores
from gan_repro.verdicts.rules import NumberRule, rules

_SEEDS = 5
_DEVIATION = 1.0
"""Of a simulated score over seeds, nats: small, so that the right answer is known."""


def silent_controls() -> Iterator[Control]:
    """Simulate rows whose source leaves open what moves the score, near the printed number or far."""
    for row in WITH_CHAINS:
        for case, expected, offset, envelope in (
            ("the printed number within what the source leaves open", SOURCE_SILENT, -20.0, (-40.0, 10.0)),
            ("all that it leaves open 30 to 60 nats below the number", FAILS, -45.0, (-60.0, -30.0)),
            ("all that it leaves open 1 to 3 nats above the number", HOLDS, 2.0, (1.0, 3.0)),
            ("how far that moves the score not measured", UNTOLD, 0.0, None),
        ):
            found = _table("mnist", row, offset, envelope, ("the number of chains",))
            claim = f"mnist-{row}"
            yield answered(claim, f"simulated, {case}", expected, _decide("mnist", row, found))


def tfd_controls() -> Iterator[Control]:
    """Simulate the numbers of TFD, met and missed by far, and the two bold rows, alike and apart."""
    for row in ROWS:
        for case, expected, offset in (("at the printed number", HOLDS, 0.0), ("200 nats off", FAILS, 200.0)):
            found = _table("tfd", row, offset)
            yield answered(f"tfd-{row}", f"simulated, {case}", expected, _decide("tfd", row, found))
    rng, rule = np.random.default_rng(7), rules().tfd_bold
    for case, expected, apart, deviation in (
        ("alike", HOLDS, 0.0, _DEVIATION),
        ("200 nats apart", FAILS, 200.0, _DEVIATION),
        ("alike, scattering by 200 nats", UNTOLD, 0.0, 200.0),
    ):
        differences = list(rng.normal(apart, deviation, _SEEDS))
        yield answered("tfd-bold", f"simulated, {case}", expected, tie_ruling(differences, rule))


def _table(
    dataset: str,
    row: str,
    offset: float,
    envelope: tuple[float, float] | None = None,
    silent_on: tuple[str, ...] = (),
) -> dict[str, RowScores]:
    """Simulate the rows of Table 1, one of them so many nats off its number, the others at theirs."""
    rng, found = np.random.default_rng(6), {}
    for name in ROWS:
        number = printed(name, dataset)
        mean = number + (offset if name == row else 0.0)
        scores = dict(enumerate(rng.normal(mean, _DEVIATION, _SEEDS).tolist(), start=1))
        found[name] = RowScores(name, scores)
        if name == row and silent_on:
            ends = None if envelope is None else (number + envelope[0], number + envelope[1])
            found[name] = RowScores(name, scores, envelope=ends, silent_on=silent_on)
    return found


def _decide(dataset: str, row: str, found: dict[str, RowScores]) -> Ruling:
    rule: NumberRule = rules().number if dataset == "mnist" else rules().tfd_number
    return decide(found, row, {name: printed(name, dataset) for name in ROWS}, rule).ruling
