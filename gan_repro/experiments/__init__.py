"""Experiments on the paper's claims and on the protocol: each leaves one record in results/experiments."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_repro.util.text import suggestion

if TYPE_CHECKING:
    from types import ModuleType

    from gan_repro.experiments.record import ExperimentRecord
    from gan_repro.models.products import Products

_MODULES = {
    "game-1d": "the optimal discriminator, -log 4 and Figure 1, where the densities are known",
    "loss-early": "non-saturating against saturating loss, early in training",
    "sharp-distributions": "how thin a ring and point masses adversarial nets learn, and Markov chains",
    "update-order": "why alternating updates collapse where simultaneous ones train",
    "collapse-rates": "how often a recipe collapses in a short training",
    "helvetica": "collapse when G is trained without D",
    "memorisation": "are samples copies of training images?",
    "interpolation": "is interpolation in z smooth?",
    "independence": "are consecutive samples independent?",
    "sensitivity": "what each choice of the protocol costs, in nats",
    "sample-count": "the score against the number of samples, 1,000 to 10,000,000",
    "chains": "the score against how chains are run, and rows sampled as published",
    "chain-habits": "start, thinning and number of the chains that are sampled",
    "sample-quality": "KID, precision, recall and other measures of the rows' samples",
    "true-likelihood": "the log-likelihood that the Parzen score stands for, by annealed importance sampling",
    "precision": "what products in bfloat16 change, beside float32: nats, collapses, seconds",
}


def names() -> list[str]:
    """Return the names that `run` knows."""
    return list(_MODULES)


def about(name: str) -> str:
    """What an experiment asks, in a few words."""
    return _MODULES[name]


def module(name: str) -> ModuleType:
    """The module of an experiment: its `VERSION`, `Settings` and `run`.

    Raises:
        ValueError: there is no such experiment; the message lists those there are.
    """
    if name not in _MODULES:
        hint = suggestion(name, tuple(_MODULES), f"there are: {', '.join(_MODULES)}")
        raise ValueError(f"no experiment is called {name!r}; {hint}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def run(
    name: str,
    settings: Any = None,
    *,
    results: Path = Path("results"),
    root: Path | None = None,
    products: Products = "torch",
) -> ExperimentRecord:
    """Run an experiment on one thread and write its record, and its pictures where it has any.

    Args:
        name: one of `names()`.
        settings: its module's `Settings`; None for the defaults, which are the real run.
        results: where recorded trials and checkpoints are read, and `experiments/NAME.json` is written. Of a
            row that has no finished trial there, those of the clone's published record are taken, with their
            published weights.
        root: the user's own data folder.
        products: who takes its float32 matrix products (`gan_repro.models.products`).

    Raises:
        ValueError: no experiment has that name.
        NoModelError: a trained model that it needs is not there; the message says what makes it.
        OSError: the folder cannot be written, or the data cannot be had.
    """
    from gan_repro.experiments import base
    from gan_repro.util import folders

    context = base.Context(results, root, products, folders.published_folder())
    return base.run_and_write(name, module(name), settings, context)
