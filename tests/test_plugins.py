"""Rows, models and data sets of others in every command, without a line changed here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_repro import figures
from gan_repro.__main__ import main
from gan_repro.experiments.results import load_results
from tests.factories.plugins import forget_plugins, plugin_file, plugin_package

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a package of somebody else's is installed."""
    folder = tmp_path_factory.mktemp("package")
    plugin_package(folder, folder / "installed")
    return folder / "installed"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test plugs in is gone after it."""
    yield
    forget_plugins()


def in_a_process(installed: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{installed}"}
    command = [sys.executable, "-m", "gan_repro", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=300)


def test_a_package_is_a_row_without_a_line_changed_here(theirs, tmp_path) -> None:
    asked = ["--preset", "smoke", "--datasets", "digits", "--rows", "theirs-blur", "gaussian"]
    done = in_a_process(theirs, "table", *asked, "--workers", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    table = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert re.match(r"\| Blurred \\\| images +\| +\| +\| -?\d+\.\d ± \d+\.\d ° \* +\|$", table[-1])
    assert table[-2].startswith("| Gaussian per pixel")
    (path,) = (tmp_path / "runs" / "trials").glob("theirs-blur-*.json")
    plugins = json.loads(path.read_text())["provenance"]["plugins"]
    assert {(p["package"], p["version"]) for p in plugins} == {("theirs", "1.2")}
    for suffix in ("md", "csv", "json", "tex"):
        assert "Blurred" in (tmp_path / "runs" / f"table1_digits.{suffix}").read_text()
    audited = in_a_process(theirs, "audit", "--runs", "runs", folder=tmp_path)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    gone = in_a_process(tmp_path, "audit", "--runs", "runs", folder=tmp_path)
    said = "uses model theirs-blur of a plug-in that is not here; install theirs"
    assert gone.returncode == 1
    assert gone.stdout == f"{path.name}: {path.name} {said}\n1 thing does not hold\n"


def test_its_data_set_and_its_model_are_found_by_name(theirs, tmp_path) -> None:
    asked = ["--preset", "smoke", "--datasets", "theirs-digits", "--rows", "theirs-blur", "--workers", "1"]
    done = in_a_process(theirs, "table", *asked, folder=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "## theirs-digits"), done.stderr
    (path,) = (tmp_path / "runs" / "trials").glob("*.json")
    kinds = [p["kind"] for p in json.loads(path.read_text())["provenance"]["plugins"]]
    assert kinds == ["row", "model", "data set"]
    for command in (["check-model", "theirs-blur"], ["data", "verify", "theirs-digits"]):
        done = in_a_process(theirs, *command, folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_row_stands_in_figures_and_report(theirs, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.syspath_prepend(str(theirs))
    runs = tmp_path / "runs"
    asked = ["--preset", "standard", "--datasets", "digits", "--rows", "gaussian", "theirs-blur"]
    assert main(["table", *asked, "--seeds", "1", "--workers", "1", "--runs", str(runs)]) == 0
    forget_plugins()
    assert main(["report", "--results", str(runs)]) == 0
    assert "theirs-blur" in (runs / "report" / "trials.md").read_text()
    assert "Blurred \\| images" in (runs / "table1_digits.md").read_text()
    assert main(["figures", "--results", str(runs)]) == 0
    assert "scores_digits.png" in capsys.readouterr().out
    axes = figures.all_scores(load_results(runs).trials, "digits").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()][-1] == "Blurred | images"


def test_a_file_is_named_before_or_after_its_row(tmp_path, monkeypatch, capsys) -> None:
    path = str(plugin_file(tmp_path))
    table = ["--preset", "smoke", "--datasets", "digits", "--runs", str(tmp_path), "--workers", "1"]
    assert main(["table", "--rows", "blur", "--plugin", path, *table]) == 0
    assert "Blurred \\| images" in capsys.readouterr().out
    assert main(["table", "--plugin", path, "--rows", "blur", "--dry-run", *table]) == 0
    assert re.search(r"\| blur-digits-seed1-\w+ +\| done", capsys.readouterr().out)
    assert main(["check-model", "blur", "--plugin", path]) == 0


def test_a_broken_file_is_one_sentence_in_every_command(tmp_path, capsys) -> None:
    path = plugin_file(tmp_path, more="\nraise RuntimeError('not\\ntoday')\n")
    for command in (
        ["table"],
        ["check-model", "blur"],
        ["data", "list"],
        ["score", "x.npy", "--dataset", "mnist"],
    ):
        assert main([*command, "--plugin", str(path)]) == 2
        said = capsys.readouterr().err
        assert re.fullmatch(r"error: plug-in \S+blur\.py, line \d+: RuntimeError: not\n", said)
    assert main(["table", "--plugin", str(tmp_path / "none.py")]) == 2
    assert "none.py cannot be read: No such file or directory\n" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["table", "--plugin"])
    assert "expected one argument" in capsys.readouterr().err


def test_a_trial_of_a_plug_in_is_not_published(tmp_path, capsys) -> None:
    path = str(plugin_file(tmp_path))
    table = ["--preset", "smoke", "--datasets", "digits", "--runs", str(tmp_path / "runs"), "--workers", "1"]
    assert main(["table", "--rows", "blur", "--plugin", path, *table]) == 0
    (record,) = (tmp_path / "runs" / "trials").glob("*.json")
    published = tmp_path / "results"
    (published / "trials").mkdir(parents=True)
    (published / "SHA256SUMS").write_text("")
    assert main(["record", str(record), "--results", str(published), "--plugin", path]) == 1
    assert (
        "comes from a plug-in, which nobody else has; add its row to this repository"
        in capsys.readouterr().out
    )
