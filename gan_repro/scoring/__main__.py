"""``gan-repro score SAMPLES --dataset NAME``: score samples of any model as Table 1 was.

Also ``python -m gan_repro.scoring``. The score goes to stdout, talk and warnings to stderr. Exit codes: 0
scored, 1 the data set could not be had, 2 bad usage or samples that cannot be scored, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data
from gan_repro.measures.names import NAMES
from gan_repro.scoring.layout import LAYOUTS
from gan_repro.scoring.marks import TABLE_1_SAMPLES
from gan_repro.util import arguments, console
from gan_repro.util.device import HELP
from gan_repro.util.device import prepare as prepare_device
from gan_repro.util.folders import RUNS

if TYPE_CHECKING:
    from gan_repro.scoring.report import ScoreReport

PROTOCOLS, BOTH = ("authors", "refined"), "both"


def run(options: argparse.Namespace) -> int:
    """Score the samples and print the result; the exit status.

    Raises:
        ValueError: bad usage, or samples that cannot be scored.
        DataUnavailable: the data set cannot be had.
    """
    # Torch and what needs it is imported once there is something to compute, so that --help answers at once.
    from gan_repro.scoring.printing import full_text

    if options.save and not options.name:
        raise ValueError("--save needs a --name for the row")
    if options.name and not options.save:
        raise ValueError("--name is the name of a row that is saved; say --save as well")
    if options.per_image and not options.json:
        raise ValueError("--per-image goes with --json")
    if options.save:
        _require_room(options.name, options.runs)
    try:
        report = _score(options)
    except MemoryError as error:
        raise ValueError(f"{options.samples}: does not fit into memory; keep 10,000 samples") from error
    _warn(report)
    # Before it is saved: whatever hinders that, the score is not lost.
    print(report.to_json(per_image=options.per_image) if options.json else full_text(report), flush=True)
    if options.save:
        console.log.info("saved as %s", report.save(options.name, options.runs))
    return 0


def _require_room(name: str, runs: Path) -> None:
    """Refuse a name or a folder under which no row can be saved, before anything is computed."""
    from gan_repro.scoring.submissions import FOLDER, row_name
    from gan_repro.util.files import require_writable

    row_name(name)
    require_writable(runs / FOLDER)


def _score(options: argparse.Namespace) -> ScoreReport:
    from gan_repro.scoring.api import prepare, score_prepared

    prepared = prepare(
        options.samples,
        options.dataset,
        PROTOCOLS if options.protocol == BOTH else options.protocol,
        options.value_range,
        options.layout,
        options.key,
        options.n_samples,
        options.device,
        fold=options.fold,
        root=options.root,
        measures=options.measures,
    )
    facts = prepared.facts
    console.log.info(
        "scoring %s samples of %s on %s, %s",
        f"{facts.n:,}",
        facts.source,
        prepared.dataset.name,
        prepared.device,
    )
    for doubt in prepared.doubts:
        console.log.warning("warning: %s", doubt)
    prepare_device(prepared.device)
    return score_prepared(prepared, console.log.info)


def _warn(report: ScoreReport) -> None:
    if report.result.at_grid_edge:
        console.log.warning(
            "warning: the best sigma, %.4g, is at the edge of the grid; a better one may lie beyond it, and "
            "the score be higher",
            report.sigma,
        )
    if report.samples.n != TABLE_1_SAMPLES:
        console.log.warning(
            "warning: scores rise with the number of samples; this one, of %s, is not comparable with Table "
            "1, which uses 10,000",
            f"{report.samples.n:,}",
        )


def configure(parser: argparse.ArgumentParser, protocol: str = BOTH) -> None:
    """Add the command's arguments; `protocol` is the one that it scores under if it is not told."""
    parser.description = (
        "Score samples of any model by the Parzen protocol of Table 1: mean test log-likelihood in nats "
        "under a Gaussian on every sample."
    )
    parser.epilog = (
        "Samples are rows (n, d) or images: (n, height, width), and in colour (n, height, width, channels) "
        "or (n, channels, height, width). Rows of colour images have the channel changing fastest, unless "
        "--layout says channels-first. Floats are in [0, 1] and bytes (uint8) in 0 to 255, unless "
        "--value-range says otherwise. No file can run code. Exit code 1: the data set could not be had; 2: "
        "the samples cannot be scored."
    )
    parser.add_argument(
        "samples",
        type=Path,
        metavar="SAMPLES",
        help="a .npy, .npz, .pt, .pth, .csv, .mat or .h5 file, or a folder of PNG, JPEG or WebP pictures",
    )
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="what to score on: " + ", ".join(data.names())
    )
    parser.add_argument("--fold", type=int, metavar="K", help="its fold, counted from 0, where it has folds")
    parser.add_argument("--root", type=Path, metavar="DIR", help="a folder of yours to look for it in first")
    parser.add_argument(
        "--protocol",
        choices=(*PROTOCOLS, BOTH),
        default=protocol,
        help=f"choose sigma on the authors' grid of 10, continuously, or in both ways (default: {protocol})",
    )
    parser.add_argument(
        "--value-range",
        nargs=2,
        type=float,
        metavar=("BLACK", "WHITE"),
        help="what is black and white in the samples, as -1 1",
    )
    parser.add_argument(
        "--measures",
        nargs="+",
        metavar="NAME",
        help=f"measure the samples' quality too, about a minute: all, or some of {', '.join(NAMES)}",
    )
    parser.add_argument("--layout", choices=LAYOUTS, help="the order within flat rows of colour images")
    parser.add_argument("--key", metavar="NAME", help="which array of the file, where several could be meant")
    parser.add_argument(
        "--n-samples",
        type=arguments.positive_count,
        default=TABLE_1_SAMPLES,
        metavar="N",
        help="score so many, drawn at random where there are more (default: 10000, as Table 1)",
    )
    parser.add_argument(
        "--device", type=arguments.device, default="auto", metavar="DEVICE", help=f"{HELP}; default: auto"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object, with the curve over sigma")
    parser.add_argument(
        "--per-image", action="store_true", help="with --json, the log-likelihood of each test image, too"
    )
    parser.add_argument(
        "--save", action="store_true", help="keep the score as a row, under runs/submissions/"
    )
    parser.add_argument("--name", metavar="LABEL", help="what that row is called")
    parser.add_argument(
        "--runs", type=Path, default=RUNS, metavar="DIR", help="another folder than runs/ to keep it in"
    )


main = console.command_line("gan_repro.scoring", configure, run)

if __name__ == "__main__":
    sys.exit(main())
