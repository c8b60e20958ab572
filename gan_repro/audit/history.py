"""What git knows: which commits and files a repository has, and what a file held before."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path


def unknown_commits(repository: Path, commits: Iterable[str]) -> set[str]:
    """Those of `commits` that this repository lacks; none where it cannot tell (no or shallow git)."""
    wanted = sorted(set(commits))
    # An empty prefix: this folder is the root, and not a stranger in somebody's repository.
    asked = ("rev-parse", "--is-shallow-repository", "--show-prefix")
    if not wanted or _git(repository, *asked) != b"false\n\n":
        return set()
    return {commit for commit in wanted if _git(repository, "cat-file", "-t", commit) != b"commit\n"}


def untracked(folder: Path) -> set[str]:
    """Files below a folder that git does not keep, by path below it; none where there is no git."""
    listed = _git(folder, "ls-files", "--others", "-z")
    return set((listed or b"").decode(errors="replace").split("\0")) - {""}


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
