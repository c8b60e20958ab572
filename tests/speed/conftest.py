"""Timings are for developers: off unless asked for by ``pytest tests/speed --benchmark-only``."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--benchmark-only"):
        skip = pytest.mark.skip(reason="a timing; run pytest tests/speed --benchmark-only on a quiet machine")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)
