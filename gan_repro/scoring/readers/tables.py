"""``.csv``: a line for each sample, its pixels separated by commas.

A first line of names is passed over, and one that numbers the columns from 0, as pandas writes it.
"""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np

from gan_repro.scoring.container import Candidate

LARGEST_TABLE = 1 << 30
"""Bytes of the largest file of text that is read: as numbers it takes several times as much memory."""

_FIRST_LINE = 1 << 20


def read_csv(content: bytes, path: Path) -> dict[str, Candidate]:
    """Read a table of numbers; its one array has no name."""
    if len(content) > LARGEST_TABLE:
        raise ValueError(
            f"{path}: holds {len(content):,} bytes of text, more than the {LARGEST_TABLE:,} that are read; "
            "save it with numpy.save as a .npy"
        )
    try:
        skipped, said = _heading(content[:_FIRST_LINE])
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig")
        array = np.loadtxt(text, np.float64, delimiter=",", quotechar='"', skiprows=skipped, ndmin=2)
    except (ValueError, OverflowError) as error:  # UnicodeDecodeError is one
        raise ValueError(f"{path}: {_reason(error)}") from error
    indexed = len(array) > 1 and np.array_equal(array[:, 0], np.arange(len(array)))
    load = partial(np.asarray, array)
    return {"": Candidate(array.shape, "float64", load, indexed=indexed, passed_over=said)}


def _heading(start: bytes) -> tuple[int, str]:
    """How many lines at the beginning head the columns, 0 or 1; and what is said of it."""
    line = start.decode("utf-8-sig", errors="replace").partition("\n")[0]
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    if line.startswith("#") or not line.strip():
        return 0, ""
    # Above its index pandas leaves the first cell empty.
    columns = cells if cells[0] else cells[1:]
    if len(columns) > 2 and columns == [str(number) for number in range(len(columns))]:
        return 1, f"the first line, which numbers the columns 0 to {len(columns) - 1}"
    return int(not any(map(_is_number, cells))), ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _reason(error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    return f"damaged, or not a table of numbers separated by commas ({reason}); save it again"
