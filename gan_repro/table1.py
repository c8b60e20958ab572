"""The main command: train and score the models of Table 1, and print the table.

    gan-repro table [--preset NAME|FILE.toml] [--rows ...] [--seeds N] [--runs DIR]
    python -m gan_repro.table1 ...

Data on stdout, talk and progress on stderr. Everything is written to the runs folder; the published record
is only read. Finished trials are reused and unfinished ones go on from their checkpoints, so running the
command again completes what an earlier run left. Exit status: 0 when every asked-for cell is there, 1 when
some are not (the table says which and why), 2 for bad usage, 130 when interrupted (143 when terminated, 129
when hung up).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data
from gan_repro.util import arguments, console
from gan_repro.util.device import cards, choose_device, on_card
from gan_repro.util.folders import RUNS, is_published, published_folder

if TYPE_CHECKING:
    from gan_repro.tables.table import Table
    from gan_repro.trials.execution.dask_cluster import Cluster
    from gan_repro.trials.presets import Planned, Preset
    from gan_repro.trials.runner import TrialOutcome


def run(options: argparse.Namespace) -> int:
    """Train what is asked for and not there yet, and print the table; the exit status.

    Raises:
        ValueError, OSError: bad usage, a folder that cannot be written, or data that cannot be had.
    """
    from gan_repro.models import precision, products
    from gan_repro.scoring.submissions import load_submissions
    from gan_repro.tables.supplied import supplied_rows
    from gan_repro.trials import environment, images
    from gan_repro.trials.execution.plan import describe_plan
    from gan_repro.trials.presets import get_preset, in_precision, make_plan, rows_for
    from gan_repro.trials.store import RecordStore
    from gan_repro.util.files import require_writable

    preset = in_precision(get_preset(options.preset), options.precision)
    submissions = load_submissions(options.supplied) if options.supplied else []
    store = RecordStore(options.runs)
    cluster: Cluster | None = None
    if options.scheduler is not None:
        from gan_repro.trials.execution import dask_cluster

        cluster = dask_cluster.Cluster(options.scheduler)
    device = cluster.device(options.device) if cluster else choose_device(options.device)
    if cluster is None:
        products.require(options.products, device)
    if is_published(options.runs):
        raise ValueError(
            f"{options.runs} holds the published record, which this command only reads; give another folder"
            " with --runs, and take finished trials over with gan-repro record"
        )
    if not options.dry_run:
        for folder in ("", "trials", "checkpoints", "locks"):
            require_writable(options.runs / folder)
    datasets = [data.resolve(name, options.root) for name in dict.fromkeys(options.datasets)]
    sources = [source for name in datasets for source in images.sources(name, options.root)]
    # Seeds are numbered from 1, in the order in which they were fixed.
    plan = make_plan(preset, sources, options.rows, max(options.seed or [0]) or options.seeds)
    plan = [planned for planned in plan if not options.seed or planned.spec.seed in options.seed]
    if cluster is None:
        for asked in {planned.spec.config.get("precision", "float32") for planned in plan}:
            precision.require(asked, device)
    workers = _workers(options, plan, device)
    if options.dry_run:
        here = None if options.scheduler else workers
        print(describe_plan(plan, store, workers=here, fresh=options.fresh))
        return 0

    from gan_repro.experiments.results import load_results
    from gan_repro.tables.files import write_files
    from gan_repro.tables.render import render, render_compact
    from gan_repro.trials.execution.sweep import sweep
    from gan_repro.trials.runner import RunOptions
    from gan_repro.util.plugins import loaded

    if unknown := environment.why_no_commit():
        console.log.info("note: the records will name no commit: %s", unknown)
    how = RunOptions(
        options.runs,
        options.root,
        device,
        threads=options.threads,
        products=options.products,
        fresh=options.fresh,
        plugins=loaded(),
    )
    outcomes, signal = sweep(
        plan,
        how,
        workers=workers,
        executor=cluster,
        budget_minutes=options.budget,
        show_progress=not options.quiet,
    )
    write_files(load_results(options.runs), datasets)
    for dataset in datasets:
        rows = rows_for(preset, dataset, options.rows)
        sha256 = next(source.sha256 for source in sources if source.name == dataset)
        supplied = supplied_rows(submissions, dataset, sha256)
        table = _printed_table(dataset, preset, rows, outcomes).model_copy(update={"supplied": supplied})
        compact = options.format == "md" and not options.details
        print(render_compact(table) if compact else render(table, options.format), end="")
    if signal is not None:
        return 128 + signal
    return 0 if all(outcome.done for outcome in outcomes) else 1


def _printed_table(
    dataset: str, preset: Preset, names: Sequence[str], outcomes: Sequence[TrialOutcome]
) -> Table:
    """What the paper prints, what is published with this program, and this run."""
    from gan_repro.experiments.results import load_results
    from gan_repro.tables.collect import run_table

    folder = published_folder()
    own, problems = {}, {}
    for name in names:
        of_row = [o for o in outcomes if o.planned.row == name and o.planned.spec.data.name == dataset]
        own[name] = [o.record for o in of_row if o.record is not None]
        problems[name] = "; ".join(dict.fromkeys(o.problem for o in of_row if o.problem))
    found = load_results(folder) if folder else None
    published, experiments = (found.trials, found.experiments) if found else (None, None)
    return run_table(
        dataset, preset.name, published=published, own=own, problems=problems, experiments=experiments
    )


def _workers(options: argparse.Namespace, plan: Sequence[Planned], device: str) -> int:
    from gan_repro.trials.execution.sweep import cores

    if options.workers is not None:
        return max(1, min(options.workers, len(plan)))
    places = cores() // options.threads if not on_card(device) else cards() if device == "cuda" else 1
    return max(1, min(places, len(plan)))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from gan_repro.trials.execution import arguments as execution
    from gan_repro.trials.presets import get_preset
    from gan_repro.trials.rows import ROWS, get_row

    parser.description = "Train and score the models of Table 1 of 'Generative Adversarial Nets'."
    parser.epilog = "Example: gan-repro table --preset quick --rows gan train-set"
    parser.add_argument(
        "--preset",
        type=arguments.checked_by(get_preset),
        default="quick",
        metavar="NAME",
        help="how much to spend: smoke, quick (default), standard, paper, or one of your own, FILE.toml",
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
        "--rows",
        "--models",
        nargs="+",
        type=arguments.checked_by(get_row),
        metavar="NAME",
        help=f"rows: {', '.join(row for row in ROWS if not ROWS[row].on_request)}, and on request"
        f" {', '.join(row for row in ROWS if ROWS[row].on_request)} (default: all of the table)",
    )
    execution.add_arguments(parser)
    parser.add_argument(
        "--runs",
        "--results",
        type=Path,
        default=RUNS,
        metavar="DIR",
        help=f"where your records, checkpoints and tables are kept (default: {RUNS})",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of a training's matrix products: float32 (default), or factors rounded to bfloat16, which is"
        " faster on processors with AVX512-BF16 or AMX and trains another net",
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")
    parser.add_argument(
        "--with",
        dest="supplied",
        type=Path,
        metavar="FOLDER",
        help="print its saved rows (score --save), too",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="train again what is done or begun, from nothing"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument(
        "--details", action="store_true", help="print seeds, sigma, cuts, costs and other measures, too"
    )
    parser.add_argument("--format", choices=("md", "csv", "json", "latex"), default="md")


_known_dataset = arguments.checked_by(lambda name: name == data.FACES or data.entry(name))


main = console.command_line("gan_repro.table1", configure, run)

if __name__ == "__main__":
    sys.exit(main())
