"""Whatever a command meets, it ends in one sentence and a known exit status."""

from __future__ import annotations

import argparse
import errno
from collections.abc import Callable

import pytest
import torch

from gan_repro.util import arguments, console
from gan_repro.util.console import command_line, log

Capture = pytest.CaptureFixture[str]


class TellsAllError(OSError):
    exit_status = 1


def ending_in(error: BaseException) -> Callable[..., int]:
    def run(options: argparse.Namespace) -> int:
        raise error

    return command_line("made.up", lambda parser: None, run)


ENDS = {
    "bad input": (ValueError("x is 3; give 2"), 2, "python -m made.up: x is 3; give 2"),
    "a full disk": (
        OSError(errno.ENOSPC, "No space left on device", "runs/x"),
        2,
        "python -m made.up: runs/x: No space left on device",
    ),
    "an error with a status": (TellsAllError("mnist: no source\n  - a: down"), 1, "mnist: no source"),
    "too little memory": (MemoryError(), 2, "error: there is not enough memory"),
    "too little for a tensor": (
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 TB"),
        2,
        "error: there is not enough memory",
    ),
    "a card that is full": (torch.OutOfMemoryError("CUDA out of memory"), 2, "error: there is no"),
    "a library that fails": (ImportError("\nno libx.so"), 2, "error: a library cannot be used here: no libx"),
    "an error that nobody expected": (KeyError("sigma"), 70, "error: KeyError: 'sigma' (unexpected;"),
    "an error without words": (RuntimeError(), 70, "error: RuntimeError (unexpected;"),
    "Ctrl-C": (KeyboardInterrupt(), 130, "interrupted"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_every_error_is_one_sentence_and_a_status(case: str, capsys: Capture) -> None:
    error, status, says = ENDS[case]
    assert ending_in(error)([]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(says)
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("error", [KeyError("sigma"), ValueError("shapes (3,) and (4,) do not fit")])
def test_an_error_shows_where_when_asked(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert ending_in(error)([]) in (console.FAULT, console.BAD_USAGE)
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv(console.DEBUG_VARIABLE, "1")
    assert ending_in(error)([]) in (console.FAULT, console.BAD_USAGE)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "heard"), [([], ["talk", "a warning"]), (["--quiet"], ["a warning"])])
def test_quiet_leaves_warnings(options: list[str], heard: list[str], capsys: Capture) -> None:
    def run(options: argparse.Namespace) -> int:
        log.info("talk")
        log.warning("a warning")
        print("data")
        return 0

    assert command_line("made.up", lambda parser: None, run)(options) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == heard
    assert printed.out == "data\n"


def test_talk_is_one_line_without_escape_codes(capsys: Capture) -> None:
    log.warning("a\nb\x1b[2Jc")
    assert capsys.readouterr().err == "a\\nb\\x1b[2Jc\n"


@pytest.mark.parametrize("text", ["", "-1", "1.5", "0x2", "²", "9" * 5000])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match="is not a whole number of at least 0, or is too large"
    ):
        arguments.count(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "soon"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a positive number of minutes"):
        arguments.minutes(text)
