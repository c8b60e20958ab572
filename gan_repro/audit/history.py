"""What git knows: which commits and files a repository has, and what a file held before."""

from __future__ import annotations

import hashlib
import os
import re
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


def files_at(folder: Path, revision: str, below: str, *, suffix: str) -> dict[str, bytes]:
    """Read what a commit holds directly in a folder, by file name; nothing is checked out.

    Args:
        folder: lies in the repository.
        revision: of the commit, as git takes it: a hash or the beginning of one, a branch, ``HEAD~3``.
        below: the folder to read, from the root of the repository.
        suffix: of the names of the files that are read.

    Raises:
        ValueError: there is no repository, or no such commit in it.
    """
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        raise ValueError("no git repository is here; run this inside a clone")
    top = Path(os.fsdecode(root.removesuffix(b"\n")))
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not revision or commit is None:
        raise ValueError(f"this repository has no commit {revision!r}; a shallow clone has but the latest")
    tree = _git(top, "ls-tree", "-z", commit.decode().strip(), f"{below}/") or b""
    entries = [entry.split(b"\t", 1) for entry in tree.split(b"\0") if entry]
    blobs = {os.fsdecode(path): head.split()[2].decode() for head, path in entries if b" blob " in head}
    contents = {
        path.rpartition("/")[2]: _git(top, "cat-file", "blob", blob)
        for path, blob in blobs.items()
        if path.endswith(suffix)
    }
    return {name: content for name, content in contents.items() if content is not None}


def changed_between(folder: Path, old: str, new: str, below: str) -> list[str] | None:
    """List the files below a path that differ between two commits; None where git cannot tell.

    Args:
        folder: lies in the repository.
        old: the full hash of a commit.
        new: that of another.
        below: from the root of the repository.
    """
    if not all(re.fullmatch("[0-9a-f]{40}", commit) for commit in (old, new)):
        return None
    changed = _git(folder, "diff", "--no-renames", "--name-only", "-z", old, new, "--", f":(top){below}")
    return None if changed is None else changed.decode(errors="replace").split("\0")[:-1]


def _git(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(  # noqa: S603  fixed words, our own paths and checked hashes, no shell
            command, check=True, capture_output=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
