"""Bring everything that is printed in line with the records.

    python -m gan_repro.report [--results DIR] [--check]

Writes REPORT.md, the tables beside the records and those in README.md; with --check it only says what is not
as the records give it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_repro.util.console import command


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.report",
        description="Write REPORT.md, and the tables beside the records and in README.md, from the records.",
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the report there, and no other file"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not what the records give"
    )
    options = parser.parse_args(arguments)
    if not (options.results / "trials").is_dir():
        print(f"{parser.prog}: {options.results} holds no trials; use --results", file=sys.stderr)
        return 2

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
            print(f"{parser.prog}: cannot write {path}: {error.strerror}", file=sys.stderr)
            return 2
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
