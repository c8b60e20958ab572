"""A number with its error, and what the error is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeFloat

Over = Literal["test examples", "folds", "training seeds", "Parzen samples"]


class Estimate(BaseModel):
    """A mean and its standard error.

    Table 1 prints two different quantities with the same sign: on MNIST the error across test examples of
    one trained model, on TFD the error across folds. `over` says which one this is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    """The mean, in nats where it is a log-likelihood."""
    standard_error: NonNegativeFloat | None
    """In the unit of `value`; None where it is undefined (fewer than two observations), never 0."""
    over: Over
    """What was averaged, and across which the error is."""
    n: int | None
    """How many of them; None where a source does not say."""

    @classmethod
    def from_values(cls, values: Sequence[float] | np.ndarray, over: Over) -> Estimate:
        """Mean and standard error of `values`, with the sample standard deviation (ddof = 1)."""
        array = np.asarray(values, dtype=np.float64)
        if array.size == 0:
            raise ValueError(f"an estimate over {over} needs at least one value")
        error = float(array.std(ddof=1) / np.sqrt(array.size)) if array.size > 1 else None
        return cls(value=float(array.mean()), standard_error=error, over=over, n=int(array.size))

    def __str__(self) -> str:
        if self.standard_error is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} ± {self.standard_error:.1f}"
