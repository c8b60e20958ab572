"""What presets are made of: the fixed seeds, and what is made smaller for a row."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

PresetName = Literal["smoke", "quick", "standard", "paper"]

# Written down before the first recorded trial was run; a preset takes as many as it says, from the left.
SEEDS = (1, 2, 3, 4, 5)


class Cut(BaseModel):
    """What a preset changes for a row, and in what that is smaller than the reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    """Entries of the model's `Config` that differ from the reference's (`Row.reference_settings`)."""
    evaluation: dict[str, Any] = {}
    """Entries of `EvaluationSpec` that differ from its defaults."""
    smaller: tuple[str, ...] = ()
    """Each cut in words, for the record."""
    minutes: float
    """Rough length on one core of a 2.6 GHz server CPU, for the plan; records know better."""
