"""``gan-repro compare A B``: which scores differ between two sides, by how much, and what can have done it.

Also ``python -m gan_repro.audit.compare``. A side is a results folder, one file, or ``git:REV``, the records
at a commit. The comparison goes to stdout. Exit status: 0 compared; 1 with ``--fail-under``, if scores lie
too far apart or are gone; 2 bad usage or nothing that can be compared.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

from gan_repro.util import console

MISSED = 1


def run(options: argparse.Namespace) -> int:
    """Compare the two sides and print it; the exit status.

    Raises:
        ValueError: a side cannot be read, or the two have nothing in common.
    """
    from gan_repro.audit.compare.causes import code_matters
    from gan_repro.audit.compare.pairs import join, over_seeds
    from gan_repro.audit.compare.sides import read_side
    from gan_repro.audit.compare.words import Compared, text, to_dict

    a, b = read_side(options.a), read_side(options.b)
    for problem in (*a.problems, *b.problems):
        console.log.warning("warning: %s; left out", problem)
    joined = join(a, b)
    compared = []
    for pair in joined.pairs:
        changes = pair.changes()
        code = code_matters(pair, Path.cwd()) if "code" in changes else None
        compared.append(Compared(pair, changes, code))
    rows = over_seeds(joined.pairs)
    if options.json:
        found = to_dict(a, b, joined, compared, rows)
        print(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(text(a, b, joined, compared, rows))
    if options.fail_under is None:
        return 0
    far = [p for p in joined.pairs if p.difference is not None and abs(p.difference) > options.fail_under]
    lost = [pair for pair in joined.pairs if pair.lost]
    if far or lost:
        console.log.warning(
            "%d of %d joined scores lie more than %g nats apart, %d of A have no score in B",
            len(far), len(joined.pairs), options.fail_under, len(lost),
        )  # fmt: skip
    return MISSED if far or lost else 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Compare two results folders, saved scores or commits: join their scores by spec id, else by row, "
        "data set and seed, and tell of each pair the difference (B - A, nats), whether the samples are the "
        "same to the bit, and what changed in configuration, versions, machine and code. Intervals are "
        "paired: over seeds where two or more are on both sides, over test images where both files hold "
        "their values (score --json --per-image)."
    )
    parser.epilog = (
        "Experiments are not compared. Scores are compared under A's main protocol, or else the first that "
        "both have. With --fail-under NATS the exit status is 1 if the scores of any joined pair lie more "
        "than NATS apart, B's higher or lower, or if A's has a score that B's has not; what stands on one "
        "side only does not count."
    )
    for side in ("a", "b"):
        parser.add_argument(
            side,
            metavar=side.upper(),
            help="a folder with trials/ or submissions/; a file (a trial's record, a row of score --save, "
            "the output of score --json); git:REV, what results/ holds at a commit, or git:REV:FOLDER",
        )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.add_argument(
        "--fail-under",
        type=_tolerance,
        metavar="NATS",
        help="exit with 1 where joined scores lie more than that apart; 0 asks for the very same numbers",
    )


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number of nats, 0 or more")
    return value


main = console.command_line("gan_repro.audit.compare", configure, run)

if __name__ == "__main__":
    sys.exit(main())
