"""Getting files from whichever source has them, in order, saying why each of the others did not.

A data set names the files it needs (`Wanted`: size and SHA-256) and the places they may come from (`Source`).
A `Search` asks the sources one by one, checks what they hand over, and keeps the reasons of those that failed
for the one message a user sees when nothing worked.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro.util.console import log
from gan_repro.util.text import one_line

Files = dict[str, bytes]
"""File name -> its whole content."""


class DataUnavailable(OSError):  # noqa: N818  (a state of the world, not a slip)
    """No source could give a data set; the message lists what was tried and what to do."""

    exit_status = 1
    """Of a command that ends so."""


class SourceFailed(Exception):  # noqa: N818
    """One source could not give the files; the message is one sentence that says why."""


class NothingThere(SourceFailed):
    """The source is in order but empty, as a cache is on first use: worth no line on stderr."""


@dataclass(frozen=True)
class Wanted:
    """One file, known to the byte."""

    name: str
    size: int
    """In bytes; also the most that is ever read or unpacked for it."""
    sha256: str
    aliases: tuple[str, ...] = ()
    """Other names that the same bytes go by."""

    def fault(self, content: bytes) -> str | None:
        """Why `content` is not this file, in a few words; None where it is."""
        if len(content) > self.size:
            return f"is larger than the {self.size:,} bytes of the true file"
        if len(content) < self.size:
            return f"holds {len(content):,} bytes, the true file {self.size:,}"
        found = hashlib.sha256(content).hexdigest()
        return None if found == self.sha256 else f"has SHA-256 {found}, the true file {self.sha256}"


@dataclass(frozen=True)
class Source:
    """A place that may have the files of a data set."""

    label: str
    """How messages call it."""
    fetch: Callable[[Path], Files]
    """Gets a scratch folder that is removed afterwards; raises SourceFailed or OSError."""


def tell(title: str, message: str) -> None:
    """One line of talk about the data set `title`, on stderr."""
    log.info("%s", f"{title}: {message}")


class Search:
    """Asks sources for the files of one data set, one after another.

    Args:
        title: the data set's name, as messages call it.
        wanted: every file it needs.
    """

    def __init__(self, title: str, wanted: Sequence[Wanted]) -> None:
        self.title = title
        self.wanted = tuple(wanted)
        self.failures: dict[str, str] = {}
        """Source label -> why it failed, in the order asked."""

    def ask(self, source: Source) -> Files | None:
        """Get the files from `source`, checked; None where it failed, which is then told and remembered."""
        try:
            with tempfile.TemporaryDirectory(prefix="gan_repro.", ignore_cleanup_errors=True) as scratch:
                return self._checked(source.fetch(Path(scratch)))
        except NothingThere as error:
            self.failures[source.label] = str(error)
        except (SourceFailed, OSError) as error:
            self.failures[source.label] = one_line(error)
            tell(self.title, f"{source.label}: {error}")
        return None

    def unavailable(self, advice: str) -> DataUnavailable:
        """Make the exception for when no source is left; `advice` says where to put the files by hand."""
        tried = [f"  - {label}: {reason}" for label, reason in self.failures.items()]
        files = [f"  - {file.name}: {file.size:,} bytes, SHA-256 {file.sha256}" for file in self.wanted]
        return DataUnavailable(
            "\n".join([f"{self.title}: no source had the data; tried:", *tried, advice, *files])
        )

    def _checked(self, files: Files) -> Files:
        for wanted in self.wanted:
            if wanted.name not in files:
                raise SourceFailed(f"did not hold {wanted.name}")
            if fault := wanted.fault(files[wanted.name]):
                raise SourceFailed(f"{wanted.name} {fault}")
        return {wanted.name: files[wanted.name] for wanted in self.wanted}
