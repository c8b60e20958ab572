"""gan_repro: Table 1 of "Generative Adversarial Nets" (2014), trained and scored again.

The parts, each importing only those before it: `data`, `models`, `parzen`, `scoring`, `trials`, and the
commands. `score` scores samples of one's own, `load_results` reads a folder of records. All load on first
use, so that ``import gan_repro`` stays cheap and never pulls in torch by itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_repro.experiments.results import load_results as load_results
    from gan_repro.scoring.api import SampleWarning as SampleWarning
    from gan_repro.scoring.api import score as score
    from gan_repro.scoring.report import ScoreReport as ScoreReport
    from gan_repro.scoring.submissions import load_submissions as load_submissions

__version__ = "0.1.0"

_PARTS = ("data", "models", "parzen", "scoring", "trials", "paper")
_NAMES = {"load_results": "experiments.results"} | dict.fromkeys(
    ("SampleWarning", "ScoreReport", "load_submissions", "score"), "scoring"
)
"""Name -> the part that has it."""


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"gan_repro.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"gan_repro.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'gan_repro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PARTS, *_NAMES])
