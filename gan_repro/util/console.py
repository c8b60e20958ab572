"""What all commands promise alike: an end in one sentence and a known exit status, never in a traceback."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

from gan_repro.util.text import one_line

_Arguments = ParamSpec("_Arguments")

BAD_USAGE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


def command(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """Wrap the `main` of a command; its exit status stands where nothing goes wrong.

    A character that the terminal lacks is printed as an escape. An `OSError` that `main` lets through (a full
    disk, a folder where a file should be) is one sentence and status 2; a reader of our output who has gone
    away is status 141, and Ctrl-C is 130.
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
        except OSError as error:
            print(f"error: {sentence(error)}", file=sys.stderr)
            status = BAD_USAGE
        _drop_what_cannot_be_printed()
        return status

    return guarded


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
