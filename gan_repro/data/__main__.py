"""``python -m gan_repro.data``: list the data sets, fetch one, or verify what is on this machine.

Data goes to stdout, tab-separated; talk goes to stderr. Exit codes: 0 all is well, 1 a data set could not
be had or is not as it should be, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_repro import data
from gan_repro.console import command
from gan_repro.files import sha256_of_array


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        print(*(f"{name}\t{data.entry(name).about}" for name in data.names()), sep="\n")
        return 0
    try:
        data.entry(chosen.name)
    except ValueError as error:
        parser.error(str(error))
    try:
        return {"fetch": _fetch, "verify": _verify}[chosen.command](chosen.name, chosen.root)
    except data.DataUnavailable as error:
        print(error, file=sys.stderr)
        return 1


def _fetch(name: str, root: Path | None) -> int:
    dataset = data.load(name, fold=0 if data.entry(name).folds else None, root=root)
    for part in ("train", "valid", "test"):
        pixels = getattr(dataset, f"{part}_pixels")
        print(
            name,
            part,
            len(pixels),
            "x".join(map(str, dataset.image_shape)),
            sha256_of_array(pixels),
            sep="\t",
        )
    return 0


def _verify(name: str, root: Path | None) -> int:
    checks = data.entry(name).module().verify(root)
    for check in checks:
        print(check.state, check.what, check.detail, sep="\t")
    states = {check.state for check in checks}
    if "corrupt" in states:
        print(f"{name}: a file is not the true one; delete it and fetch {name} again", file=sys.stderr)
    elif "missing" in states:
        print(f"{name}: not complete on this machine; python -m gan_repro.data fetch {name}", file=sys.stderr)
    return 0 if states == {"ok"} else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.data",
        description="The data sets: which there are, getting one, checking what is on this machine.",
        epilog="Environment: GAN_REPRO_DATA, a folder with data sets of your own; GAN_REPRO_CACHE, where "
        "downloads are kept. Exit code 1: a data set could not be had or is damaged.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | fetch | verify")
    commands.add_parser("list", help="print name and description of each data set")
    fetch = commands.add_parser(
        "fetch", help="get a data set; print part, size, shape and SHA-256 of its pixels"
    )
    verify = commands.add_parser("verify", help="check the files on this machine; no downloads")
    for reader in (fetch, verify):
        reader.add_argument("name", metavar="NAME", help="one of: " + ", ".join(data.names()))
        reader.add_argument("--root", type=Path, metavar="DIR", help="a folder of yours to look into first")
    verify.epilog = "With --root only that folder is checked."
    return parser


if __name__ == "__main__":
    sys.exit(main())
