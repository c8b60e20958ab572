"""How samples are shared among the Markov chains of a model."""

from __future__ import annotations

import math

LONG_CHAINS = 100
"""How many chains `Model.sample_consecutive` runs side by side."""


def chain_shape(n: int, chains: int) -> tuple[int, int]:
    """Share n samples among at most `chains` chains of equal length: (chains, samples per chain)."""
    per_chain = max(1, math.ceil(n / chains))
    return math.ceil(n / per_chain), per_chain
