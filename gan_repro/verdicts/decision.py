"""What a verdict's rule returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gan_repro.verdicts.evidence import Evidence

Ruling = Literal[
    "holds",
    "does not hold",
    "cannot be told",
    "not determined by the source",
    "depends on how the chains are run",
]

HOLDS: Ruling = "holds"
FAILS: Ruling = "does not hold"
UNTOLD: Ruling = "cannot be told"
SOURCE_SILENT: Ruling = "not determined by the source"
CHAINS_DECIDE: Ruling = "depends on how the chains are run"


@dataclass(frozen=True)
class Decision:
    """What one rule found."""

    ruling: Ruling
    reason: str
    """With the numbers; where it cannot be told, what is missing."""
    trials: tuple[str, ...] = ()
    """Ids of the trials that were judged."""
    experiments: tuple[str, ...] = ()
    """Names of the experiments that were judged."""


@dataclass(frozen=True)
class Decider:
    """What decides a claim."""

    rule: str
    """Its name in rules.toml."""
    decide: Callable[[Evidence], Decision]
    experiments: tuple[str, ...] = ()
    """Names of the experiments that it reads."""
