"""Check the records, and everything that is printed from them.

    gan-repro audit [--results DIR] [--with FOLDER] [--replay N [--seed S] [--minutes M]] [--rescore ID]
                    [--controls]

For those who make the records: --seal, and --export ID [--to DIR]. Exit 0 with a summary when everything
holds, 1 with the list of what does not, 2 for bad usage. What cannot be checked, as in a folder of one's
own runs or where there is no git, is said and is no failure.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util import arguments, console
from gan_repro.util.device import HELP, choose_device
from gan_repro.util.folders import SEAL, given_or_found, is_published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gan_repro.audit.integrity import Checked
    from gan_repro.audit.problem import Problem


_ONE_OF = ("controls", "rescore", "replay", "seal", "export")
"""What is done beside checking, or in place of it."""


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; the exit status.

    Raises:
        ValueError, OSError: bad usage, or a folder that cannot be read or written.
    """
    asked = [f"--{name}" for name in _ONE_OF if getattr(options, name)]
    if len(asked) > 1:
        raise ValueError(f"{' and '.join(asked)} are asked for one at a time")
    if options.controls:
        from gan_repro.audit.controls import show_controls

        return show_controls()
    results = options.results = given_or_found(options.results)
    from gan_repro.audit.saved_rows import check_saved_rows, saved_rows

    rows = saved_rows(options.supplied, results)
    if not (results / "trials").is_dir():
        if not rows or options.replay or options.rescore or options.seal or options.export:
            raise ValueError(f"{results} holds no trials; say where they are with --results")
        return _told(check_saved_rows(rows), _rows_hold(rows))
    from gan_repro.audit import actions

    if options.device is not None:
        choose_device(options.device)
    if options.export:
        return actions.export(options.export, results, options.to or results, options.root)
    if options.rescore:
        return actions.rescore_one(options.rescore, results, options.root, options.device)
    if options.seal:
        actions.seal(results)
    checked = check(results)
    problems = [*checked.problems, *check_saved_rows(rows)]
    if options.replay:
        problems += actions.replay_drawn(options)
    for note in checked.notes:
        console.log.info("note: %s", note)
    if problems:
        return _told(problems)
    return _told([], "\n".join([actions.summary(results), *([_rows_hold(rows)] if rows else [])]))


def _told(problems: Sequence[Problem], summary: str = "") -> int:
    """Print what does not hold, or else the summary; the exit status."""
    if problems:
        print(*problems, sep="\n")
        count = len(problems)
        print("1 thing does not hold" if count == 1 else f"{count} things do not hold")
        return 1
    print(summary)
    return 0


def _rows_hold(rows: Sequence[Path]) -> str:
    count = "1 saved row is" if len(rows) == 1 else f"{len(rows)} saved rows are"
    return f"{count} as saved; what they score is not judged."


def check(results: Path) -> Checked:
    """Check the records, their seal, and what is printed from them.

    A folder of one's own has no seal and no report, and only the tables that lie in it are compared.
    """
    from gan_repro.audit.integrity import Checked, check_records
    from gan_repro.audit.problem import Problem
    from gan_repro.audit.seal import check_seal, own_runs
    from gan_repro.experiments.results import load_results
    from gan_repro.report.check import check_printed, differences
    from gan_repro.tables.files import recorded_files
    from gan_repro.trials.plugged import find_plugged

    if not is_published(results):
        records = check_records(results, published=False)
        found = load_results(results)
        tables = {path: text for path, text in recorded_files(found).items() if path.exists()}
        # Where a plug-in is not here, tables that were made with it cannot be.
        lacking = find_plugged(found.trials)
        stale = [] if lacking else [Problem(*stale) for stale in differences(tables, results)]
        unsealed = Problem(SEAL, "is not there, so that an edited record would not be noticed")
        return Checked([*records.problems, *stale], [*records.notes, unsealed])
    records = check_records(results, own_runs(results))
    stale = [Problem(*found) for found in check_printed(results)]
    return Checked([*records.problems, *check_seal(results), *stale], records.notes)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Check the recorded trials, and every table and report made from them."
    parser.epilog = "Example: gan-repro audit --replay 2 --minutes 5"
    parser.add_argument(
        "--results",
        "--runs",
        type=Path,
        metavar="DIR",
        help="the published record, or your own runs (default: results where it is, else runs)",
    )
    parser.add_argument(
        "--with",
        dest="supplied",
        type=Path,
        metavar="FOLDER",
        help="check the saved rows of this folder, not those of the audited one and of runs",
    )
    parser.add_argument(
        "--controls",
        action="store_true",
        help="run every rule on cases whose answer is known, and say how small an effect it still sees",
    )
    parser.add_argument(
        "--rescore",
        metavar="ID",
        help="draw the samples of a recorded trial again from its published weights, and compare",
    )
    parser.add_argument(
        "--replay",
        type=arguments.count,
        default=0,
        metavar="N",
        help="run N recorded trials again and compare",
    )
    parser.add_argument(
        "--seed", type=arguments.count, default=0, help="of the draw of trials to replay (default: 0)"
    )
    parser.add_argument(
        "--minutes",
        type=arguments.minutes,
        default=10.0,
        metavar="M",
        help="replay only trials that took at most so long when recorded (default: 10)",
    )
    parser.add_argument(
        "--device",
        type=arguments.device,
        metavar="DEVICE",
        help=f"where to replay: {HELP} (default: the kind of device that a trial was recorded on)",
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")
    makers = parser.add_argument_group("for those who make the records")
    makers.add_argument(
        "--seal",
        action="store_true",
        help="write the SHA-256 of every record to SHA256SUMS first; what that changes is listed",
    )
    makers.add_argument(
        "--export", metavar="ID", help="publish the weights of a finished trial from its checkpoint"
    )
    makers.add_argument(
        "--to", type=Path, metavar="DIR", help="results folder to export to (default: that of --results)"
    )


main = console.command_line("gan_repro.audit", configure, run)

if __name__ == "__main__":
    sys.exit(main())
