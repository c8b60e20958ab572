"""Where two JSON values differ, by the path to each differing leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ABSENT = "nothing"


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each leaf that differs, as (path, old, new); what only one of them has stands against "nothing"."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            step = f"{path}.{key}" if path else str(key)
            yield from differences(old.get(key, _ABSENT), new.get(key, _ABSENT), step)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differences(a, b, f"{path}[{index}]")
    elif old != new or type(old) is not type(new):
        yield path, _short(old), _short(new)


def _short(value: Any) -> Any:
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'a group'} of {len(value)}"
    return value
