"""``gan-repro figures``: draw every figure that the records of a results folder allow.

Paths of the files go to stdout. Exit codes: 0 all are drawn, 1 something is damaged (it is named, and the
rest is drawn), 2 bad usage or the folder cannot be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data, figures
from gan_repro.util import arguments, console
from gan_repro.util.folders import RESULTS
from gan_repro.util.text import first_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gan_repro.experiments.results import Results
    from gan_repro.trials.records import TrialRecord

    Drawings = Iterator[tuple[str, Callable[[], Figure]]]


def run(options: argparse.Namespace) -> int:
    """Draw the figures; the exit status.

    Raises:
        ValueError: there is no such folder.
        OSError: it cannot be written.
    """
    from gan_repro.experiments.results import load_results
    from gan_repro.util.files import require_writable

    results = load_results(options.results)
    require_writable(results.folder / "figures")
    damaged = [str(problem) for problem in results.problems]
    for name, draw in drawable(results, options.datasets):
        path = results.folder / "figures" / f"{name}.png"
        try:
            figure = draw()
        except ValueError as error:
            damaged.append(str(error))
            continue
        try:
            figures.save(figure, path)
        except OSError as error:
            raise OSError(f"cannot write {path}: {console.sentence(error)}") from error
        print(path)
    for problem in damaged:
        console.log.error("%s: %s; left out", options.prog, problem)
    return 1 if damaged else 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Draw the figures of a results folder."
    parser.add_argument(
        "--datasets",
        "--dataset",
        nargs="+",
        type=arguments.checked_by(data.entry),
        metavar="NAME",
        help="only those of these data sets (default: of all recorded ones)",
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")


def drawable(results: Results, datasets: Sequence[str] | None = None) -> Drawings:
    """The name of each figure that the records allow, and what draws it.

    Args:
        results: what a folder holds.
        datasets: names; None for all that have trials at full size.
    """
    from gan_repro.trials.presets import FULL_SIZE

    # A reader's own quick runs do not belong beside the trials at full size.
    records = [r for r in results.trials if r.provenance.preset in FULL_SIZE]
    recorded = {record.spec.data.name for record in records}
    for dataset in datasets or [name for name in data.names() if name in recorded]:
        yield from _of_trials(records, dataset)
        yield from _pictures(records, results.folder, dataset)
    yield from _of_experiments(results)


def _of_trials(records: Sequence[TrialRecord], dataset: str) -> Drawings:
    of_set = [r for r in records if r.spec.data.name == dataset]
    if any(p.valid_mean is not None for r in of_set for p in r.learning_curve):
        yield f"learning_curves_{dataset}", partial(figures.learning_curves, records, dataset)
    done = [r for r in of_set if r.status == "done"]
    if any(r.score.sigma is not None for r in done):
        yield f"sigma_curves_{dataset}", partial(figures.sigma_curves, records, dataset)
    if done:
        yield f"scores_{dataset}", partial(figures.all_scores, records, dataset)


def _of_experiments(results: Results) -> Drawings:
    for name, draw in (
        ("game-1d", figures.game),
        ("sample-count", figures.sample_count),
        ("loss-early", figures.loss_gradients),
        ("update-order", figures.update_order),
    ):
        if name in results.experiments:
            yield name.replace("-", "_"), partial(draw, results.experiments[name])
    strips = results.folder / "experiments" / "interpolation.npz"
    if "interpolation" in results.experiments and strips.exists():
        yield "interpolation", partial(_strips, strips)


def _pictures(records: Sequence[TrialRecord], folder: Path, dataset: str) -> Drawings:
    """Grids of samples, of each row's first trial that has one."""
    from gan_repro.figures.grids import grid_path, pictured

    for row, record in pictured(records, folder, dataset).items():
        path = grid_path(folder, record.spec.id)
        yield f"samples_{row}_{dataset}", partial(_grid, path, data.entry(dataset).image_shape)


def _grid(path: Path, image_shape: tuple[int, ...]) -> Figure:
    from gan_repro.figures.grids import read_grid
    from gan_repro.figures.sample_grids import draw_grid

    return draw_grid(read_grid(path), image_shape)


def _strips(path: Path) -> Figure:
    import numpy as np

    from gan_repro.figures.sample_grids import interpolation_strips

    try:
        with np.load(path, allow_pickle=False) as arrays:
            images = arrays["strips"].astype(np.float32) / 255
    except Exception as error:  # zip files and headers fail in many ways
        reason = first_line(error)
        raise ValueError(f"{path} holds no strips of images ({reason}); run the experiment again") from error
    return interpolation_strips(images.reshape(2, -1, images.shape[-1]), (28, 28))


main = console.command_line("gan_repro.figures", configure, run)

if __name__ == "__main__":
    sys.exit(main())
