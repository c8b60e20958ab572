"""Printed numbers against simulated and made-up seeds."""

import numpy as np
import pytest

from gan_repro.experiments import chains
from gan_repro.verdicts.numbers import compare, decide, ruling, seeds_needed
from gan_repro.verdicts.published import RowScores
from gan_repro.verdicts.rules import rules

RULE = rules().number
PRINTED = {"gan": 225.0, "gsn": 214.0, "dbn": 138.0, "cae": 121.0}
NEAR = [224.5, 226.0, 225.2, 224.8, 225.5]


def gan(*values, **options):
    return {"gan": RowScores("gan", dict(enumerate(values, start=1)), **options)} | {
        row: RowScores(row, missing=f"{row} is missing") for row in ("gsn", "dbn", "cae")
    }


def decided(*values, **options):
    return decide(gan(*values, **options), "gan", PRINTED, RULE)


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        (NEAR, "holds", "+0.2 from the printed 225"),
        ([206.0, 207.0, 206.5, 205.9, 207.2], "does not hold", "-18.5 from the printed 225"),
        ([206.0, 226.0, 240.0], "cannot be told", "50 seeds like these would not do"),
        (
            [225.0, 225.1],
            "cannot be told",
            "2 seeds with a score, mean 225.1 nats; 1 more are needed for the 3",
        ),
        ([], "cannot be told", "no seed with a score"),
    ],
)
def test_a_number_holds_within_the_margin_and_not_outside(values, expected, said):
    found = decided(*values)
    assert found.ruling == expected
    assert said in found.reason


def test_a_mean_ten_nats_off_no_longer_confirms_225():
    assert decided(214.5, 215.5, 215.0, 214.8, 215.3).ruling == "does not hold"


def test_beyond_the_margin_among_next_seeds_cannot_be_told():
    """The mean is significantly off, and one more training might still give the printed number."""
    values = [210.0, 219.0, 212.0, 222.0, 208.0, 218.0, 213.0, 221.0, 211.0, 216.0]
    tested = compare({"gan": values}, PRINTED, RULE)["gan"]
    assert tested.p_value < 0.05
    assert tested.closeness.outside < tested.closeness.inside
    assert 225 in tested.prediction
    assert ruling(tested, 225.0, RULE) == "cannot be told"


def test_rows_that_are_missing_count_in_the_correction():
    alone = compare({"gan": NEAR}, PRINTED, RULE)["gan"]
    assert alone.p_value == pytest.approx(4 * min(alone.closeness.inside, alone.closeness.outside))
    others = {row: [value - 40, value - 40.5, value - 41] for row, value in PRINTED.items() if row != "gan"}
    assert compare({"gan": NEAR, **others}, PRINTED, RULE)["gan"].p_value <= alone.p_value


def test_seeds_left_out_are_named():
    found = decided(*NEAR, left_out=" (not in the mean: seed 3 collapsed (-300.0))")
    assert "seed 3 collapsed (-300.0)" in found.reason


def test_where_the_source_is_silent_the_envelope_decides():
    silent = {"silent_on": ("chains", "burn-in")}
    unmeasured = decided(*NEAR, **silent)
    assert unmeasured.ruling == "cannot be told"
    assert "how far that moves the score is not recorded" in unmeasured.reason
    around = decided(206.0, 207.0, 206.5, envelope=(190.0, 260.0), **silent)
    assert around.ruling == "not determined by the source"
    assert "moves the score from 190.0 to 260.0 nats" in around.reason
    beyond = decided(206.0, 207.0, 206.5, 206.2, 206.4, envelope=(190.0, 210.0), **silent)
    assert beyond.ruling == "does not hold"


@pytest.mark.parametrize("number", [225.0, 215.0])
def test_the_seeds_that_would_be_needed_do_decide(number):
    """And one fewer does not."""
    needed = seeds_needed([221.0, 226.0, 224.0], number, RULE)
    assert 3 < needed <= 50

    def answer(n):
        shape = np.linspace(-1, 1, n)
        scores = 671 / 3 + 2.5166115 * shape / shape.std(ddof=1)  # of the same mean and deviation
        # The other rows are missing: p = 1, the strictest of Holm's levels for the one that is there.
        return ruling(compare({"gan": scores}, {**PRINTED, "gan": number}, RULE)["gan"], number, RULE)

    assert answer(needed) != "cannot be told"
    assert answer(needed - 1) == "cannot be told"


def test_scattered_seeds_never_exclude_a_number_among_them():
    """One more seed is expected around the printed number however well the mean is known."""
    assert seeds_needed([100.0, 300.0, 200.0], 225.0, RULE) is None
    assert "50 seeds like these would not do" in decided(100.0, 300.0, 200.0).reason


def test_where_the_envelope_decides_no_seeds_are_promised():
    silent = {"silent_on": ("chains",), "envelope": (90.0, 310.0)}
    assert "seeds like these" not in decided(100.0, 300.0, 200.0, **silent).reason
    assert "it would take" not in decided(221.0, 226.0, 224.0, **silent).reason


def test_the_ways_as_published_have_one_name():
    assert chains.published_name(chains.ONE_CHAIN, "gsn", 2, 0.2) == "one-chain/gsn/seed2/sigma0.2"
