"""The main command: train and score the models of Table 1, and print the table.

    python -m gan_repro.table1 [--preset smoke|quick|standard|paper] [--models ...] [--seeds N]

Data on stdout, talk and progress on stderr. Finished trials are reused and unfinished ones go on from their
checkpoints, so running the command again completes what an earlier run left. Exit status: 0 when every
asked-for cell is there, 1 when some are not (the table says which and why), 2 for bad usage, 130 when
interrupted (143 when terminated).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data
from gan_repro.util.console import command
from gan_repro.util.device import CHOICES, choose_device

if TYPE_CHECKING:
    from gan_repro.tables.table import Table
    from gan_repro.trials.execution.dask_cluster import Cluster
    from gan_repro.trials.execution.outcome import TrialOutcome
    from gan_repro.trials.execution.plan import Planned
    from gan_repro.trials.presets import Preset
    from gan_repro.trials.store import RecordStore

_PRESET_NAMES = ("smoke", "quick", "standard", "paper")
_MAX_SEEDS = 5
_MINUTES_A_YEAR = 365 * 24 * 60


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = _parser().parse_args(arguments)
    from gan_repro.trials import images
    from gan_repro.trials.execution import plan as plans
    from gan_repro.trials.presets import get_preset
    from gan_repro.trials.store import RecordStore
    from gan_repro.util.files import require_writable

    preset = get_preset(options.preset)
    store = RecordStore(options.results)
    try:
        cluster = _connect(options.scheduler)
        device = cluster.device(options.device) if cluster else choose_device(options.device)
        if not options.dry_run:
            for folder in ("", "trials", "checkpoints", "locks"):
                require_writable(options.results / folder)
        datasets = [data.resolve(name, options.root) for name in dict.fromkeys(options.datasets)]
        sources = [source for name in datasets for source in images.sources(name, options.root)]
        plan = plans.make_plan(preset, sources, options.models, options.seeds)
    except (OSError, ValueError) as error:
        print(f"{_parser().prog}: {error}", file=sys.stderr)
        return 1 if isinstance(error, data.DataUnavailable) else 2
    if options.dry_run:
        workers = _workers(options, plan, device)
        print(plans.describe_plan(plan, store, workers=workers, fresh=options.fresh))
        return 0

    from gan_repro.tables import columns
    from gan_repro.trials.execution.sweep import sweep
    from gan_repro.trials.runner import RunOptions

    how = RunOptions(results=options.results, root=options.root, device=device, fresh=options.fresh)
    workers = _workers(options, plan, device)
    outcomes, signal = sweep(plan, how, workers=workers, executor=cluster, budget_minutes=options.budget)
    for dataset in datasets:
        columns.write_files(store, columns.table_name(dataset))
        rows = plans.rows_for(preset, dataset, options.models)
        print(_printed_table(store, dataset, preset, rows, outcomes).render(options.format), end="")
    if signal is not None:
        return 128 + signal
    return 0 if all(outcome.done for outcome in outcomes) else 1


def _printed_table(
    store: RecordStore, dataset: str, preset: Preset, names: Sequence[str], outcomes: Sequence[TrialOutcome]
) -> Table:
    from gan_repro.tables import columns
    from gan_repro.tables.cell import Cell, cell_from, recorded_cells
    from gan_repro.trials.presets import FULL_SIZE

    this_run = {}
    for name in names:
        of_row = [o for o in outcomes if o.planned.row == name and o.planned.spec.data.name == dataset]
        problems = dict.fromkeys(o.problem for o in of_row if o.problem)
        cell = cell_from([o.record for o in of_row if o.record is not None])
        # A trial that another preset ran before is one of this preset, too.
        cell = cell.model_copy(update={"preset": cell.preset and preset.name})
        this_run[name] = cell.model_copy(update={"problem": "; ".join(problems)}) if problems else cell
    for name in preset.rows(dataset):
        this_run.setdefault(name, Cell(problem="not asked for"))
    shown = {
        columns.heading(dataset, "recorded"): recorded_cells(store, dataset, FULL_SIZE),
        f"This run ({preset.name})": this_run,
    }
    if columns.table_name(dataset) != dataset:
        shown = {columns.TFD_OURS: recorded_cells(store, "tfd", FULL_SIZE)} | shown
    return columns.table_from(columns.table_name(dataset), shown)


def _connect(scheduler: str | None) -> Cluster | None:
    if scheduler is None:
        return None
    from gan_repro.trials.execution.dask_cluster import Cluster

    return Cluster(scheduler)


def _workers(options: argparse.Namespace, plan: Sequence[Planned], device: str) -> int:
    from gan_repro.trials.execution.sweep import cores

    if options.workers is not None:
        return max(1, min(options.workers, len(plan)))
    if device == "cuda":
        return 1
    return max(1, min(cores(), len(plan)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.table1",
        description="Train and score the models of Table 1 of 'Generative Adversarial Nets'.",
        epilog="Example: python -m gan_repro.table1 --preset quick --models gan train-set",
    )
    parser.add_argument(
        "--preset", choices=_PRESET_NAMES, default="quick", help="how much to spend (default: quick)"
    )
    parser.add_argument(
        "--datasets",
        nargs="+",
        type=_known_dataset,
        default=["mnist"],
        metavar="NAME",
        help=f"data sets: {', '.join(data.names())}, or faces for the best face set here (default: mnist)",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        type=_known_row,
        metavar="NAME",
        help="rows: dbn, cae, gsn, gan, gan-convolutional, train-set, kmeans, gaussian, and on request dbn-1,"
        " cae-1, gan-single-layer, gan-searched, gan-gaussian-noise, gan-alternating, gan-early-stopping,"
        " gan-no-early-stopping"
        " (default: all of the table)",
    )
    parser.add_argument(
        "--seeds",
        type=_seed_count,
        metavar="N",
        help=f"the first N of the fixed seeds, at most {_MAX_SEEDS} (default: the preset's number)",
    )
    parser.add_argument("--device", choices=CHOICES, default="auto")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=_positive_int,
        metavar="N",
        help="trials at a time, one core each (default: the number of cores; 1 on a GPU)",
    )
    where.add_argument(
        "--scheduler",
        type=_address,
        metavar="ADDRESS",
        help="send the trials to the Dask cluster at tcp://HOST:PORT or tls://HOST:PORT (docs/cluster.md)",
    )
    parser.add_argument(
        "--budget",
        type=_positive_number,
        metavar="MINUTES",
        help="stop after so long, saving what is running; begun trials come first, then first seeds",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="where records, checkpoints and tables are kept (default: results)",
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")
    parser.add_argument("--fresh", action="store_true", help="run again what is already done")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--format", choices=("md", "csv", "json", "latex"), default="md")
    return parser


def _known_row(name: str) -> str:
    from gan_repro.trials import rows

    return _checked(rows.check_name, name)


def _known_dataset(name: str) -> str:
    return name if name == "faces" else _checked(data.entry, name)


def _checked(check: Callable[[str], object], name: str) -> str:
    try:
        check(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def _address(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://\S+:\d{1,5}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an address like tcp://HOST:PORT or tls://HOST:PORT"
        )
    return text


def _positive_int(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _seed_count(text: str) -> int:
    count = _positive_int(text)
    if count > _MAX_SEEDS:
        raise argparse.ArgumentTypeError(
            f"there are {_MAX_SEEDS} seeds, fixed in advance; {count} are too many"
        )
    return count


def _positive_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= _MINUTES_A_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of minutes, at most a year")
    return value


if __name__ == "__main__":
    sys.exit(main())
