"""The names of the measures, and which of them can be asked of a data set."""

from __future__ import annotations

from collections.abc import Sequence

from gan_repro.util.text import suggestion

NEIGHBOURS = ("precision", "recall", "density", "coverage")
CLASS_BALANCE = "class-balance"
NAMES = ("kid", *NEIGHBOURS, "two-sample", "frechet", CLASS_BALANCE)
"""What can be measured. Class balance needs the net, so that it is only measured in its space."""

WITH_NETWORK = ("mnist",)
"""Data sets that have a net for features; others are compared as pixels."""


def check_measures(measures: str | Sequence[str], dataset: str) -> tuple[str, ...]:
    """Put the names that are asked for in the order of `NAMES`.

    Args:
        measures: "all", one name, or several.
        dataset: by name; of one without a net, "all" leaves out what needs it.

    Raises:
        ValueError: a measure is not known, or cannot be taken on that data set.
    """
    asked = (measures,) if isinstance(measures, str) else tuple(measures)
    everything = "all" in asked
    unknown = [name for name in asked if name not in (*NAMES, "all")]
    if unknown or not asked:
        wrong, known = unknown[0] if unknown else "", ("all", *NAMES)
        hint = suggestion(wrong, known, f"there are: {', '.join(known)}")
        raise ValueError(f"no measure is called {wrong!r}; {hint}")
    if CLASS_BALANCE in asked and dataset not in WITH_NETWORK:
        raise ValueError(
            f"{CLASS_BALANCE} needs a net that tells classes apart, and {dataset} has none; leave it out"
        )
    without = () if dataset in WITH_NETWORK else (CLASS_BALANCE,)
    return tuple(name for name in NAMES if (everything or name in asked) and name not in without)
