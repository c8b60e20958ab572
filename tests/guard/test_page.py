"""docs/reliability.md says what is so: its tests exist, and its number of cases is the number that ran."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
LEAST = 200


def test_the_number_of_cases_is_the_number_collected(request: pytest.FixtureRequest) -> None:
    collected = [item for item in request.session.items if item.get_closest_marker("refusal")]
    modules = {item.path for item in request.session.items if item.path.parent == Path(__file__).parent}
    if modules != set(Path(__file__).parent.glob("test_*.py")) or request.config.option.keyword:
        pytest.skip("to be counted, the cases must all be collected: run pytest on tests/guard as a whole")
    said = re.search(r"\*\*(\d+) bad inputs\*\*", PAGE)
    assert said is not None
    assert len({item.nodeid for item in collected}) == len(collected) == int(said[1])
    assert len(collected) >= LEAST


def test_the_number_of_properties_is_the_number_there_are() -> None:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
    found = sum(path.read_text().count("\n@given(") for path in Path(__file__).parent.glob("test_*.py"))
    assert f"{words[found]} properties" in PAGE


NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[f"{path}::{name}" for path, name in NAMED])
def test_every_test_that_the_page_names_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") or not name


def test_every_module_of_cases_stands_on_the_page() -> None:
    modules = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert {name for name in modules if f"tests/guard/{name}" not in PAGE} == set()
