"""No printed number depends on the Python: its `sum` adds plainly up to 3.11 and compensates since 3.12."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gan_repro.report.check import check_printed
from gan_repro.stats.sums import mean, total

RESULTS = Path(__file__).parents[2] / "results"


def plain(values: Iterable[Any], start: Any = 0) -> Any:
    for value in values:
        start = start + value
    return start


def compensated(values: Iterable[Any], start: Any = 0) -> Any:
    numbers = list(values)
    if start == 0 and any(type(number) is float for number in numbers):
        return math.fsum(numbers)
    return plain(numbers, start)


TENTHS = [0.1] * 6
OF_OTHER_PYTHONS = compensated if sum(TENTHS) == plain(TENTHS) else plain


def test_every_table_and_report_is_the_same_on_any_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """With this Python's own `sum` the audit of the published record checks them (test_report.py)."""
    monkeypatch.setattr(builtins, "sum", OF_OTHER_PYTHONS)
    assert [str(problem) for problem in check_printed(RESULTS)] == []


def test_what_stands_in_for_sum_differs_as_the_pythons_do() -> None:
    assert plain(TENTHS) != compensated(TENTHS)
    assert sum(TENTHS) in (plain(TENTHS), compensated(TENTHS))
    assert OF_OTHER_PYTHONS(TENTHS) != sum(TENTHS)


def test_numbers_are_added_one_after_the_other() -> None:
    """As the means of folds and of seeds are that are recorded and printed."""
    for values in (TENTHS, 5 * TENTHS, [1e16, 1.0, -1e16], [5.0], []):
        assert total(values) == plain(values)
    assert mean(TENTHS) == plain(TENTHS) / 6
    with pytest.raises(ValueError, match="no mean"):
        mean([])
