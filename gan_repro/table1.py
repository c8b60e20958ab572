"""The main command: train and score the models of Table 1, and print the table.

    python -m gan_repro.table1 [--preset smoke|quick|standard|paper] [--models ...] [--seeds N]

Data on stdout, talk and progress on stderr. Finished trials are reused and unfinished ones go on from their
checkpoints, so running the command again completes what an earlier run left. Exit status: 0 when every
asked-for cell is there, 1 when some are not (the table says which and why), 2 for bad usage, 130 when
interrupted (143 when terminated).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data, models, paper
from gan_repro.device import CHOICES, choose_device

if TYPE_CHECKING:
    from gan_repro.tables import Cell, Table
    from gan_repro.trials.cluster import Cluster
    from gan_repro.trials.plan import Planned
    from gan_repro.trials.presets import Preset
    from gan_repro.trials.records import RecordStore
    from gan_repro.trials.sweep import Outcome

_PRESET_NAMES = ("smoke", "quick", "standard", "paper")
_MAX_SEEDS = 5
_RECORDED_PRESETS = ("paper", "standard")
"""What the recorded column shows: trials at the references' own sizes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = _parser().parse_args(arguments)
    from gan_repro.files import require_writable
    from gan_repro.trials import plan as plans
    from gan_repro.trials.presets import get_preset
    from gan_repro.trials.records import RecordStore

    preset = get_preset(options.preset)
    names = options.models or [name for name in paper.LABELS if name in preset.cuts]
    store = RecordStore(options.results)
    try:
        cluster = _connect(options.scheduler)
        device = cluster.device(options.device) if cluster else choose_device(options.device)
        if not options.dry_run:
            require_writable(options.results)
        sources = [plans.source(name, options.root) for name in options.datasets]
        plan = plans.make_plan(preset, sources, names, options.seeds)
    except (OSError, ValueError) as error:
        print(f"{_parser().prog}: {error}", file=sys.stderr)
        return 1 if isinstance(error, data.DataUnavailable) else 2
    if options.dry_run:
        workers = _workers(options, plan, device)
        print(plans.describe_plan(plan, store, workers=workers, fresh=options.fresh))
        return 0

    from gan_repro.trials.runner import Attempt
    from gan_repro.trials.sweep import sweep

    attempt = Attempt(results=options.results, root=options.root, device=device, fresh=options.fresh)
    workers = _workers(options, plan, device)
    outcomes, signal = sweep(plan, attempt, workers=workers, elsewhere=cluster, budget_minutes=options.budget)
    for dataset in options.datasets:
        write_files(store, dataset)
        print(_printed_table(store, dataset, preset, names, outcomes).render(options.format), end="")
    if signal is not None:
        return 128 + signal
    return 0 if all(outcome.done for outcome in outcomes) else 1


def write_files(store: RecordStore, dataset: str) -> None:
    """Write table1_DATASET.md, .csv, .json and .tex beside the records that they are made from."""
    from gan_repro.files import atomic_write
    from gan_repro.tables import SUFFIXES

    table = recorded_table(store, dataset)
    for form, suffix in SUFFIXES.items():
        atomic_write(store.folder.parent / f"table1_{dataset}.{suffix}", table.render(form))


def recorded_table(
    store: RecordStore, dataset: str, presets: Sequence[str] = tuple(reversed(_PRESET_NAMES))
) -> Table:
    """The table of a results folder: a column for each of `presets` of which it holds trials."""
    from gan_repro.tables import Table, recorded_cells

    records = list(store)
    columns = {name: cells for name in presets if (cells := recorded_cells(records, dataset, [name]))}
    return Table(dataset=dataset, models=_rows(paper.LABELS), columns=columns, notes=_notes(dataset, columns))


def _printed_table(
    store: RecordStore, dataset: str, preset: Preset, names: Sequence[str], outcomes: Sequence[Outcome]
) -> Table:
    from gan_repro.tables import Cell, Table, cell_from, recorded_cells

    this_run = {}
    for name in names:
        of_model = [
            o for o in outcomes if o.planned.spec.model == name and o.planned.spec.data.name == dataset
        ]
        problems = [o.problem for o in of_model if o.problem]
        cell = cell_from([o.record for o in of_model if o.record is not None])
        this_run[name] = cell.model_copy(update={"problem": "; ".join(problems)}) if problems else cell
    for name in paper.LABELS:
        this_run.setdefault(name, Cell(problem="not asked for" if name in preset.cuts else "not built yet"))
    columns = {
        "Recorded": recorded_cells(store, dataset, _RECORDED_PRESETS),
        f"This run ({preset.name})": this_run,
    }
    return Table(
        dataset=dataset,
        models=_rows([*paper.LABELS, *names]),
        columns=columns,
        notes=_notes(dataset, columns),
    )


def _rows(names: Sequence[str] | dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _notes(dataset: str, columns: dict[str, dict[str, Cell]]) -> tuple[str, ...]:
    from gan_repro.parzen.protocols import PROTOCOLS

    authors = PROTOCOLS["authors"]
    notes = [
        "Mean log-likelihood of the test images in nats, under Gaussians on 10,000 samples of the model.",
        f"Protocol {authors.name}, version {authors.version}: {authors.description}.",
        "±: standard error of the mean across test examples of one trained model. It says nothing of other"
        " training seeds; the spread over seeds stands apart.",
    ]
    if any(paper.printed(model, dataset) for model in paper.LABELS):
        notes.append("Paper: as printed in 2014; its first three rows were copied there from older papers.")
    if any(cell.smaller for column in columns.values() for cell in column.values()):
        notes.append(
            "*: smaller or trained for less than the reference; the last column of the second table says how."
        )
    return tuple(notes)


def _connect(scheduler: str | None) -> Cluster | None:
    if scheduler is None:
        return None
    from gan_repro.trials.cluster import Cluster

    return Cluster(scheduler)


def _workers(options: argparse.Namespace, plan: Sequence[Planned], device: str) -> int:
    if options.workers is not None:
        return int(options.workers)
    if device == "cuda":
        return 1
    return max(1, min(os.cpu_count() or 1, len(plan)))


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
        choices=data.names(),
        default=["mnist"],
        metavar="NAME",
        help=f"data sets: {', '.join(data.names())} (default: mnist)",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        type=_known_model,
        metavar="NAME",
        help=f"rows: {', '.join(models.names())} (default: all)",
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
        help="stop after so long, saving what is running",
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


def _known_model(name: str) -> str:
    try:
        models.check_name(name)
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
    if not text.isdecimal() or int(text) < 1:
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
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of minutes")
    return value


if __name__ == "__main__":
    sys.exit(main())
