"""README's two commands in a fresh clone, in either order: both pass, and git sees no change.

The first is the one of README with the smoke preset. Of the second, the whole suite, those tests run that
look at the clone itself: README with its records, and the audit of all that is published. They run before
the table and after it, which are both orders in one clone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = ["-m", "gan_repro.table1", "--preset", "smoke"]
AUDIT = "tests/report/test_report.py::test_the_records_of_this_repository_are_what_is_printed"
TESTS = ["-m", "pytest", "-q", "-m", "not slow", "tests/test_readme.py", AUDIT]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this repository with what is not committed yet, committed."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(folder))
    for name in git(ROOT, "ls-files", "-z", "--modified", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        elif name:
            (folder / name).unlink(missing_ok=True)
    git(folder, "add", "--all")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    git(folder, *identity, "commit", "--quiet", "--allow-empty", "--message", "as it is")
    return folder


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.usefixtures("mnist")
def test_both_commands_pass_in_either_order(clone: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(clone), "OMP_NUM_THREADS": "1"}
    for arguments in (TESTS, TABLE, TESTS):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        assert git(clone, "status", "--porcelain") == "", arguments
    assert any((clone / "runs" / "trials").glob("*.json"))
