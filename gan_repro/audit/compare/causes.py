"""What can have made two scores differ, and which of it is ruled out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_repro.audit.compare.pairs import Pair
from gan_repro.audit.history import changed_between

PACKAGE = "gan_repro"
READERS = (
    "__main__",
    "audit",
    "experiments",
    "figures",
    "integrations",
    "measures",
    "report",
    "scoring",
    "search",
    "table1",
    "tables",
    "verdicts",
)
"""Rooms that no trial imports from, so that a change in them cannot move a trial's numbers."""

Changes = dict[str, list[tuple[str, Any, Any]]]


def code_matters(pair: Pair, repository: Path) -> bool | None:
    """Say whether code that trains and scores differs between the commits of two trials.

    None where it cannot be told: git does not know the commits, the code was changed since its commit, or a
    trial ran with several commits.
    """
    old, new = pair.a.facts.get("code", {}), pair.b.facts.get("code", {})
    if old.get("changed since") is not False or new.get("changed since") is not False:
        return None
    files = changed_between(repository, str(old["commit"]), str(new["commit"]), PACKAGE)
    if files is None:
        return None
    readers = tuple(f"{PACKAGE}/{room}{end}" for room in READERS for end in ("/", ".py"))
    return any(file.endswith(".py") and not file.startswith(readers) for file in files)


def causes(changes: Changes, code: bool | None) -> list[str]:
    """List the kinds of facts that can account for a difference between two trials of the same spec or row.

    Args:
        changes: between the two, as `Pair.changes` gives them.
        code: as `code_matters` says; commits that differ in nothing that trains or scores are no cause.
    """
    return [kind for kind in changes if not (kind == "code" and code is False)]
