"""What a rule is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gan_repro.verdicts.evidence import Evidence


@dataclass(frozen=True)
class Decision:
    """What one rule found."""

    holds: bool | None
    """None: it cannot be told."""
    reason: str
    """With the numbers; for None, what is missing."""
    trials: tuple[str, ...] = ()
    """Ids of the trials that were looked at."""
    experiments: tuple[str, ...] = ()
    """Names of the experiments that were looked at."""


@dataclass(frozen=True)
class Rule:
    """What decides a claim, in words and in code."""

    decided_by: str
    """The test, with its threshold."""
    decide: Callable[[Evidence], Decision]
