"""docs/contributing.md: a model, row, data set, experiment or claim is one file and one line in a registry.

Each is added to a copy of the package, which is then used as anybody would use it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import gan_repro

PACKAGE = Path(gan_repro.__file__).parent
PAGE = PACKAGE.parent / "docs" / "contributing.md"


class Addition(NamedTuple):
    """What is written: a file (or a part of one), and a line of a registry."""

    file: str | None
    text: str
    registry: str
    before: str
    """The line that the new one is written above."""
    line: str


MODEL = Addition(
    "models/blur.py",
    '''
"""Means of a few training images."""

from typing import ClassVar

import torch

from gan_repro.models.baselines import Baseline


class Blur(Baseline):
    name: ClassVar[str] = "blur"

    def sample(self, n, *, generator):
        images = self.fitted()
        return images[torch.randint(len(images), (3, n), generator=generator)].mean(0)
''',
    "models/__init__.py",
    '    "gaussian": ',
    '    "blur": "gan_repro.models.blur:Blur",\n',
)
ROW = Addition(
    None,
    "",
    "trials/rows.py",
    '        _printed("train-set"',
    '        Row(name="blurred", model="blur", label="Blurred images", settings={"digits": {}}),\n',
)
DATA = Addition(
    "data/flipped.py",
    '''
"""The digits upside down."""

from gan_repro.data import digits
from gan_repro.data.dataset import Dataset
from gan_repro.data.fetch.store import Check


def load(fold, root):
    whole = digits.load(None, root)
    parts = (whole.train_pixels, whole.valid_pixels, whole.test_pixels)
    return Dataset("flipped", *(part[:, ::-1].copy() for part in parts), image_shape=(8, 8), maximum=16)


def verify(root):
    return [Check("ok", "flipped", "")]
''',
    "data/__init__.py",
    '    "tfd": ',
    '    "flipped": Entry(".flipped", "the digits upside down", image_shape=(8, 8)),\n',
)
EXPERIMENT = Addition(
    "experiments/halves.py",
    '''
"""Whether half of one is a half."""

from gan_repro.experiments import base

VERSION = 1
HALF = "half"


class Settings(base.Settings):
    seeds: tuple[int, ...] = (1, 2, 3)


def run(settings, context):
    values = [0.5 + 0.001 * seed for seed in settings.seeds]
    return base.ExperimentResult({HALF: base.mean_of(values, over="seeds", unit="share", what="half of one")})
''',
    "experiments/__init__.py",
    '    "sensitivity": ',
    '    "halves": "is half of one a half?",\n',
)
CLAIM = Addition(
    "verdicts/rules.toml",
    """
[halving]
version = 1
date = 2026-11-27T14:00:00Z
claims = ["halving"]
experiment = "halves"
minimum_seeds = 3
bounds = [{ finding = "half", low = 0.4, high = 0.6 }]
without_control = "it is arithmetic"
what = \"\"\"
Half of one lies about one half.
\"\"\"
""",
    "paper.py",
    '    _claim("not-memorised"',
    '    _claim("halving", "Section 7", "half of one is a half"),\n',
)

COMMANDS = """
import sys
from gan_repro.__main__ import main

common = ["--preset", "smoke", "--datasets", "digits", "flipped", "--rows", "blurred", "--runs", "runs"]
for arguments in (
    ["table", *common, "--workers", "1"],
    ["table", *common, "--dry-run"],
    ["check-model", "blur"],
    ["data", "verify", "flipped"],
    ["experiments", "halves"],
    ["report", "--results", "runs"],
):
    print("$", *arguments[:1], main(arguments), flush=True)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package that has one more of each, and what its commands left and said."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "gan_repro", ignore=shutil.ignore_patterns("__pycache__"))
    for addition in (MODEL, ROW, DATA, EXPERIMENT, CLAIM):
        if addition.file is not None:
            with (folder / "gan_repro" / addition.file).open("a", encoding="utf-8") as file:
                file.write(addition.text)
        registry = folder / "gan_repro" / addition.registry
        text = registry.read_text("utf-8")
        assert text.count(addition.before) == 1, addition
        registry.write_text(text.replace(addition.before, addition.line + addition.before), "utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], capture_output=True, text=True, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    (folder / "said").write_text(done.stdout, encoding="utf-8")
    return folder


def statuses(folder: Path) -> list[str]:
    return re.findall(r"^\$ (.*)$", (folder / "said").read_text("utf-8"), re.MULTILINE)


def test_every_command_runs_with_one_more_of_each(extended: Path) -> None:
    assert statuses(extended) == [
        "table 0",
        "table 0",
        "check-model 0",
        "data 0",
        "experiments 0",
        "report 0",
    ]


def test_a_row_stands_in_plan_and_table(extended: Path) -> None:
    text = (extended / "said").read_text("utf-8")
    assert re.search(r"^\| Blurred images .* -?\d+\.\d ± \d+\.\d ° +\|$", text, re.MULTILINE)
    assert re.search(r"^\| blur-digits-seed1-\w{12} +\| done ", text, re.MULTILINE)
    labels = re.findall(r"^\| ([A-Z][\w -]+?) +\|", text.split("$ table")[0], re.MULTILINE)
    assert (
        labels.index("Adversarial nets")
        < labels.index("Blurred images")
        < labels.index("Training images as samples")
    )


def test_a_model_trains_and_conforms(extended: Path) -> None:
    assert "\nblur: all promises are kept\n" in (extended / "said").read_text("utf-8")
    (path,) = (extended / "runs" / "trials").glob("blur-digits-*.json")
    record = json.loads(path.read_text("utf-8"))
    assert (record["status"], record["provenance"]["plugins"]) == ("done", [])


def test_a_data_set_is_loaded(extended: Path) -> None:
    assert "\nok\tflipped\t\n" in (extended / "said").read_text("utf-8")
    assert len(list((extended / "runs" / "trials").glob("blur-flipped-*.json"))) == 1
    assert "Blurred images" in (extended / "runs" / "table1_flipped.md").read_text("utf-8")


def test_an_experiment_is_run_and_recorded(extended: Path) -> None:
    record = json.loads((extended / "runs" / "experiments" / "halves.json").read_text("utf-8"))
    assert record["findings"]["half"]["value"] == pytest.approx(0.502)
    assert "Experiment `halves`" in (extended / "runs" / "report" / "experiments.md").read_text("utf-8")


def test_a_claim_is_ruled_on_in_the_report(extended: Path) -> None:
    report = (extended / "runs" / "REPORT.md").read_text("utf-8")
    (line,) = [line for line in report.splitlines() if "`halving`" in line]
    assert re.match(r"\| Half of one is a half +\| Section 7 +\| \*\*holds\*\* +\| exploratory ", line)
    details = (extended / "runs" / "report" / "claims.md").read_text("utf-8")
    assert "Half of one: 0.502" in details.split("## `halving`")[1]


def test_the_page_names_each_registry() -> None:
    page = PAGE.read_text("utf-8")
    for addition in (MODEL, ROW, DATA, EXPERIMENT, CLAIM):
        assert f"gan_repro/{addition.registry}" in page, addition.registry


def test_the_page_says_where_everything_is() -> None:
    table = PAGE.read_text("utf-8").split("## Where things are")[1]
    rooms = {path.name for path in PACKAGE.iterdir() if not path.name.startswith("_")} - {"py.typed"}
    named = set(re.findall(r"`gan_repro/([\w.]+)/?`", table))
    assert named == rooms
