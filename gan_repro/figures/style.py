"""What all figures share: how a row is drawn, sizes, and how a figure is saved."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gan_repro.trials import rows
from gan_repro.trials.rows import Style
from gan_repro.util.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of Okabe and Ito's colours, told apart by readers with any kind of colour vision. Rows bring their own.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
_SPARE = tuple(
    Style(colour, line)
    for line in ("--", ":", "-.")
    for colour in ("#56B4E9", "#000000", "#E69F00", "#999999", "#CC79A7", GREEN)
)


def look(row: str) -> Style:
    """How a row is drawn, the same in every figure. A row that names no style of its own is given one."""
    return rows.style(row) or _SPARE[zlib.crc32(row.encode()) % len(_SPARE)]


def new_figure(
    width: float = 7,
    height: float = 4.2,
    *,
    dpi: int = 120,
    layout: Literal["constrained"] | None = "constrained",
) -> Figure:
    """Make an empty figure of so many inches, drawn by Agg whatever back end the environment names.

    It comes before any other import of matplotlib.
    """
    with _no_backend_from_outside():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout=layout)
    FigureCanvasAgg(figure)
    return figure


@contextmanager
def _no_backend_from_outside() -> Iterator[None]:
    """Import matplotlib without MPLBACKEND: notebooks set one that other processes of theirs do not have.

    matplotlib refuses to be imported at all where the variable names a back end that is not installed.
    """
    kept = os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ["MPLBACKEND"] = kept


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG in one step, with nothing in it that changes from run to run.

    Raises:
        OSError: the folder cannot be written.
    """
    atomic_write(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))
