"""Where things live and what they may touch: rooms, the direction of imports, sizes, private names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import gan_repro
from gan_repro.audit.compare.causes import READERS

PACKAGE = Path(gan_repro.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_ROOMS = 18
MOST_LINES = 250
LONGEST_NAME = 60

FLOORS = (
    {"util"},
    {"stats"},
    {"paper", "data"},
    {"models", "parzen"},
    {"measures"},
    {"scoring"},
    {"trials", "integrations"},
    {"search", "experiments"},
    {"verdicts"},
    {"tables"},
    {"figures"},
    {"report"},
    {"audit"},
    {"table1"},
    {"__main__"},
)
"""From the ground up: a room imports from the floors below its own, and nothing from beside or above."""
OLD_DOOR = PACKAGE / "parzen" / "__main__.py"
"""`python -m gan_repro.parzen`, as `gan-repro score` was called before: it only opens that."""


def room_of(module: str) -> str:
    """The room at the top of the package that a dotted module name lies in."""
    return [*module.split("."), ""][1]


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> set[str]:
    return {module_of(path) for path in FILES}


def imports(path: Path, known: set[str], *, typing: bool = True) -> Iterator[tuple[str, str]]:
    """(module, name) of each import of ours in a file, wherever it stands; the name may be empty.

    Without `typing`, what stands below `if TYPE_CHECKING` is left out: it is never run.
    """
    tree = ast.parse(path.read_text("utf-8"))
    if not typing:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.If)
                and isinstance(node.test, ast.Name)
                and node.test.id == "TYPE_CHECKING"
            ):
                node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "gan_repro")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan_repro":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner, "") if inner in known else (str(node.module), alias.name)


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def test_the_rooms_are_few_and_each_has_a_floor():
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix in ("", ".py")}
    rooms -= {"__init__", "__pycache__", "__main__"}
    assert len(rooms) <= MOST_ROOMS
    assert rooms <= set().union(*FLOORS)


def test_imports_only_run_downward():
    known, wrong = modules(), []
    for path in FILES:
        here = room_of(module_of(path))
        if not here or here == "__main__" or path == OLD_DOOR:
            continue
        for module, _ in imports(path, known):
            there = room_of(module)
            if there and there != here and floor(there) >= floor(here):
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_compare_knows_the_rooms_that_move_no_score():
    """They are all that stands above `trials`, or that a trial could import but does not."""
    known, wrong = modules(), []
    for path in FILES:
        if (here := room_of(module_of(path))) in READERS or not here or path == OLD_DOOR:
            continue
        for module, _ in imports(path, known):
            if room_of(module) in READERS:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []
    above = {room for rooms in FLOORS[floor("trials") + 1 :] for room in rooms}
    assert set(READERS) == above | {"integrations", "measures", "scoring"}


def test_no_import_runs_in_a_circle():
    known = modules()
    graph: dict[str, set[str]] = {}
    for path in FILES:
        here = module_of(path)
        # A package's own `__init__` is imported before anything in it, which is no circle.
        graph[here] = {
            there for there, _ in imports(path, known, typing=False) if there != here and there in known
        } - {here.rpartition(".")[0]}
        if path.name == "__init__.py":
            graph[here] = {there for there in graph[here] if not there.startswith(here + ".")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_private_name_is_imported_from_another_module():
    known, wrong = modules(), []
    for path in [
        *FILES,
        *sorted((ROOT / "benchmarks").glob("*.py")),
        *sorted((ROOT / "tests").rglob("*.py")),
    ]:
        for module, name in imports(path, known):
            private = [part for part in (*module.split("."), name) if part.startswith("_")]
            if [part for part in private if not part.startswith("__")]:
                wrong.append(f"{path.relative_to(ROOT)} imports {module} {name}".rstrip())
    assert wrong == []


def test_no_file_is_longer_than_a_reader_can_hold():
    files = [*FILES, *(ROOT / "benchmarks").glob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_file_and_folder_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in FILES
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_test_names_are_short_enough_to_read():
    long = [
        node.name
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if len(node.name) > LONGEST_NAME
    ]
    assert long == []
