"""Small grids of the very samples that trials were scored on, for the report's pictures.

    python -m gan_repro.figures.grids [--results DIR]

For each recorded trial whose trained model is still in the results folder, its samples are drawn again and
their SHA-256 is held against the record's. Twenty of them, and the training images nearest to four where
these may be shown, are kept as bytes in results/samples/TRIAL.npz, with that SHA-256; figures are made from
these files, as long as the record has the same.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gan_repro.util.console import command
from gan_repro.util.text import first_line

if TYPE_CHECKING:
    from gan_repro.figures.sample_grids import Grid
    from gan_repro.trials.records import TrialRecord

Taken = TypeVar("Taken")

_LIMIT = 4 * 2**20
_SEED = 1
"""Of the draw of twenty."""


def grid_path(results: Path, trial: str) -> Path:
    """Where the grid of a trial stands."""
    return results / "samples" / f"{trial}.npz"


def pictured(records: Iterable[TrialRecord], results: Path, dataset: str) -> dict[str, TrialRecord]:
    """Return by row the trial on a data set whose grid is drawn: the first of the completest that has one.

    A grid of other samples than the record's is none. A damaged one is one: whoever draws it names it.
    """
    from gan_repro.trials.presets import FULL_SIZE, completest, row_under

    def completest_first(record: TrialRecord) -> tuple[bool, int]:
        return completest(record.provenance.preset, record.spec) != FULL_SIZE[0], record.spec.seed

    found: dict[str, TrialRecord] = {}
    for record in sorted((r for r in records if r.spec.data.name == dataset), key=completest_first):
        row = row_under(record.provenance.preset, record.spec)
        if row is not None and row not in found and not is_other(record, grid_path(results, record.spec.id)):
            found[row] = record
    return found


def is_other(record: TrialRecord, path: Path) -> bool:
    """Tell whether there is no file, or one with a grid of other samples than a trial was scored on.

    Of a damaged file nobody can tell: False.
    """
    if not path.exists() or record.status != "done":
        return True
    try:
        return drawn_from(path) != record.scored.samples_sha256
    except ValueError:
        return False


def drawn_from(path: Path) -> str:
    """Return the SHA-256 of the samples that a grid is of.

    Raises:
        ValueError: the file is damaged; one sentence that names it.
    """
    return _read(path, lambda arrays: str(arrays["samples_sha256"]))


def write_grid(path: Path, grid: Grid, samples_sha256: str) -> None:
    """Write a grid, its pixels rounded to bytes, and the SHA-256 of all samples, in one step.

    Raises:
        OSError: the folder cannot be written.
    """
    from gan_repro.util.files import atomic_write

    arrays: dict[str, Any] = {
        "samples": _to_bytes(grid.samples),
        "distances": grid.distances,
        "counts": np.array([grid.n_samples, grid.n_train, grid.seed], np.int64),
        "samples_sha256": np.array(samples_sha256),
    }
    if grid.neighbours is not None:
        arrays["neighbours"] = _to_bytes(grid.neighbours)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    atomic_write(path, buffer.getvalue())


def read_grid(path: Path) -> Grid:
    """Read what `write_grid` wrote.

    Raises:
        ValueError: the file is damaged; one sentence that names it.
    """
    return _read(path, _grid)


def _grid(arrays: Mapping[str, Any]) -> Grid:
    from gan_repro.figures.sample_grids import Grid

    neighbours = arrays.get("neighbours")
    n_samples, n_train, seed = (int(number) for number in arrays["counts"])
    return Grid(
        samples=arrays["samples"].astype(np.float32) / 255,
        distances=arrays["distances"].astype(np.float64),
        neighbours=None if neighbours is None else neighbours.astype(np.float32) / 255,
        n_samples=n_samples,
        n_train=n_train,
        seed=seed,
    )


def _read(path: Path, take: Callable[[Mapping[str, Any]], Taken]) -> Taken:
    from gan_repro.util.files import read_regular

    try:
        with np.load(io.BytesIO(read_regular(path, _LIMIT)), allow_pickle=False) as arrays:
            return take(arrays)
    except Exception as error:  # zip files and headers fail in many ways
        reason = first_line(error)
        raise ValueError(f"{path} holds no grid of samples ({reason}); make it again") from error


def _to_bytes(images: np.ndarray) -> np.ndarray:
    return np.rint(images * 255).astype(np.uint8)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 when every grid is there, 1 when samples were not those of the record."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.figures.grids", description="Keep a few samples of each recorded trial."
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")
    options = parser.parse_args(arguments)

    from gan_repro.experiments.base import Context
    from gan_repro.experiments.trained import NoModelError, load
    from gan_repro.figures.sample_grids import choose_grid
    from gan_repro.models.training import TrainedModel
    from gan_repro.trials.environment import device_kind
    from gan_repro.trials.presets import FULL_SIZE
    from gan_repro.trials.store import RecordStore
    from gan_repro.util.device import choose_device, prepare
    from gan_repro.util.files import sha256_of_array
    from gan_repro.util.seeds import generator

    failed = False
    for record in RecordStore(options.results):
        path = grid_path(options.results, record.spec.id)
        if record.status != "done" or record.provenance.preset not in FULL_SIZE or not is_other(record, path):
            continue
        try:
            # Only a device of the recorded kind draws the samples that were scored.
            device = choose_device(device_kind(record.provenance.environment))
            prepare(device, 1)
            trained = load(record, Context(options.results, options.root), device=device)
        except NoModelError:
            continue
        except ValueError as error:
            print(f"{record.spec.id}: its samples were drawn on a card ({error})", file=sys.stderr)
            continue
        if not isinstance(trained.model, TrainedModel):
            continue
        samples = trained.samples()
        digest = sha256_of_array(samples)
        if digest != record.scored.samples_sha256:
            print(f"{record.spec.id}: its samples are not those of the record", file=sys.stderr)
            failed = True
            continue
        random = generator(_SEED, "grid")
        grid = choose_grid(record.spec.data.name, samples, trained.dataset.train, generator=random)
        write_grid(path, grid, digest)
        print(path)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
