"""``.csv``: a line for each sample, its pixels separated by commas; a first line of names is passed over."""

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
        names = _has_names(content[:_FIRST_LINE])
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig")
        array = np.loadtxt(text, np.float64, delimiter=",", quotechar='"', skiprows=names, ndmin=2)
    except (ValueError, OverflowError) as error:  # UnicodeDecodeError is one
        raise ValueError(f"{path}: {_reason(error)}") from error
    return {"": Candidate(array.shape, "float64", partial(np.asarray, array))}


def _has_names(start: bytes) -> int:
    """How many lines at the beginning are names of columns: 0 or 1."""
    line = start.decode("utf-8-sig", errors="replace").partition("\n")[0]
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    return int(not line.startswith("#") and bool(line.strip()) and not any(map(_is_number, cells)))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _reason(error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    return f"damaged, or not a table of numbers separated by commas ({reason}); save it again"
