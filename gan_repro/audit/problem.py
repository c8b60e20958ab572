"""One thing that does not hold, or that cannot be checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where."""

    where: str
    """A file, a trial's id or a cell."""
    what: str
    """One sentence."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
