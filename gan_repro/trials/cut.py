"""What presets are made of: the fixed seeds, and what is made smaller for a row."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PresetName = Literal["smoke", "quick", "standard", "paper"]

# Written down before the first recorded trial was run; a preset takes as many as it says, from the left.
SEEDS = (1, 2, 3, 4, 5)

Minutes = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Cut(BaseModel):
    """What a preset changes for a row, and in what that is smaller than the reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    """Entries of the model's `Config` that differ from the reference's (`Row.reference_settings`)."""
    evaluation: dict[str, Any] = {}
    """Entries of `EvaluationSpec` that differ from its defaults."""
    smaller: tuple[str, ...] = ()
    """Each cut in words, for the record."""
    minutes: Minutes
    """Rough length on one core of a 2.6 GHz server CPU, for the plan; records know better."""
