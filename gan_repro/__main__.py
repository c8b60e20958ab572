"""The command ``gan-repro``, also ``python -m gan_repro``: one parser for all subcommands.

A subcommand is a module with ``configure(parser)`` and ``run(options)`` (`gan_repro.util.console`), imported
only when it is the one that is called, so that ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from gan_repro.util.console import add_common, add_plugin, command, execute, load_plugins

COMMANDS = {
    "table": ("gan_repro.table1", "train and score the models of Table 1, and print the table"),
    "score": ("gan_repro.scoring.__main__", "score samples of your own under the protocol of Table 1"),
    "check-model": ("gan_repro.models.__main__", "check that a model keeps what every model promises"),
    "data": ("gan_repro.data.__main__", "list, fetch, verify or import data sets"),
    "audit": ("gan_repro.audit.__main__", "check records, and everything that is printed from them"),
    "report": ("gan_repro.report.__main__", "write REPORT.md and the tables from the published record"),
    "figures": ("gan_repro.figures.__main__", "draw the figures that the records allow"),
    "search": ("gan_repro.search.__main__", "choose unpublished settings on validation images"),
    "experiments": ("gan_repro.experiments.__main__", "run an experiment beyond the table"),
    "record": ("gan_repro.audit.record", "take finished trials of your own into the published record"),
    "compare": ("gan_repro.audit.compare.__main__", "compare two results folders, saved scores or commits"),
}
"""Subcommand -> its module, and what it does."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # Options before the subcommand take no values, so the first word is its name.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    load_plugins(arguments)
    return execute(_parser(chosen).parse_args(arguments))


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser, with the arguments of the chosen subcommand only."""
    parser = argparse.ArgumentParser(
        prog="gan-repro",
        description="Table 1 of 'Generative Adversarial Nets' (2014), trained and scored again.",
        epilog="gan-repro COMMAND --help says what each takes. Exit status: 0 all is well, 1 something "
        "asked for is not there or does not hold, 2 bad usage or input, 130 interrupted.",
    )
    subcommands = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for name, (module_name, about) in COMMANDS.items():
        subcommand = subcommands.add_parser(name, help=about)
        if name == chosen:
            module = importlib.import_module(module_name)
            module.configure(subcommand)
            add_common(subcommand)
            add_plugin(subcommand)
            subcommand.set_defaults(run=module.run, prog=subcommand.prog)
    add_common(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
