"""What all figures share: colours and line styles of the models, sizes, and how a figure is saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by readers with any kind of colour vision; line styles for print.
MODELS = {
    "gan": ("#0072B2", "-"),
    "gsn": ("#D55E00", "--"),
    "cae": ("#009E73", "-."),
    "dbn": ("#CC79A7", ":"),
}
REFERENCES = {
    "train-set": ("#E69F00", "--"),
    "kmeans": ("#56B4E9", "-."),
    "gaussian": ("#999999", ":"),
}
VARIANTS = {
    "gan-searched": ("#000000", "-"),
    "gan-gaussian-noise": ("#E69F00", "-"),
    "gan-alternating": ("#999999", "-"),
    "gan-early-stopping": ("#E69F00", "--"),
    "gan-no-early-stopping": ("#56B4E9", "-"),
    "gan-convolutional": ("#000000", "-"),
    "gan-single-layer": ("#000000", "-"),
    "cae-1": ("#000000", "-."),
    "dbn-1": ("#000000", ":"),
}
"""Rows that Table 1 does not have."""
BLUE, ORANGE, GREEN, PURPLE = (colour for colour, _ in MODELS.values())


def new_figure(width: float = 7, height: float = 4.2) -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG in one step, with nothing in it that changes from run to run.

    Raises:
        OSError: the folder cannot be written.
    """
    atomic_write(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))
