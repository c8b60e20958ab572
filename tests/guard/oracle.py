"""The one question that every case asks: was the bad input refused as promised?

As promised means: a known exit status, one sentence on stderr that names the culprit, nothing on stdout, no
file written, changed or left behind, and all that before the time is up.
"""

from __future__ import annotations

import hashlib
import os
import signal
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

SECONDS = 900
"""Far more than any refusal takes on a busy machine, and far less than for ever."""


def cases(table: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Make a test run once for each entry of `table`, as its argument `case`; these are the cases counted."""
    return pytest.mark.parametrize(
        "case", [pytest.param(entry, id=name, marks=pytest.mark.refusal) for name, entry in table.items()]
    )


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """Fail the test if the block is not done in time: it waits for a pipe, or reads without end."""

    def late(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"not done within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tree(folder: Path) -> dict[str, str]:
    """Everything in a folder, by path, with what it is and holds; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        mode = status.st_mode
        if stat.S_ISLNK(mode):
            content = f"link to {os.readlink(path)}"
        elif stat.S_ISREG(mode) and status.st_size > 2**24:
            content = f"{status.st_size} bytes of {status.st_mtime_ns}"
        elif stat.S_ISREG(mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = oct(stat.S_IFMT(mode))
        found[os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")] = content
    return found


def status_of(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> object:
    """Run a command in this process, in time; its exit status."""
    with within():
        try:
            return main(arguments)
        except SystemExit as ended:  # argparse ends so
            return ended.code


def sentence_of(stderr: str) -> str:
    """What a command said, without the usage that argparse puts before it: one line, and no traceback."""
    lines = stderr.splitlines()
    if lines and lines[0].startswith("usage:"):
        lines = [line for line in lines[1:] if not line.startswith(" ")]
    assert len(lines) == 1, stderr
    assert lines[0].isprintable(), stderr
    assert "Traceback" not in stderr
    return lines[0]


class Refuses:
    """Checks that a command refuses; see the fixture `refuses`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.capsys, self.folder = capsys, folder

    def __call__(self, main: Any, arguments: Sequence[str], says: str, *, status: int = 2) -> str:
        """Run `main`; the sentence, in which `says` must stand."""
        before = tree(self.folder)
        self.capsys.readouterr()
        found = status_of(main, arguments)
        printed = self.capsys.readouterr()
        assert found == status, printed.err
        assert printed.out == ""
        sentence = sentence_of(printed.err)
        assert says in sentence
        assert tree(self.folder) == before, "a refusal changes no file"
        return sentence
