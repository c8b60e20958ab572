"""Seeds derived per axis, so that one base seed gives every purpose a stream of its own.

A trial's base seed and the names of an axis are hashed together. An axis that leaves the model out (the
order of the data) is the same for every model, which pairs the rows of a table; one that names it is not.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *axes: str | int) -> int:
    """A seed in [0, 2**63) from a base seed and the names of an axis.

    The hash is over canonical JSON, so ("a", "b_c") and ("a_b", "c") cannot collide.
    """
    text = json.dumps([seed, *axes], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *axes: str | int, device: str | torch.device = "cpu") -> torch.Generator:
    """A fresh torch generator on `device`, seeded with `derive_seed(seed, *axes)`."""
    import torch

    return torch.Generator(device).manual_seed(derive_seed(seed, *axes))
