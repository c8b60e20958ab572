"""What all figures share: colours that stand for no row, sizes, and how a figure is saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
"""Of Okabe and Ito's colours, told apart by readers with any kind of colour vision. Rows bring their own."""


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
