"""What every model promises, as checks: the tests run them over our models, ``check-model`` over anybody's.

A check takes a `case.Case`, raises `case.ConformanceError` where the model breaks its promise, and says in
the first line of its docstring what the promise is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_repro.models.conformance.case import Case


def checks_of(case: Case) -> tuple[Callable[[Case], None], ...]:
    """List the checks that a model has to pass."""
    from gan_repro.models.conformance import every_model, trained_model

    return every_model.CHECKS + (trained_model.CHECKS if case.trained else ())
