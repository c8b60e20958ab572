"""The two places of results, kept apart: the published record, which is read, and a user's own runs."""

from __future__ import annotations

from pathlib import Path

RUNS = Path("runs")
"""Where a user's commands write unless told otherwise: in the folder that they are called in."""
RESULTS = Path("results")
"""The published record in a clone; only the makers' commands write there."""
WAITING = "waiting"
"""Below the published record: finished trials that wait for the seeds to their left."""
SEAL = "SHA256SUMS"
"""The file with the hashes of every published record, which marks a folder as the published one."""


def is_published(folder: Path) -> bool:
    """Whether a folder holds the published record (or a copy of it)."""
    return (folder / SEAL).is_file()


def published_folder() -> Path | None:
    """The published record of the clone that this package runs from; None where it was installed without."""
    folder = Path(__file__).resolve().parents[2] / RESULTS
    return folder if is_published(folder) else None


def given_or_found(given: Path | None) -> Path:
    """Choose the folder to read: the given one, else the published one where it is, else one's runs."""
    if given is not None:
        return given
    return RESULTS if (RESULTS / "trials").is_dir() or not (RUNS / "trials").is_dir() else RUNS
