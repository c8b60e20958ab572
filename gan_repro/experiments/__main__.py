"""``python -m gan_repro.experiments NAME``: run an experiment and record it.

Prints the findings; progress goes to stderr. Exit codes: 0 recorded, 1 a trained model or data could not be
had, 2 bad usage, 130 interrupted (the earlier record stands).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_repro import data, experiments
from gan_repro.util.console import command


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.experiments",
        description="Run an experiment and write results/experiments/NAME.json.",
        epilog="; ".join(f"{name}: {experiments.about(name)}" for name in experiments.names()),
    )
    parser.add_argument("name", metavar="NAME", choices=experiments.names(), help="one of those below")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="default: results"
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")
    options = parser.parse_args(arguments)
    from gan_repro.experiments.trained import NoModelError

    try:
        record = experiments.run(options.name, results=options.results, root=options.root)
    except (NoModelError, data.DataUnavailable) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; nothing was recorded", file=sys.stderr)
        return 130
    for name, finding in record.findings.items():
        spread = "" if finding.standard_error is None else f" ± {finding.standard_error:.2g}"
        over = "" if finding.over is None else f" over {finding.n or 'its'} {finding.over}"
        print(f"{name}: {finding.value:.4g}{spread} {finding.unit}{over}. {finding.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
