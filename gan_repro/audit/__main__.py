"""Check the records, and everything that is printed from them.

    gan-repro audit [--results DIR] [--seal] [--replay N [--seed S] [--minutes M]]

Exit 0 with a summary when everything holds, 1 with the list of what does not, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro.util import arguments, console
from gan_repro.util.device import HELP, cards, choose_device, on_card
from gan_repro.util.folders import given_or_found, is_published

if TYPE_CHECKING:
    from gan_repro.audit.problem import Problem


def run(options: argparse.Namespace) -> int:
    """Check, and replay if asked to; the exit status.

    Raises:
        ValueError, OSError: bad usage, or a folder that cannot be read or written.
    """
    results = options.results = given_or_found(options.results)
    if not (results / "trials").is_dir():
        raise ValueError(f"{results} holds no trials; say where they are with --results")
    if options.device is not None:
        choose_device(options.device)
    if options.seal:
        _seal(results)
    problems = check(results)
    if options.replay:
        problems += _replay(options)
    if problems:
        print(*problems, sep="\n")
        count = len(problems)
        print("1 thing does not hold" if count == 1 else f"{count} things do not hold")
        return 1
    print(_summary(results))
    return 0


def check(results: Path) -> list[Problem]:
    """Everything that does not hold: the records, their seal, and what is printed from them.

    A folder of one's own has no seal and no report, and only the tables that lie in it are compared.
    """
    from gan_repro.audit.integrity import check_records
    from gan_repro.audit.problem import Problem
    from gan_repro.audit.seal import check_seal
    from gan_repro.report.printed import check_printed, differences, printed

    if not is_published(results):
        texts = printed(results)
        tables = {path: texts[path] for path in results.glob("table1_*") if path in texts}
        stale = [Problem(*found) for found in differences(tables)]
        return [*check_records(results, published=False), *stale]
    stale = [Problem(*found) for found in check_printed(results)]
    return [*check_records(results), *check_seal(results), *stale]


def _seal(results: Path) -> None:
    from gan_repro.audit.seal import SEAL, write_seal

    for what, names in write_seal(results)._asdict().items():
        print(*(f"{what}: {name}" for name in names), sep="\n", end="\n" if names else "")
    print(f"sealed in {results / SEAL}")


def _replay(options: argparse.Namespace) -> list[Problem]:
    from gan_repro import data
    from gan_repro.audit.replay import draw, replay
    from gan_repro.trials.environment import device_kind
    from gan_repro.trials.runner import RunOptions
    from gan_repro.trials.store import RecordStore

    drawn = draw(RecordStore(options.results), seed=options.seed, minutes=options.minutes)
    print(
        f"replaying {min(options.replay, len(drawn))} of the {len(drawn)} trials that took at most"
        f" {options.minutes:g} minutes (asked for {options.replay}, drawn with seed {options.seed})"
    )
    problems: list[Problem] = []
    lacking: dict[str, data.DataUnavailable] = {}
    replays = elsewhere = 0
    for record in drawn:
        name = record.spec.data.name
        if replays == options.replay:
            break
        device = options.device or device_kind(record.provenance.environment)
        if on_card(device) and not cards():
            elsewhere += 1
            continue
        if name in lacking:
            continue
        try:
            replayed = replay(record, RunOptions(root=options.root, device=device))
        except data.DataUnavailable as error:
            # Not everybody may have every set of faces: others are drawn in their place.
            lacking[name] = error
            print(f"of {name} no trial is replayed: {error}", flush=True)
            continue
        replays += 1
        print(f"replayed {replayed}", flush=True)
        problems += replayed.problems
    if elsewhere:
        print(
            f"{elsewhere} were recorded on a card, which is not here, and are left out;"
            " --device cpu compares their scores alone"
        )
    if lacking and not replays:
        raise next(iter(lacking.values()))
    return problems


def _summary(results: Path) -> str:
    from collections import Counter

    from gan_repro.audit.seal import own_runs
    from gan_repro.verdicts.evidence import Evidence
    from gan_repro.verdicts.judge import judge

    if not is_published(results):
        count = sum(1 for _ in (results / "trials").glob("*.json"))
        return f"your own runs in {results} hold together: {count} trials, and the tables made from them."
    evidence = Evidence.load(results)
    own = len(own_runs(results))
    rulings = Counter(verdict.ruling for verdict in judge(evidence))
    claims = ", ".join(f"{ruling} {count}" for ruling, count in sorted(rulings.items(), reverse=True))
    counts = f"{len(evidence.records)} full-size trials and {len(evidence.experiments)} experiments"
    return (
        f"{counts} hold together, and what is printed is what they give."
        f" Claims: {claims} (python -m gan_repro.report)."
        + (f" Not sealed, your own runs: {own}." if own else "")
    )


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
        "--seal",
        action="store_true",
        help="write the SHA-256 of every record to SHA256SUMS first; what that changes is listed",
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


main = console.command_line("gan_repro.audit", configure, run)

if __name__ == "__main__":
    sys.exit(main())
