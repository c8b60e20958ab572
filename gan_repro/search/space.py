"""What the search tries: the same number of candidates for each model, and about the same time for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Space(BaseModel):
    """What is tried for one model: settings common to all candidates, and each candidate's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    common: dict[str, Any]
    candidates: tuple[dict[str, Any], ...]
    chained: bool = True
    """Whether its samples come from Markov chains, so that there is a second round."""
    published: bool = False
    """Whether the first candidate is a published recipe, to which the row keeps whatever is found."""


_LONG_CHAINS = {"chains": 100, "burn_in": 100}

CHAINS: tuple[dict[str, int], ...] = (
    _LONG_CHAINS,
    {"chains": 1_000, "burn_in": 25},
    {"chains": 10_000, "burn_in": 5},
    {"chains": 10_000, "burn_in": 10},
    {"chains": 10_000, "burn_in": 25},
    {"chains": 10_000, "burn_in": 50},
)
"""The second round: how many chains share the 10,000 samples, and the steps of each before its first."""

# Epochs such that a candidate takes two to three minutes on one core of a 2.6 GHz server CPU.
SPACES: Mapping[str, Space] = {
    "dbn": Space(
        common={"epochs": 12, **_LONG_CHAINS},
        candidates=tuple(
            {"learning_rate": rate, "weight_decay": decay}
            for decay in (0.0, 2e-4)
            for rate in (0.02, 0.05, 0.1)
        ),
    ),
    "cae": Space(
        common={"epochs": 12, "chains": 100, "burn_in": 30},
        candidates=tuple(
            {"contraction": contraction, "walk_noise": noise}
            for contraction in (0.3, 0.5, 0.8)
            for noise in (0.4, 0.6)
        ),
    ),
    "gsn": Space(
        common={"epochs": 1, **_LONG_CHAINS},
        candidates=(
            {"learning_rate": 0.25, "hidden_noise": 2.0},
            {"learning_rate": 1.0, "hidden_noise": 2.0},
            {"learning_rate": 2.0, "hidden_noise": 2.0},
            {"learning_rate": 2.0, "hidden_noise": 1.5},
            {"learning_rate": 1.0, "hidden_noise": 1.0},
            {"learning_rate": 2.0, "hidden_noise": 1.0},
        ),
    ),
    # mnist.yaml, what else the authors tried before and after it, and Algorithm 1 as printed.
    "gan": Space(
        common={"epochs": 7},
        candidates=(
            {"learning_rate": 0.1},
            {"noise": "gaussian"},
            {"max_column_norm": 1.9365},
            {"learning_rate": 0.125, "momentum_epochs": 125},
            {"learning_rate": 0.2},
            {"update": "alternating"},
        ),
        chained=False,
        published=True,
    ),
}
