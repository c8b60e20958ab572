"""docs/contributing.md, "How a value travels": each step is there, is led to by another, and is taken."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

import gan_repro
from gan_repro import table1
from gan_repro.report.__main__ import main as report
from gan_repro.report.printed import Material
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.spec import TrialSpec
from tests.factories.records import folder, trials

PACKAGE = Path(gan_repro.__file__).parent
PAGE = PACKAGE.parent / "docs" / "contributing.md"
SAMPLES = "Samples of a model to a printed cell"
SPEC = "A spec from the command line to a record"
LINE = "A record to a line of REPORT.md"
MOST_FILES = {SAMPLES: 10, SPEC: 10, LINE: 6}


class Step(NamedTuple):
    """A function that a value goes through: its file, below the package, and its qualified name."""

    file: str
    function: str

    @property
    def last(self) -> str:
        """Its own name, without that of its class."""
        return self.function.rpartition(".")[2]

    def source(self) -> ast.AST:
        """What its file holds of it; a LookupError if it holds nothing of that name."""
        found: ast.AST = ast.parse((PACKAGE / self.file).read_text("utf-8"))
        for part in self.function.split("."):
            inner = {node.name: node for node in ast.iter_child_nodes(found) if hasattr(node, "name")}
            if part not in inner:
                raise LookupError(f"{self.file} has no {self.function}")
            found = inner[part]
        return found

    def names(self) -> set[str]:
        """Every name that its source mentions."""
        nodes = list(ast.walk(self.source()))
        return {node.id for node in nodes if isinstance(node, ast.Name)} | {
            node.attr for node in nodes if isinstance(node, ast.Attribute)
        }


SCORED = Step("models/gan/model.py", "GAN.sample")


def parts() -> dict[str, str]:
    """What the page says of each walk."""
    text = PAGE.read_text("utf-8").partition("\n## How a value travels\n")[2].partition("\n## ")[0]
    return {part.partition("\n")[0]: part for part in text.split("\n### ")[1:]}


def walks() -> dict[str, list[Step]]:
    """The page's walks, step by step."""
    found: dict[str, list[Step]] = {}
    for walk, part in parts().items():
        rows = re.findall(r"^\| `([\w/]+\.py)` \| (.*?) \|", part, re.MULTILINE)
        found[walk] = [Step(file, name) for file, cell in rows for name in re.findall(r"`([\w.]+)`", cell)]
    return found


def asked(walk: str) -> set[str]:
    """The files that are given the value and give an answer, by the page."""
    said = parts()[walk].partition("Asked on the way:")[2]
    return set(re.findall(r"`([\w/]+\.py)`", said))


@pytest.mark.parametrize("walk", MOST_FILES)
def test_a_walk_goes_through_few_files(walk):
    assert 3 <= len({step.file for step in walks()[walk]}) <= MOST_FILES[walk]


@pytest.mark.parametrize("walk", MOST_FILES)
def test_each_file_of_a_walk_names_an_earlier_one_or_is_named(walk):
    steps = walks()[walk]
    files = list(dict.fromkeys(step.file for step in steps))
    for number, file in enumerate(files[1:], start=1):
        here = [step for step in steps if step.file == file]
        earlier = [step for step in steps if step.file in files[:number]]
        forward = {s.last for s in here} & set().union(*(s.names() for s in earlier))
        back = {s.last for s in earlier} & set().union(*(s.names() for s in here))
        assert forward | back, f"nothing leads to {file}"


@dataclass
class Trace:
    """What a run called, and which files of the package were given the value itself."""

    called: set[Step] = field(default_factory=set)
    samples: list[Any] = field(default_factory=list)
    """Those that were scored."""
    given: dict[str, set[str]] = field(default_factory=lambda: {SAMPLES: set(), SPEC: set(), LINE: set()})

    def note(self, frame: FrameType, event: str, returned: Any) -> None:
        """Called by the interpreter at every call and return."""
        code = frame.f_code
        if not code.co_filename.startswith(str(PACKAGE)):
            return
        step = Step(Path(code.co_filename).relative_to(PACKAGE).as_posix(), code.co_qualname)
        if event == "call":
            self.called.add(step)
            for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                value = frame.f_locals.get(name)
                if isinstance(value, TrialSpec):
                    self.given[SPEC].add(step.file)
                if isinstance(value, TrialRecord):
                    self.given[LINE].add(step.file)
                if any(value is samples for samples in self.samples):
                    self.given[SAMPLES].add(step.file)
        elif step == SCORED and frame.f_back is not None and frame.f_back.f_code.co_name == "_candidate":
            self.samples.append(returned)

    def lacking(self, walk: str) -> set[str]:
        """The files of a walk with a function that was not called; a class is called as its methods are."""
        functions = self.called | {Step(s.file, s.function.rpartition(".")[0]) for s in self.called}
        return {step.file for step in walks()[walk] if step not in functions}


@contextmanager
def traced() -> Iterator[Trace]:
    trace, before = Trace(), sys.getprofile()
    sys.setprofile(trace.note)
    try:
        yield trace
    finally:
        sys.setprofile(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trace:
    """A run of the main command, from nothing to its table."""
    runs = str(tmp_path_factory.mktemp("runs"))
    arguments = ["--preset", "smoke", "--datasets", "digits", "--rows", "gan", "--workers", "1", "--quiet"]
    with traced() as trace:
        assert table1.main([*arguments, "--runs", runs]) == 0
    return trace


@pytest.mark.parametrize("walk", [SAMPLES, SPEC])
def test_a_run_takes_every_step(walk, trained):
    assert trained.lacking(walk) <= {"trials/execution/processes.py"}


def test_the_report_takes_every_step(tmp_path):
    made = folder(tmp_path, trials("gan", [156.0, 158.0]))
    with traced() as trace:
        assert report(["--results", str(made)]) == 0
    assert trace.lacking(LINE) == set()


@pytest.mark.parametrize("walk", [SAMPLES, SPEC])
def test_who_is_given_the_value_is_a_step_or_only_asked(walk, trained):
    assert trained.given[walk] - {step.file for step in walks()[walk]} == asked(walk)


def test_who_is_given_a_record_is_a_step_or_only_asked(tmp_path):
    made = folder(tmp_path, trials("gan", [156.0, 158.0]))
    with traced() as trace:
        assert Material.read(made).tables["mnist"].columns
    assert trace.given[LINE] - {step.file for step in walks()[LINE]} == asked(LINE)
