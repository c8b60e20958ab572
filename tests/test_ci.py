"""What the workflow, the image and .ci/run name is there: they are run elsewhere, where a typo costs most."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPT = (ROOT / ".ci" / "run").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYTHONS = {
    name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: Python :: 3\.\d+$", name)
}


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(path.read_text("utf-8"))["jobs"]


def instructions(name: str) -> list[str]:
    """What a Dockerfile says under one word, line by line."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def test_every_script_that_a_workflow_runs_can_be_run() -> None:
    steps = [step for path in WORKFLOWS for job in jobs(path).values() for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    scripts = {word for command in commands for word in shlex.split(command) if word.startswith(".ci/")}
    assert scripts == {".ci/run", ".ci/readme_block"}
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


def test_each_block_that_is_run_stands_in_the_readme() -> None:
    texts = [SCRIPT, *(path.read_text("utf-8") for path in WORKFLOWS)]
    blocks = {block for text in texts for block in re.findall(r"\.ci/readme_block (\w+)", text)}
    assert blocks == {"tests", "table"}
    for block in blocks:
        done = subprocess.run([ROOT / ".ci" / "readme_block", block], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert subprocess.run(["bash", "-n"], input=done.stdout, text=True).returncode == 0, block


def test_workflow_and_image_take_the_pythons_that_we_name() -> None:
    for path in WORKFLOWS:
        for name, job in jobs(path).items():
            tried = set(job.get("strategy", {}).get("matrix", {}).get("python", ()))
            named = {str(step.get("with", {}).get("python-version")) for step in job["steps"]} - {"None"}
            assert tried == (PYTHONS if name == "checks" else set())
            assert named <= PYTHONS | {"${{ matrix.python }}"}
    assert {re.match(r"python:(\d\.\d+)", image)[1] for image in instructions("FROM")} <= PYTHONS  # type: ignore[index]


def test_what_the_image_copies_and_starts_is_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [source for line in instructions("COPY") for source in line.split()[:-1]]
    assert copied == ["requirements.lock", "."]
    for name in copied:
        assert (ROOT / name).exists()
        assert name not in ignored
    for name in ("gan_repro", "pyproject.toml", "README.md", "LICENSE"):
        assert name not in ignored, f"pip install . needs {name}"
    assert instructions("ENTRYPOINT") == [f'["{name}"]' for name in PROJECT["scripts"]]
    installed = {name for line in instructions("RUN") for name in re.findall(r"-r (\S+)", line)}
    assert installed <= set(copied)


def test_the_checks_name_modules_and_records_that_are_there() -> None:
    for module in re.findall(r"python -m (\S+)", SCRIPT):
        assert importlib.util.find_spec(module), module
    (rescored,) = re.findall(r"--rescore (\S+)", SCRIPT)
    assert (ROOT / "results" / "trials" / f"{rescored}.json").is_file()
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"]).returncode == 0
