"""``gan-repro check-model NAME``: check that a model keeps what every model promises.

Each check is a line on stdout. Exit codes: 0 all promises are kept, 1 one is broken, 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys

from gan_repro import models
from gan_repro.util import arguments, console
from gan_repro.util.text import describe_error, one_line


def run(options: argparse.Namespace) -> int:
    """Run every check over the model; the exit status."""
    import torch

    from gan_repro.models.conformance import checks_of
    from gan_repro.models.conformance.case import Case, ConformanceError

    torch.set_num_threads(1)
    case, broken = Case(options.name), 0
    for check in checks_of(case):
        promise = (check.__doc__ or check.__name__).strip()
        try:
            check(case)
        except Exception as error:  # a model of anybody's may fail in any way
            broken += 1
            reason = one_line(error) if isinstance(error, ConformanceError) else describe_error(error)
            print(f"BROKEN  {promise}\n        {reason}")
        else:
            print(f"kept    {promise}")
    print(f"{options.name}: {f'{broken} promises are broken' if broken else 'all promises are kept'}")
    return 1 if broken else 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Check that a model keeps what every model promises: that samples are images, the same bits come from"
        " the same seed, and, where it trains, that it can stop anywhere and go on."
    )
    parser.epilog = "A model trains in a moment if its class names small settings, `tiny`."
    parser.add_argument(
        "name", type=arguments.checked_by(models.check_name), metavar="NAME", help="the model's name"
    )


main = console.command_line("gan_repro.models", configure, run)

if __name__ == "__main__":
    sys.exit(main())
