"""``python -m gan_repro.measures train-network``: train the net whose features samples are measured on.

Writes weights and a JSON that describes them; progress goes to stderr, the JSON to stdout. Exit codes: 0
written, 1 MNIST could not be had, 2 bad usage, 130 interrupted (nothing is written before all is computed).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gan_repro.util.console import command


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.measures",
        description="What the measures of sample quality rest on.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="train-network")
    training = commands.add_parser(
        "train-network",
        help="train the net for features on MNIST's training images: about a minute of one core",
    )
    training.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where weights and JSON go (default: a folder of the cache, where an installed package looks "
        "for them; a clone looks for the published ones in results/weights)",
    )
    training.add_argument("--root", type=Path, metavar="DIR", help="your own folder with MNIST's files")
    options = parser.parse_args(arguments)
    from gan_repro.data import DataUnavailable
    from gan_repro.measures.features import cached_folder, train_network
    from gan_repro.util.files import require_writable

    folder = options.out or cached_folder()
    require_writable(folder)
    try:
        card = train_network(folder, root=options.root, log=lambda line: print(line, file=sys.stderr))
    except DataUnavailable as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(card), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
