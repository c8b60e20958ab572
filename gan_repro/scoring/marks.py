"""What keeps a score from standing beside Table 1 as it is."""

from __future__ import annotations

TABLE_1_SAMPLES = 10_000
"""How many samples each number of Table 1 rests on."""


def marks_of(n: int, fold: int | None, at_grid_edge: bool) -> tuple[str, ...]:
    """Say why a score does not stand beside Table 1 as it is.

    Args:
        n: how many samples were scored.
        fold: of the data set, where it has folds; the paper has the mean over them.
        at_grid_edge: whether the best sigma was the smallest or largest tried.
    """
    reasons = {
        f"{n:,} samples, where Table 1 uses {TABLE_1_SAMPLES:,}": n != TABLE_1_SAMPLES,
        f"fold {fold} alone": fold is not None,
        "the best sigma is at the edge of the grid": at_grid_edge,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
