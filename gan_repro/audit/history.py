"""What git knows: which commits and files a repository has, and what a file held before."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path


def knows_commits(repository: Path) -> bool:
    """Say whether this folder is the root of a repository with its whole history."""
    # An empty prefix: this folder is the root, and not a stranger in somebody's repository.
    return _git(repository, "rev-parse", "--is-shallow-repository", "--show-prefix") == b"false\n\n"


def unknown_commits(repository: Path, commits: Iterable[str]) -> set[str]:
    """Pick those of `commits` that this repository lacks; none where `knows_commits` says no."""
    wanted = sorted(set(commits))
    if not wanted or not knows_commits(repository):
        return set()
    return {commit for commit in wanted if _git(repository, "cat-file", "-t", commit) != b"commit\n"}


def tracked(folder: Path) -> set[str] | None:
    """List the files below a folder that git keeps, by path below it; None where there is no git."""
    listed = _git(folder, "ls-files", "-z")
    return None if listed is None else set(listed.decode(errors="replace").split("\0")) - {""}


def version_with_hash(path: Path, sha256: str) -> bytes | None:
    """The content that a file once had, by its SHA-256, or None where git does not have it."""
    folder = path.resolve().parent
    revisions = _git(folder, "log", "--format=%H", "--", path.name)
    for revision in (revisions or b"").decode().split():
        content = _git(folder, "show", f"{revision}:./{path.name}")
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return content
    return None


def _git(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(  # noqa: S603  fixed words, our own paths and checked hashes, no shell
            command, check=True, capture_output=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
