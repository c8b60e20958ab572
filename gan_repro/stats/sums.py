"""Sums and means with the same last digit on every Python.

The built-in ``sum`` adds floats one after the other up to Python 3.11, and compensates for rounding since
3.12. What is recorded was added one after the other, and so is everything here.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import reduce


def total(values: Iterable[float]) -> float:
    """The sum of some numbers; 0 of none."""
    return reduce(operator.add, values, 0.0)


def mean(values: Iterable[float]) -> float:
    """The mean of some numbers.

    Raises:
        ValueError: there are none.
    """
    numbers = list(values)
    if not numbers:
        raise ValueError("no numbers have no mean")
    return total(numbers) / len(numbers)
