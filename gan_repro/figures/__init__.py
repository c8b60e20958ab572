"""Figures from the records, readable in print and without colour vision.

    python -m gan_repro.figures [--dataset mnist] [--results DIR]

Like the tables they are functions of the records alone. Matplotlib is imported when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.util.lazy import attach

if TYPE_CHECKING:
    from gan_repro.figures.__main__ import main as main
    from gan_repro.figures.experiments import game as game
    from gan_repro.figures.experiments import loss_gradients as loss_gradients
    from gan_repro.figures.experiments import sample_count as sample_count
    from gan_repro.figures.experiments import update_order as update_order
    from gan_repro.figures.scores import all_scores as all_scores
    from gan_repro.figures.style import save as save
    from gan_repro.figures.training import learning_curves as learning_curves
    from gan_repro.figures.training import sigma_curves as sigma_curves

__getattr__ = attach(
    __name__,
    {
        "all_scores": "scores",
        "game": "experiments",
        "learning_curves": "training",
        "loss_gradients": "experiments",
        "main": "__main__",
        "sample_count": "experiments",
        "save": "style",
        "sigma_curves": "training",
        "update_order": "experiments",
    },
)
