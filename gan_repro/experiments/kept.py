"""Parts of a long experiment, kept one by one with where and when each was made.

A run that was cut off goes on where it was, on another machine and from another commit, too: the record names
all that its parts came from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_repro.trials.records import Origin
from gan_repro.util.files import atomic_write, read_regular
from gan_repro.util.text import one_line

_MAX_BYTES = 1 << 20
"""Of a kept part."""


class Part(BaseModel):
    """What an experiment keeps of one of its steps; numbers that are not finite come back as they were."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


Kept = TypeVar("Kept", bound=Part)


class KeptPart(Part):
    """A part, and where it comes from."""

    origin: Origin
    began: str
    """When the making of it did."""
    part: dict[str, Any]


def take_or_make(
    folder: Path,
    part: str,
    asked: str,
    kind: type[Kept],
    make: Callable[[], Kept],
    origin: Callable[[], Origin],
    log: Callable[[str], None],
) -> tuple[Kept, KeptPart]:
    """Return a part: what an earlier run kept of it, or else made now, and kept.

    One that cannot be read is named in the log, made again and replaced.

    Args:
        folder: of the experiment's parts.
        part: the beginning of its file's name.
        asked: everything that the part depends on.
        kind: what a part of this sort is.
        make: gives it where there is no file, or a damaged one.
        origin: code and machine of this run.
        log: takes a line.
    """
    path = folder / f"{part}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.json"
    if os.path.lexists(path):
        try:
            kept = KeptPart.model_validate_json(read_regular(path, _MAX_BYTES))
            return kind.model_validate(kept.part), kept
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"]
        except OSError as error:
            reason = error.strerror or str(error)
        log(f"{folder.name}: {path} cannot be read ({one_line(reason)}); it is made again")
    here, began = origin(), datetime.now(UTC).isoformat(timespec="seconds")
    made = make()
    kept = KeptPart(origin=here, began=began, part=made.model_dump())
    atomic_write(path, kept.model_dump_json())
    return made, kept
