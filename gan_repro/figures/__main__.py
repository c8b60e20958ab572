"""``gan-repro figures``: draw every figure that the records of a results folder allow.

Paths of the files go to stdout. Exit codes: 0 drawn, 1 a record is damaged, 2 the folder cannot be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data, figures
from gan_repro.util import console
from gan_repro.util.folders import RESULTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gan_repro.trials.records import TrialRecord


def run(options: argparse.Namespace) -> int:
    """Draw the figures; the exit status.

    Raises:
        ValueError: there is no such folder.
        OSError: it cannot be written.
    """
    if not options.results.is_dir():
        raise ValueError(f"there is no folder {str(options.results)!r}; --results names one with records")
    from gan_repro.experiments.record import ExperimentError

    path = options.results / "figures"
    try:
        for dataset in [options.dataset] if options.dataset else recorded_datasets(options.results):
            for name, draw in drawable(options.results, dataset):
                path = options.results / "figures" / f"{name}.png"
                figures.save(draw(), path)
                print(path)
    except ExperimentError as error:
        console.log.error("%s: %s", options.prog, error)
        return 1
    except OSError as error:
        raise OSError(f"cannot write {path}: {console.sentence(error)}") from error
    return 0


def recorded_datasets(results: Path) -> list[str]:
    """The data sets that a results folder has trials on, in the order of `data.names`; MNIST if none."""
    from gan_repro.results import load_results

    recorded = {record.spec.data.name for record in load_results(results).trials}
    return [name for name in data.names() if name in recorded] or ["mnist"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Draw the figures of a results folder."
    parser.add_argument(
        "--dataset", choices=data.names(), help="only those of this data set (default: of all recorded ones)"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")


def drawable(results: Path, dataset: str) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """The name of each figure that the records allow, and what draws it.

    Raises:
        ExperimentError: an experiment's record is damaged.
    """
    from functools import partial

    from gan_repro.experiments.record import load_experiments
    from gan_repro.trials.presets import FULL_SIZE
    from gan_repro.trials.store import RecordStore

    # A reader's own quick runs do not belong beside the trials at full size.
    records = [r for r in RecordStore(results) if r.provenance.preset in FULL_SIZE]
    yield f"learning_curves_{dataset}", partial(figures.learning_curves, records, dataset)
    done = [r for r in records if r.spec.data.name == dataset and r.status == "done"]
    if any(r.score.sigma is not None for r in done):
        yield f"sigma_curves_{dataset}", partial(figures.sigma_curves, records, dataset)
    if done:
        yield f"scores_{dataset}", partial(figures.all_scores, records, dataset)
    yield from _pictures(records, results, dataset)
    experiments = load_experiments(results)
    for name, draw in (
        ("game-1d", figures.game),
        ("sample-count", figures.sample_count),
        ("loss-early", figures.loss_gradients),
        ("update-order", figures.update_order),
    ):
        if name in experiments:
            yield name.replace("-", "_"), partial(draw, experiments[name])
    strips = results / "experiments" / "interpolation.npz"
    if dataset == "mnist" and "interpolation" in experiments and strips.exists():
        yield "interpolation", partial(_strips, strips)


def _pictures(
    records: Sequence[TrialRecord], results: Path, dataset: str
) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Grids of samples, of each row's first trial that has one, and strips of interpolation."""
    from functools import partial

    from gan_repro.figures.grids import grid_path, read_grid
    from gan_repro.figures.sample_grids import draw_grid
    from gan_repro.trials.presets import FULL_SIZE, completest, row_under

    drawn: set[str] = set()

    def completest_first(record: TrialRecord) -> tuple[bool, int]:
        return completest(record.provenance.preset, record.spec) != FULL_SIZE[0], record.spec.seed

    for record in sorted(records, key=completest_first):
        spec, path = record.spec, grid_path(results, record.spec.id)
        row = row_under(record.provenance.preset, spec)
        if spec.data.name != dataset or row is None or row in drawn or not path.exists():
            continue
        drawn.add(row)
        shape = _SHAPES.get(dataset, (48, 48))
        yield f"samples_{row}_{dataset}", partial(lambda p, s: draw_grid(read_grid(p), s), path, shape)


def _strips(path: Path) -> Figure:
    import numpy as np

    from gan_repro.figures.sample_grids import interpolation_strips

    with np.load(path, allow_pickle=False) as arrays:
        images = arrays["strips"].astype(np.float32) / 255
    return interpolation_strips(images.reshape(2, -1, images.shape[-1]), (28, 28))


_SHAPES = {"mnist": (28, 28), "digits": (8, 8), "cifar10": (32, 32, 3)}
"""Of the images; faces are 48 x 48."""


main = console.command_line("gan_repro.figures", configure, run)

if __name__ == "__main__":
    sys.exit(main())
