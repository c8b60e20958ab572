"""Which verdicts were decided by rules from before their evidence.

A verdict is *confirmatory* where everything that it judges began at or after its rule's date, and
*exploratory* otherwise. rules.lock.json keeps a digest of each rule, so that a rule that was changed
without a new version and date makes its verdicts exploratory by itself. ``python -m gan_repro.verdicts
--lock`` writes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gan_repro.util.files import atomic_write
from gan_repro.verdicts.rules import FOLDER, contents, rules

LOCK = FOLDER / "rules.lock.json"

StandingKind = Literal["confirmatory", "exploratory", "nothing judged"]

_LOCKED_WITHIN = timedelta(minutes=15)
"""How long before it is locked a rule may be dated."""

_NOT_CONTENT = ("version", "date", "digest")

_BUILDS_ON: Mapping[str, tuple[str, ...]] = {
    "number": ("as_published", "sampling_envelope", "collapse"),
    "order": ("as_published", "best_by_search", "collapse"),
    "spread": ("as_published", "best_by_search", "collapse"),
    "sample_quality": ("as_published", "best_by_search"),
    "tfd-number": ("number",),
    "tfd-order": ("order",),
}
"""By rule, the others that say how its trials are made: a change to them is a change to it."""


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a rule's canonical JSON, its version and date left out."""
    kept = {key: value for key, value in content.items() if key not in _NOT_CONTENT}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Locked(BaseModel):
    """A rule as it was locked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    date: AwareDatetime
    sha256: str


def read_lock(path: Path = LOCK) -> dict[str, Locked]:
    """Read the lock; empty where there is none."""
    if not path.exists():
        return {}
    return {name: Locked(**entry) for name, entry in json.loads(path.read_text("utf-8")).items()}


def write_lock(path: Path = LOCK, now: datetime | None = None) -> list[str]:
    """Lock the rules as they are now; the names of those that are new or changed.

    A rule is dated when it is locked: with a date from before its evidence, a rule that was made to fit
    that evidence would pass for one that was fixed beforehand.

    Raises:
        ValueError: a rule was changed and has not got a higher version, or one that is new or changed is
            dated long before now.
        OSError: the file cannot be written.
    """
    now = datetime.now(UTC) if now is None else now
    old, new, changed = read_lock(path), {}, []
    for name, content in contents().items():
        entry = Locked(version=content["version"], date=content["date"], sha256=digest(content))
        before = old.get(name)
        if before != entry:
            changed.append(name)
            if before and before.sha256 != entry.sha256 and entry.version <= before.version:
                raise ValueError(f"rule {name} was changed; give it a version above {before.version}")
            if entry.date < now - _LOCKED_WITHIN:
                raise ValueError(
                    f"rule {name} is new or changed and dated {entry.date:%Y-%m-%d %H:%M}; give it the date"
                    f" at which it is locked, {now:%Y-%m-%d %H:%M} UTC"
                )
        new[name] = entry.model_dump(mode="json")
    atomic_write(path, json.dumps(new, indent=1) + "\n")
    return changed


class Standing(BaseModel):
    """Whether a verdict was decided by a rule from before its evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: StandingKind
    reason: str
    """A sentence."""


def standing(name: str, begun: Iterable[datetime], lock: Mapping[str, Locked] | None = None) -> Standing:
    """Say how a verdict stands by a rule whose evidence began at these times."""
    lock = read_lock() if lock is None else lock
    named, texts = rules().named(), contents()
    parts = parts_of(name)
    for part in parts:
        locked = lock.get(part)
        if locked is None:
            return Standing(kind="exploratory", reason=f"rule {part} has not been locked")
        if locked.sha256 != digest(texts[part]) or locked.date != named[part].date:
            when = f"version {locked.version} of {locked.date:%Y-%m-%d}"
            return Standing(
                kind="exploratory", reason=f"rule {part} was changed since it was locked ({when})"
            )
    date = max(named[part].date for part in parts)
    times = list(begun)
    if not times:
        return Standing(kind="nothing judged", reason="no trial and no experiment was judged")
    early = sum(time < date for time in times)
    dated = f"{date:%Y-%m-%d %H:%M} UTC"
    if early:
        return Standing(
            kind="exploratory",
            reason=f"{early} of the {len(times)} that it judges began before its rule's date, {dated}",
        )
    return Standing(kind="confirmatory", reason=f"all that it judges began after its rule's date, {dated}")


def parts_of(name: str) -> list[str]:
    """Name a rule and those that it builds on."""
    direct = _BUILDS_ON.get(name, ())
    return list(dict.fromkeys([name, *direct, *(part for other in direct for part in parts_of(other))]))
