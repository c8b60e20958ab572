"""gan_repro: Table 1 of "Generative Adversarial Nets" (2014), trained and scored again.

The parts, each importing only those before it: `data`, `models`, `parzen`, `trials`, and the commands.
They load on first use, so that ``import gan_repro`` stays cheap and never pulls in torch by itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_repro.results import load_results as load_results

__version__ = "0.1.0"

_PARTS = ("data", "models", "parzen", "trials", "paper")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"gan_repro.{name}")
    if name == "load_results":
        return importlib.import_module("gan_repro.results").load_results
    raise AttributeError(f"module 'gan_repro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PARTS, "load_results"])
