"""Arguments of a command that runs trials: which seeds, on what, and for how long."""

from __future__ import annotations

import argparse

from gan_repro.trials.presets import SEEDS
from gan_repro.util import arguments
from gan_repro.util.device import HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a command's parser."""
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument(
        "--seeds",
        type=_fixed_seed,
        metavar="N",
        help=f"the first N of the fixed seeds, at most {len(SEEDS)} (default: the preset's number)",
    )
    seeds.add_argument(
        "--seed", nargs="+", type=_fixed_seed, metavar="K", help=f"these of the seeds only, 1 to {len(SEEDS)}"
    )
    parser.add_argument(
        "--device", type=arguments.device, default="auto", metavar="DEVICE", help=f"{HELP}; default: auto"
    )
    arguments.add_products(parser)
    parser.add_argument(
        "--threads",
        type=arguments.positive_count,
        default=1,
        metavar="N",
        help="of each trial on the CPU (default: 1); more end a long one sooner, with other last digits",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=arguments.positive_count,
        metavar="N",
        help="trials at a time (default: as many as there are cores for their threads, or one a card)",
    )
    where.add_argument(
        "--scheduler",
        type=arguments.address,
        metavar="ADDRESS",
        help="send the trials to the Dask cluster at tcp://HOST:PORT or tls://HOST:PORT (docs/cluster.md)",
    )
    parser.add_argument(
        "--budget",
        type=arguments.minutes,
        metavar="MINUTES",
        help="stop after so long, saving what is running; begun trials come first, then first seeds",
    )


def _fixed_seed(text: str) -> int:
    number = arguments.positive_count(text)
    if number > len(SEEDS):
        raise argparse.ArgumentTypeError(f"there are {len(SEEDS)} seeds, fixed in advance, so not {number}")
    return number
