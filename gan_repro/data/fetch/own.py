"""The user's own data folder: which names the true files go by there, and reading them. It is never changed.

The folder is an argument, else what the environment variable GAN_REPRO_DATA names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro.data.fetch.archives import gunzip, read_at_most
from gan_repro.data.fetch.sources import Files, NothingThere, SourceFailed, Wanted, tell
from gan_repro.util.files import open_regular

DATA_VARIABLE = "GAN_REPRO_DATA"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class OtherForms:
    """Other forms in which users have a data set, from which the wanted files can be made again."""

    names: str
    """What a message calls them."""
    read: Callable[[Path], Files]
    """Makes the files from what lies in one folder; NothingThere where it holds none of the forms, and
    SourceFailed where it holds damaged ones only."""


def own_folder(root: Path | None) -> Path | None:
    """Return the user's data folder: `root`, else what GAN_REPRO_DATA names, else None."""
    chosen = root or os.environ.get(DATA_VARIABLE)
    # Unlike Path.expanduser it leaves a user that does not exist as it stands.
    return Path(os.path.expanduser(chosen)).absolute() if chosen else None


def places(folder: Path, title: str) -> list[Path]:
    """The folders in which the files of the data set `title` may lie: torchvision's are TITLE/raw."""
    return [folder, folder / title, folder / title.upper() / "raw", folder / "raw"]


def own_paths(folder: Path, title: str, wanted: Wanted) -> list[Path]:
    """Where `wanted` is in the user's folder, under any of its names, packed or not."""
    return list(_own_paths(folder, title, wanted))


def _own_paths(folder: Path, title: str, wanted: Wanted) -> Iterator[Path]:
    names = [name + suffix for name in (wanted.name, *wanted.aliases) for suffix in ("", ".gz")]
    for path in (place / name for place in places(folder, title) for name in names):
        # Some unpackers put a file into a folder of the same name.
        inner = path / path.name
        # os.path.exists rather than Path.exists: a folder closed to us is one without the file.
        if os.path.exists(inner):
            yield inner
        elif os.path.exists(path):
            yield path


def read_file(path: Path, wanted: Wanted) -> tuple[bytes, str]:
    """Read a file that should be `wanted`, packed by gzip or not: its content, and what is wrong with it.

    What it is called does not count: browsers unpack files and keep the suffix, or the other way round.
    """
    try:
        with open_regular(path) as file:
            # A gzip file is hardly ever larger than its content; a little room for those that are.
            content = read_at_most(file, wanted.size + 65_536, path.name)
        fault = wanted.fault(content)
        if fault and content.startswith(GZIP_MAGIC):
            content = gunzip(content, wanted.size, path.name)
            fault = wanted.fault(content)
    except (SourceFailed, OSError) as error:
        return b"", str(error)
    return content, fault or ""


def read_own(
    folder: Path, title: str, wanted: Sequence[Wanted], other: OtherForms | None, *, chosen: bool
) -> Files:
    """Read the user's folder; a damaged file is reported, left alone, and the next place looked at.

    `chosen`: the folder was named for this very call, so that it is worth saying when it holds nothing.

    Raises:
        SourceFailed: it holds only a part of the files, or damaged ones.
        NothingThere: it holds none.
    """
    files: Files = {}
    missing, faults = [], []
    for file in wanted:
        paths = own_paths(folder, title, file)
        if not paths:
            missing.append(file.name)
        for path in paths:
            content, fault = read_file(path, file)
            if not fault:
                files[file.name] = content
                break
            faults.append(f"{path}: {fault} (left as it is)")
    if other and len(files) < len(wanted):
        place, found, fault = read_other(folder, title, other)
        files = found or files
        if fault:
            faults.append(f"{place}: {fault} (left as it is)")
        missing = [f"{name} (or {other.names})" for name in missing if place is None]
    if len(files) == len(wanted):
        for fault in faults:
            tell(title, fault)
        return files
    problem = "; ".join([*faults, *(f"{name} is not there" for name in missing)])
    raise (SourceFailed if chosen or files or faults else NothingThere)(problem)


def read_other(folder: Path, title: str, other: OtherForms) -> tuple[Path | None, Files, str]:
    """Read other forms in the user's folder: the place that has any, its files, and what is wrong with it."""
    for place in places(folder, title):
        try:
            return place, other.read(place), ""
        except NothingThere:
            continue
        except SourceFailed as error:
            return place, {}, str(error)
    return None, {}, ""
