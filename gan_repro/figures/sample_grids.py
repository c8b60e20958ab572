"""Pictures of samples, as Figures 2 and 3 of the paper have them; pure functions of arrays.

A grid shows 4 rows of 5 samples drawn at random, and beside them the training image nearest to the fifth
sample of the row, in a frame (Figure 2). That a sample differs from its neighbour is no evidence that nothing
was memorised: see Theis, van den Oord and Bethge (2016). A strip shows what a generator makes of the points
on a line in z space (Figure 3).

Photographs of people are not shown: for a data set that is not `data.Entry.may_be_shown` the neighbour's
place holds its distance instead. Save with `gan_repro.figures.save`, which writes the same bytes for the same
arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gan_repro import data
from gan_repro.data.dataset import Images, Pixels
from gan_repro.figures.style import new_figure
from gan_repro.stats.neighbours import nearest

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

ROWS, COLUMNS = 4, 5

_DPI = 100
_TILE = 84
"""About how many pixels high an image is drawn."""
_GAP = 4
_TEXT_WIDTH, _LINE_HEIGHT, _FONT_SIZE = 120, 14, 7
_FRAME = (230, 159, 0)
"""The orange of Okabe and Ito's colours."""


@dataclass(frozen=True)
class Grid:
    """What a picture of samples shows."""

    samples: Images
    """(20, d), row by row."""
    distances: npt.NDArray[np.float64]
    """(4,): squared distance from the last sample of each row to the training image nearest to it."""
    neighbours: Images | None
    """(4, d): these training images; None where they may not be shown."""
    n_samples: int
    """Of how many samples the 20 were drawn."""
    n_train: int
    seed: int


def choose_grid(
    dataset: str,
    samples: Images,
    train: Images,
    *,
    generator: torch.Generator,
    show_neighbours: bool = True,
    view: Callable[[Images], Images] | None = None,
) -> Grid:
    """Draw 4 x 5 of the samples, and find the training image nearest to the last one of each row.

    Args:
        dataset: the name of the data set, which decides whether its images may be shown.
        samples: floats (n, d), n at least 20, from which 20 are drawn without replacement.
        train: floats (m, d) in the same unit, among which neighbours are sought.
        generator: fresh, and on the CPU; its seed stands in the caption.
        show_neighbours: False leaves the neighbours out. So does True where the data set's own images may
            not be shown (`data.Entry.may_be_shown`).
        view: makes pixels in [0, 1] of images in another unit; neighbours are sought before it.

    Raises:
        ValueError: the arrays are no such images, or a sample is itself an image that may not be shown.
    """
    import torch

    n_shown, view = ROWS * COLUMNS, view or (lambda images: images)
    if len(samples) < n_shown:
        raise ValueError(f"a grid shows {n_shown} samples, and there are {len(samples)}")
    chosen = samples[torch.randperm(len(samples), generator=generator)[:n_shown].numpy()]
    tiles = view(chosen)
    last = slice(COLUMNS - 1, None, COLUMNS)
    entry = data.find(dataset)
    may_be_shown = entry is not None and entry.may_be_shown
    if not may_be_shown:
        distances, indices = nearest(chosen, train)
        _refuse_copies(dataset, tiles, view(train[indices]), indices)
        indices, distances = indices[last], distances[last]
    else:
        distances, indices = nearest(chosen[last], train)
    shown = show_neighbours and may_be_shown
    return Grid(
        samples=tiles,
        distances=np.square(distances),
        neighbours=view(train[indices]) if shown else None,
        n_samples=len(samples),
        n_train=len(train),
        seed=generator.initial_seed(),
    )


def draw_grid(grid: Grid, image_shape: Sequence[int]) -> Figure:
    """Draw a grid of images of (height, width) or (height, width, 3), with its caption.

    Raises:
        ValueError: the arrays hold no such images.
    """
    _require_images(grid.samples, image_shape)
    tiles = grid.samples.reshape(ROWS, COLUMNS, -1)
    caption = f"{ROWS * COLUMNS} of {grid.n_samples:,} samples, drawn at random (seed {grid.seed}).\n"
    if grid.neighbours is not None:
        _require_images(grid.neighbours, image_shape)
        board = _board(np.concatenate([tiles, grid.neighbours[:, None]], axis=1), image_shape, framed=COLUMNS)
        return _figure(board, caption + "In frames: the training image nearest to the sample on its left.")
    notes = [
        f"nearest of {grid.n_train:,}\ntraining images:\n$d^2$ = {distance:.4g}"
        for distance in grid.distances
    ]
    caption += "$d^2$: squared distance from the last sample of the row, in the unit that the model sees."
    return _figure(_board(tiles, image_shape), caption, notes)


def interpolation_strips(images: Images, image_shape: Sequence[int]) -> Figure:
    """Draw strips of generated images, one below the other.

    Args:
        images: floats (strips, steps, d) in [0, 1]: what a generator makes of ``np.linspace(z0, z1, steps)``.
        image_shape: (height, width) or (height, width, 3).

    Raises:
        ValueError: the array holds no such images.
    """
    if images.ndim != 3:
        raise ValueError(f"strips are an array (strips, steps, d), not {images.shape}")
    _require_images(images.reshape(-1, images.shape[-1]), image_shape)
    return _figure(
        _board(images, image_shape), "Each strip: equal steps on a line between two points in z space."
    )


def _require_images(images: Images, image_shape: Sequence[int]) -> None:
    height_width, channels = tuple(image_shape[:2]), tuple(image_shape[2:])
    if len(height_width) != 2 or channels not in ((), (3,)):
        raise ValueError(f"images are (height, width) or (height, width, 3), not {tuple(image_shape)}")
    width = int(np.prod(image_shape))
    if images.ndim != 2 or images.shape[1] != width or not len(images):
        raise ValueError(f"images of {tuple(image_shape)} are rows (n, {width}), not {images.shape}")
    # Written so that NaN fails it too.
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(f"pixels must lie in [0, 1], not between {images.min():g} and {images.max():g}")


def _refuse_copies(dataset: str, shown: Images, neighbours: Images, indices: npt.NDArray[np.int64]) -> None:
    """Refuse samples that are training images (a model may just remember), to within one grey level."""
    copies = np.square(shown - neighbours).mean(axis=1) <= 1 / 255**2
    if copies.any():
        raise ValueError(
            f"{copies.sum()} of the samples are training images of {dataset} (row {indices[copies][0]} for "
            "one), which may not be shown; draw no picture of this model"
        )


def _board(tiles: Images, image_shape: Sequence[int], framed: int | None = None) -> Pixels:
    """Lay out images (rows, columns, d) with gaps; `framed` is a column. Bytes (height, width, 3)."""
    rows, columns = tiles.shape[:2]
    height, width = image_shape[:2]
    zoom = max(1, round(_TILE / height))
    pixels = np.rint(tiles * 255).astype(np.uint8).reshape(rows, columns, height, width, -1)
    cell = (zoom * height + 2 * _GAP, zoom * width + 2 * _GAP)
    board = np.full((rows, columns, *cell, 3), 255, np.uint8)
    if framed is not None:
        board[:, framed, 1:-1, 1:-1] = _FRAME
    board[:, :, _GAP:-_GAP, _GAP:-_GAP] = pixels.repeat(zoom, axis=2).repeat(zoom, axis=3)
    return board.swapaxes(1, 2).reshape(rows * cell[0], columns * cell[1], 3)


def _figure(board: Pixels, caption: str, notes: Sequence[str] = ()) -> Figure:
    """Put a board on a page, pixel for pixel, with a note to the right of each row and a caption below."""
    height, width = board.shape[:2]
    below = _LINE_HEIGHT * (caption.count("\n") + 1) + _GAP
    full_width, full_height = width + (_TEXT_WIDTH if notes else 0), height + below
    figure = new_figure(full_width / _DPI, full_height / _DPI, dpi=_DPI, layout=None)
    figure.figimage(board, xo=0, yo=below, origin="upper")
    for row, note in enumerate(notes):
        y = below + height * (1 - (row + 0.5) / len(notes))
        figure.text(
            (width + _GAP) / full_width,
            y / full_height,
            note,
            fontsize=_FONT_SIZE,
            va="center",
            linespacing=1.5,
        )
    figure.text(_GAP / full_width, (below - _GAP) / full_height, caption, fontsize=_FONT_SIZE, va="top")
    return figure
