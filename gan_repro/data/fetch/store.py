"""The cache, and the order in which files are looked for: the user's folder, the cache, then elsewhere.

The cache (GAN_REPRO_CACHE, else the platform's place for caches) is this program's: a damaged file there is
moved aside, and processes that start at once fetch a data set once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gan_repro.data.fetch.own import (
    DATA_VARIABLE,
    OtherForms,
    own_folder,
    own_paths,
    read_file,
    read_other,
    read_own,
)
from gan_repro.data.fetch.sources import Files, NothingThere, Search, Source, Wanted, tell
from gan_repro.util.files import atomic_write

CACHE_VARIABLE = "GAN_REPRO_CACHE"
LOCK_SECONDS = 600
"""How long to wait for another process that is fetching the same data, before fetching it too."""


@dataclass(frozen=True)
class Check:
    """What a verification found about one file or one array."""

    state: Literal["ok", "corrupt", "missing"]
    what: str
    """A path, or a name."""
    detail: str = ""
    """What is wrong with it; empty where nothing is."""


def cache_folder(title: str) -> Path:
    """Where the files of the data set `title` are kept between runs; it need not exist yet."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(os.path.expanduser(chosen)).absolute() / title
    import pooch

    return Path(pooch.os_cache("gan_repro")) / title


def find(title: str, names: Sequence[str], root: Path | None, *, only_root: bool = False) -> Path | None:
    """Find the first of the files `names` in the user's folder (or its subfolder `title`), else in the cache.

    For data that is never fetched. `only_root`: where `root` is given, look nowhere else.
    """
    folder = own_folder(root)
    folders = [] if folder is None else [folder, folder / title]
    if root is None or not only_root:
        folders.append(cache_folder(title))
    paths = (place / name for place in folders for name in names)
    return next((path for path in paths if os.path.isfile(path)), None)


def obtain(
    title: str,
    wanted: Sequence[Wanted],
    remote: Sequence[Source],
    root: Path | None,
    other: OtherForms | None = None,
) -> Files:
    """Get the wanted files, byte for byte: from the user's folder, the cache, or else a remote source.

    The user's folder may hold the `other` forms instead. What a remote source gave is kept in the cache.
    Each failure is told on stderr.

    Raises:
        DataUnavailable: no source had them.
    """
    search = Search(title, wanted)
    folder, cache = own_folder(root), cache_folder(title)
    if folder is not None:
        chosen = root is not None
        own = Source(f"folder {folder}", lambda _: read_own(folder, title, wanted, other, chosen=chosen))
        if files := search.ask(own):
            return files
    if files := _read_intact(cache, wanted):
        return files
    with _locked(cache, title):
        # Another process may have filled the cache while we waited, so it is read once more.
        if files := search.ask(Source(f"cache {cache}", lambda _: _read_cache(cache, title, wanted))):
            return files
        for source in remote:
            tell(title, f"asking {source.label}")
            if files := search.ask(source):
                _keep(files, cache, title)
                return files
    instead = f", or {other.names} instead of them" if other else ""
    raise search.unavailable(
        f"Get these files yourself, plain or as .gz{instead}, and put them into a folder that root=, --root "
        f"or {DATA_VARIABLE} names (or these, plain, into {cache}):"
    )


def check(
    title: str, wanted: Sequence[Wanted], root: Path | None, other: OtherForms | None = None
) -> list[Check]:
    """Compare the files on this machine with what they should be; nothing is fetched, moved or changed.

    Looks into `root` where it is given, else into the first of the user's folder and the cache that holds
    any of the files. Of the user's folder, the `other` forms are read where the files are not there.
    """
    folder, cache = own_folder(root), cache_folder(title)
    if folder is not None and other and not any(own_paths(folder, title, file) for file in wanted):
        place, _, fault = read_other(folder, title, other)
        if place is not None:
            return [Check("corrupt" if fault else "ok", str(place), fault)]
    if folder is None or (root is None and not any(own_paths(folder, title, file) for file in wanted)):
        folder = cache
    checks: list[Check] = []
    for file in wanted:
        paths = own_paths(folder, title, file)
        checks += [_check(path, file) for path in paths] or [Check("missing", str(folder / file.name))]
    return checks


def _check(path: Path, wanted: Wanted) -> Check:
    fault = read_file(path, wanted)[1]
    return Check("corrupt", str(path), fault) if fault else Check("ok", str(path))


def _read_intact(cache: Path, wanted: Sequence[Wanted]) -> Files | None:
    """Read the cache if all is there and sound; None, and nothing said or done, if not."""
    files: Files = {}
    for file in wanted:
        path = cache / file.name
        content, fault = read_file(path, file) if os.path.exists(path) else (b"", "missing")
        if fault:
            return None
        files[file.name] = content
    return files


def _read_cache(cache: Path, title: str, wanted: Sequence[Wanted]) -> Files:
    """Read the cache; a damaged file is moved aside. To be called under the lock.

    Without the lock, two processes that saw the same damaged file would both move one aside, and the second
    would take the new, sound one.
    """
    files: Files = {}
    problems = []
    for file in wanted:
        path = cache / file.name
        if not os.path.exists(path):
            problems.append(f"{file.name} is not there yet")
            continue
        files[file.name], fault = read_file(path, file)
        if fault:
            problems.append(f"{file.name} was damaged")
            aside = path.with_name(path.name + ".corrupt")
            tell(title, f"{path} is damaged ({fault}); moved to {aside.name}, fetching it again")
            os.replace(path, aside)
    if problems:
        raise NothingThere("; ".join(problems))
    return files


def _keep(files: Files, cache: Path, title: str) -> None:
    try:
        for name, content in files.items():
            atomic_write(cache / name, content)
    except OSError as error:
        reason = error.strerror or error
        tell(title, f"could not keep the files in {cache} ({reason}); they will be fetched again next time")
    else:
        tell(title, f"kept in {cache}")


@contextmanager
def _locked(cache: Path, title: str) -> Iterator[None]:
    """Hold the lock of a cache folder, or go on without where there can be none.

    The lock only saves a second download: files take their place in one step with or without it.
    """
    import filelock

    lock = filelock.FileLock(cache / ".lock")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            tell(title, "waiting for another process that is fetching it")
            lock.acquire(timeout=LOCK_SECONDS)
    except (OSError, NotImplementedError) as error:  # filelock.Timeout is an OSError
        tell(title, f"no lock on {cache} ({error}); going on without")
    try:
        yield
    finally:
        lock.release()
