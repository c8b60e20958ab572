"""The seal: SHA-256 of every record, in results/SHA256SUMS, so that an edited record is found and named.

The file is what ``sha256sum`` writes: ``cd results && sha256sum -c SHA256SUMS`` checks it without this
program. A seal shows that records are as they were when they were sealed. It does not keep anybody from
editing a record and sealing again; the history of the repository shows that.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from gan_repro.audit.differences import differences
from gan_repro.audit.history import tracked, version_with_hash
from gan_repro.audit.problem import Problem
from gan_repro.util.files import atomic_write, sha256_of_file
from gan_repro.util.folders import SEAL as SEAL
from gan_repro.util.folders import WAITING

_PATTERNS = (
    "trials/*.json",
    "experiments/*.json",
    "experiments/*.npz",
    "search/*.json",
    "samples/*.npz",
    "weights/*.json",
    "weights/*.safetensors",
    f"{WAITING}/trials/*.json",
    f"{WAITING}/experiments/*.json",
    f"{WAITING}/weights/*",
)
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class Resealed(NamedTuple):
    """What a new seal changed against the old one, by path below the results folder."""

    added: list[str]
    changed: list[str]
    gone: list[str]


def write_seal(results: Path) -> Resealed:
    """Seal the records as they are now; what that changed.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        old = read_seal(results)
    except ValueError:
        old = {}
    new = _hashes(results)
    atomic_write(results / SEAL, "".join(f"{digest}  {name}\n" for name, digest in new.items()))
    return Resealed(
        added=[name for name in new if name not in old],
        changed=[name for name in new if name in old and old[name] != new[name]],
        gone=[name for name in old if name not in new],
    )


def read_seal(results: Path) -> dict[str, str]:
    """Hashes by path below the results folder; empty where nothing was sealed.

    Raises:
        ValueError: a line of the file is not a hash and a name.
    """
    path = results / SEAL
    if not path.exists():
        return {}
    hashes = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not a SHA-256 and a name")
        hashes[match[2]] = match[1]
    return hashes


def check_seal(results: Path) -> list[Problem]:
    """List records that were edited, added or taken away since they were sealed.

    Somebody's own runs (`own_runs`) are not sealed, and no problem.
    """
    try:
        sealed = read_seal(results)
    except ValueError as error:
        return [Problem(SEAL, str(error))]
    problems = []
    own = set(own_runs(results))
    present = _hashes(results)
    for name in sorted((sealed.keys() | present.keys()) - own):
        if name not in present:
            problems.append(Problem(name, "was sealed and is gone"))
        elif name not in sealed:
            problems.append(Problem(name, "is not sealed; look at it, then run with --seal"))
        elif sealed[name] != present[name]:
            problems.append(Problem(name, _edited(results / name, sealed[name])))
    return problems


def own_runs(results: Path) -> list[str]:
    """List the records that are neither sealed nor kept by git, by path below the results folder.

    Where there is no git, all that are not sealed: nothing tells them from published ones.
    """
    try:
        unsealed = _hashes(results).keys() - read_seal(results).keys()
    except ValueError:
        return []
    return sorted(unsealed - (tracked(results) or set())) if unsealed else []


def _hashes(results: Path) -> dict[str, str]:
    found = {path for pattern in _PATTERNS for path in results.glob(pattern)}
    # What begins with a dot is a file that is being written, or was when its writer was killed.
    paths = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(results).as_posix(): sha256_of_file(path) for path in paths}


def _edited(path: Path, sealed: str) -> str:
    """What was edited: by field where git still has the sealed version."""
    text = "was edited after it was sealed"
    old = version_with_hash(path, sealed)
    if old is None:
        return text
    try:
        fields = list(differences(json.loads(old), json.loads(path.read_bytes())))
    except ValueError:
        return text
    shown = [f"{field} was {before}, is {after}" for field, before, after in fields[:3]]
    more = f" and {len(fields) - 3} more" if len(fields) > 3 else ""
    return f"{text}: {'; '.join(shown)}{more}" if shown else f"{text}, in its layout only"
