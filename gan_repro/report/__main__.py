"""Bring everything that is printed in line with the records.

    gan-repro report [--results DIR] [--check]

Writes REPORT.md, the tables beside the records and those in README.md; with --check it only says what is not
as the records give it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gan_repro.util import console
from gan_repro.util.folders import RESULTS


def run(options: argparse.Namespace) -> int:
    """Write what the records give, or compare it with what is there; the exit status.

    Raises:
        ValueError: the folder holds no trials.
        OSError: a file cannot be written.
    """
    if not (options.results / "trials").is_dir():
        raise ValueError(f"{options.results} holds no trials; use --results")

    from gan_repro import report
    from gan_repro.report.printed import differences, printed
    from gan_repro.util.files import atomic_write

    files = {options.output: report.render(options.results)} if options.output else printed(options.results)
    if options.check:
        different = differences(files)
        print(*different, sep="\n", end="\n" if different else "")
        return 1 if different else 0
    for path, text in files.items():
        try:
            atomic_write(path, text)
        except OSError as error:
            raise OSError(f"cannot write {path}: {error.strerror}") from error
        print(path)
    return 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Write REPORT.md, and the tables beside the records and in README.md, from the records."
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the report there, and no other file"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not what the records give"
    )


main = console.command_line("gan_repro.report", configure, run)


if __name__ == "__main__":
    sys.exit(main())
