"""The outcome of the controls, kept beside the records: the report shows it without running them.

With it stand the digests of the rules that answered, so that a rule that is changed does not go on with the
answers of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_repro.util.files import atomic_write, read_regular
from gan_repro.verdicts.controls.base import Control
from gan_repro.verdicts.lock import digest, parts_of
from gan_repro.verdicts.rules import contents

_MAX_BYTES = 2**20


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: dict[str, str]
    """SHA-256 of each rule, by its name, as it was when the controls were run."""
    controls: tuple[Control, ...]


def kept_path(results: Path) -> Path:
    """Where the outcome stands in a results folder."""
    return results / "controls.json"


def keep(results: Path, controls: Sequence[Control]) -> Path:
    """Write the outcome, and which rules gave it; the path.

    Raises:
        OSError: the folder cannot be written.
    """
    path = kept_path(results)
    found = {
        "rules": _digests(),
        "controls": [{k: v for k, v in asdict(c).items() if k != "stale"} for c in controls],
    }
    atomic_write(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return path


def read_kept(results: Path) -> tuple[Control, ...]:
    """Read the outcome; empty where none was kept. Answers of rules that were changed since are stale.

    Raises:
        ValueError: the file is damaged; one sentence.
    """
    path = kept_path(results)
    if not path.exists():
        return ()
    try:
        kept = _Kept.model_validate_json(read_regular(path, _MAX_BYTES))
    except ValidationError as error:
        message = f"{path} holds no controls: {error.errors()[0]['msg']}; make it again (report --controls)"
        raise ValueError(message) from error
    now = _digests()
    changed = {name for name in now if now[name] != kept.rules.get(name)}
    stale = {
        claim
        for name, content in contents().items()
        if changed & set(parts_of(name))
        for claim in content.get("claims", ())
    }
    return tuple(replace(control, stale=control.claim in stale) for control in kept.controls)


def _digests() -> dict[str, str]:
    return {name: digest(content) for name, content in contents().items()}
