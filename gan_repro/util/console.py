"""What all commands promise alike: one shape, and an end in one sentence and a known exit status.

A command's module has two functions: ``configure(parser)`` adds its arguments, ``run(options)`` does the work
and returns the exit status. `command_line` makes of them the `main` of ``python -m MODULE``; ``gan-repro``
(`gan_repro.__main__`) puts all of them under one parser.
"""

from __future__ import annotations

import argparse
import functools
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import ParamSpec, TextIO

from gan_repro.util.text import describe_error, first_line, one_line

_Arguments = ParamSpec("_Arguments")

BAD_USAGE, FAULT, INTERRUPTED, PIPE_CLOSED = 2, 70, 130, 141
DEBUG_VARIABLE = "GAN_REPRO_DEBUG"
"""Set to anything, an unexpected error is shown with its traceback."""

log = logging.getLogger("gan_repro")
"""What a command says on stderr while it works. ``--quiet`` leaves warnings and errors."""


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The message on one line, without escape codes."""
        return one_line(record.getMessage())


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is at that moment, as logging's own handler of last resort does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(_OneLine())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


log.addHandler(_Stderr())
log.setLevel(logging.INFO)
log.propagate = False


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every command has: ``--version`` and ``--quiet``."""
    from gan_repro import __version__

    parser.add_argument("--version", action="version", version=f"gan-repro {__version__}")
    parser.add_argument(
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="say nothing on stderr but warnings and errors, and show no progress",
    )


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add ``--plugin``, which every subcommand has."""
    from gan_repro.util.arguments import checked_by

    parser.add_argument(
        "--plugin",
        action="append",
        type=checked_by(_load),
        metavar="FILE",
        help="a Python file with models, rows or data sets of your own (docs/contributing.md)",
    )


def load_plugins(arguments: Sequence[str]) -> None:
    """Load the files that ``--plugin`` names, before other options are read, which may name what they hold.

    Raises:
        PluginError: one cannot be read or run.
    """
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--plugin", action="append", nargs="?", default=[])
    for path in early.parse_known_args(arguments)[0].plugin:
        if path is not None:
            _load(path)


def _load(path: str) -> None:
    from gan_repro.util.plugins import PluginFile

    PluginFile.read(path).load()


def execute(options: argparse.Namespace) -> int:
    """Run the command that the parsed options belong to; the exit status.

    Bad input and failed files (`ValueError`, `OSError`) are one sentence on stderr and status 2. An error
    whose class has an `exit_status` is printed as it stands, and gives that status.
    """
    options.quiet = getattr(options, "quiet", False)
    log.setLevel(logging.WARNING if options.quiet else logging.INFO)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        if (status := getattr(error, "exit_status", None)) is not None:
            print(error, file=sys.stderr)
            return int(status)
        text = sentence(error) if isinstance(error, OSError) else one_line(error)
        print(f"{options.prog}: {text}", file=sys.stderr)
        _trace()
        return BAD_USAGE


def command_line(
    name: str,
    configure: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], int],
) -> Callable[..., int]:
    """Make the `main` of ``python -m NAME``, which parses its arguments (default: the process's) and runs."""

    @command
    def main(arguments: Sequence[str] | None = None) -> int:
        arguments = sys.argv[1:] if arguments is None else arguments
        load_plugins(arguments)
        parser = argparse.ArgumentParser(prog=f"python -m {name}")
        configure(parser)
        add_common(parser)
        add_plugin(parser)
        parser.set_defaults(run=run, prog=parser.prog)
        return execute(parser.parse_args(arguments))

    return main


def command(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """Wrap the `main` of a command; its exit status stands where nothing goes wrong.

    A character that the terminal lacks is printed as an escape. Whatever `main` lets through is one sentence
    and a status: 2 for an `OSError` (a full disk, a folder where a file should be), too little memory or a
    library that cannot be imported; 130 for Ctrl-C; 141 for a reader of our output who has gone away; 70 for
    what nobody expected.
    """

    @functools.wraps(main)
    def guarded(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            status = main(*arguments, **options)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            status = PIPE_CLOSED
        except KeyboardInterrupt:
            print("interrupted; what was complete is kept", file=sys.stderr)
            status = INTERRUPTED
        except Exception as error:
            text, status = _end(error)
            print(f"error: {text}", file=sys.stderr)
            _trace()
        _drop_what_cannot_be_printed()
        return status

    return guarded


def _trace() -> None:
    """Show where the error at hand came from, where the environment asks for it."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()


def _end(error: Exception) -> tuple[str, int]:
    """The sentence and the exit status for an error that a command let through."""
    if (status := getattr(error, "exit_status", None)) is not None:
        return str(error), int(status)
    if isinstance(error, OSError):
        return sentence(error), BAD_USAGE
    if _memory_is_full(error):
        cure = "close other programs, or use --device cpu or fewer --workers where the command has them"
        return f"there is not enough memory for this; {cure}", BAD_USAGE
    if isinstance(error, ImportError):
        return f"a library cannot be used here: {first_line(error)}", BAD_USAGE
    return f"{describe_error(error)} (unexpected; {DEBUG_VARIABLE}=1 shows where, to be reported)", FAULT


def _memory_is_full(error: Exception) -> bool:
    if "torch" not in sys.modules:  # which has errors of its own for it
        return isinstance(error, MemoryError)
    from gan_repro.util.device import out_of_memory

    return out_of_memory(error)


def sentence(error: OSError) -> str:
    """What went wrong and with which file, on one line."""
    if error.strerror is None:
        return one_line(error)
    return one_line(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)


def _drop_what_cannot_be_printed() -> None:
    """Python flushes stdout once more as it ends, and would complain of the same failure in its own way."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
