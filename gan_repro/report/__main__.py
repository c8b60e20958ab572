"""Bring everything that is printed in line with the records.

    gan-repro report [--results DIR] [--check] [--html FILE] [--controls]

Writes REPORT.md, its pages in results/report, the tables beside the records and those in README.md; with
--html one page for a browser instead. The report of a folder of one's own goes into that folder. With
--check it writes nothing and says what is not as the records give it. Exit 0, or 1 where --check finds a
difference or a file of the record cannot be read, or 2 for bad usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util import console
from gan_repro.util.folders import RESULTS

if TYPE_CHECKING:
    from gan_repro.report.printed import Material


def run(options: argparse.Namespace) -> int:
    """Write what the records give, or compare it with what is there; the exit status.

    Raises:
        ValueError: the folder holds no trials, --controls is asked for beside --check or --html, or the page
            needs a package that is not installed.
        OSError: a file cannot be written.
    """
    if not (options.results / "trials").is_dir():
        raise ValueError(f"{options.results} holds no trials; use --results")
    if options.controls and (options.check or options.html):
        raise ValueError("--controls writes controls.json and the report; leave out --check and --html")

    from gan_repro.report.check import differences
    from gan_repro.report.printed import Material, printed
    from gan_repro.util.files import atomic_write

    if options.controls:
        from gan_repro.verdicts.controls import run_controls
        from gan_repro.verdicts.controls.kept import keep

        print(keep(options.results, run_controls()))
    material = Material.read(options.results)
    for problem in material.damaged:
        console.log.warning("%s: %s; left out", options.prog, problem)
    texts = {options.html: _page(material)} if options.html else printed(material)
    if options.check:
        different = differences(texts, options.results)
        print(*different, sep="\n", end="\n" if different else "")
        return 1 if different or material.damaged else 0
    for path, text in texts.items():
        try:
            atomic_write(path, text)
        except OSError as error:
            raise OSError(f"cannot write {path}: {error.strerror}") from error
        print(path)
    return 1 if material.damaged else 0


def _page(material: Material) -> str:
    from gan_repro.report.html import page

    try:
        return page(material)
    except ImportError as error:
        raise ValueError(f"--html needs more: pip install 'gan-repro[html]' ({error})") from error


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Write REPORT.md, its pages, and the tables beside the records and in README.md."
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write one page for a browser there, and no other file"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not what the records give"
    )
    parser.add_argument(
        "--controls",
        action="store_true",
        help="run every rule on cases whose answer is known first (a minute), and keep what they gave",
    )


main = console.command_line("gan_repro.report", configure, run)


if __name__ == "__main__":
    sys.exit(main())
