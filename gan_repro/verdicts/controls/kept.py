"""The outcome of the controls, kept beside the records: the report shows it without running them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gan_repro.util.files import atomic_write, read_regular
from gan_repro.verdicts.controls.base import Control

_MAX_BYTES = 2**20
_CONTROLS = TypeAdapter(tuple[Control, ...])


def kept_path(results: Path) -> Path:
    """Where the outcome stands in a results folder."""
    return results / "controls.json"


def keep(results: Path, controls: Sequence[Control]) -> Path:
    """Write the outcome; its path.

    Raises:
        OSError: the folder cannot be written.
    """
    path = kept_path(results)
    atomic_write(
        path, json.dumps([asdict(control) for control in controls], indent=1, ensure_ascii=False) + "\n"
    )
    return path


def read_kept(results: Path) -> tuple[Control, ...]:
    """Read the outcome; empty where none was kept.

    Raises:
        ValueError: the file is damaged; one sentence.
    """
    path = kept_path(results)
    if not path.exists():
        return ()
    try:
        return _CONTROLS.validate_json(read_regular(path, _MAX_BYTES))
    except ValidationError as error:
        raise ValueError(f"{path} holds no controls: {error.errors()[0]['msg']}; make it again") from error
