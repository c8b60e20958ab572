"""``gan-repro experiments NAME``: run an experiment and record it.

Prints the findings; progress goes to stderr. Exit codes: 0 recorded, 1 a trained model or data could not be
had, 2 bad usage, 130 interrupted (the earlier record stands).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gan_repro import experiments
from gan_repro.util import arguments, console
from gan_repro.util.folders import RUNS


def run(options: argparse.Namespace) -> int:
    """Run the experiment, record it and print what it found; the exit status.

    Raises:
        OSError: the folder cannot be written, or the data cannot be had.
    """
    from gan_repro.experiments.trained import NoModelError

    try:
        record = experiments.run(
            options.name, results=options.runs, root=options.root, products=options.products
        )
    except NoModelError as error:
        console.log.error("%s: %s", options.prog, error)
        return 1
    except KeyboardInterrupt:
        console.log.error("%s: interrupted; nothing was recorded", options.prog)
        return console.INTERRUPTED
    for name, finding in record.findings.items():
        spread = "" if finding.standard_error is None else f" ± {finding.standard_error:.2g}"
        over = "" if finding.over is None else f" over {finding.n or 'its'} {finding.over}"
        print(f"{name}: {finding.value:.4g}{spread} {finding.unit}{over}. {finding.what}")
    return 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Run an experiment on trained models, and write experiments/NAME.json."
    parser.epilog = "; ".join(f"{name}: {experiments.about(name)}" for name in experiments.names())
    parser.add_argument("name", metavar="NAME", choices=experiments.names(), help="one of those below")
    parser.add_argument(
        "--runs",
        "--results",
        type=Path,
        default=RUNS,
        metavar="DIR",
        help=f"where trials and checkpoints are, and the record is kept (default: {RUNS})",
    )
    arguments.add_products(parser)
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")


main = console.command_line("gan_repro.experiments", configure, run)

if __name__ == "__main__":
    sys.exit(main())
