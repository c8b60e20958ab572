"""Names that a package offers but imports only when they are asked for, so that torch loads late."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def attach(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module-level ``__getattr__`` (PEP 562) for `package`; `homes` maps each name to its submodule."""

    def __getattr__(name: str) -> Any:  # noqa: N807  the name that PEP 562 prescribes
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
