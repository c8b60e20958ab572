"""What reaches a sweep from outside: signals, a log file, a program that workers cannot import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_repro.trials import environment
from gan_repro.trials.store import RecordStore

LONG = ["--preset", "standard", "--datasets", "digits", "--rows", "gan", "--seed", "1", "--workers", "1"]
SMOKE = ["--preset", "smoke", "--datasets", "digits", "--rows", "gan", "gaussian"]


def start(arguments: list[str], folder: Path, before: Callable[[], object] | None = None) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "gan_repro", "table", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
        preexec_fn=before,
    )


def wait_for_training(process: subprocess.Popen, folder: Path) -> None:
    """Until the trial holds its lock; however slow the machine, it has minutes of training before it then."""
    while not any(folder.glob("runs/locks/gan-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.slow
def test_hanging_up_saves_as_termination_does(tmp_path: Path) -> None:
    # Whoever runs the tests under nohup has it ignored, for their processes too.
    process = start(LONG, tmp_path, lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    wait_for_training(process, tmp_path)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate()
    assert process.returncode == 128 + signal.SIGHUP, err
    (record,) = RecordStore(tmp_path / "runs")
    assert record.status == "interrupted"
    assert "Adversarial nets" in out


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_the_caller_ignores_stays_ignored(ignored: signal.Signals, tmp_path: Path) -> None:
    process = start(LONG, tmp_path, lambda: signal.signal(ignored, signal.SIG_IGN))
    wait_for_training(process, tmp_path)
    # Of two pending signals the lower number is answered first, and the first decides the status.
    process.send_signal(ignored)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, err
    assert err.count("stopping: saving what is running") == 1


@pytest.mark.slow
def test_a_log_file_holds_plain_lines(tmp_path: Path) -> None:
    process = start(SMOKE, tmp_path)
    _, err = process.communicate()
    assert process.returncode == 0
    assert "\r" not in err
    assert "\x1b" not in err
    assert "gan digits seed 1: " in err


@pytest.mark.slow
def test_quiet_says_nothing_on_stderr(tmp_path: Path) -> None:
    process = start([*SMOKE, "--quiet"], tmp_path)
    out, err = process.communicate()
    assert process.returncode == 0
    assert err == ""
    assert "Adversarial nets" in out


PROGRAM = """
from gan_repro import table1
from gan_repro.trials.execution import sweep
sweep.cores = lambda: 2
{guard}raise SystemExit(table1.main({arguments!r}))
"""
RUN = [*SMOKE, "--workers", "2", "--runs", "runs"]
GUARD = 'if __name__ == "__main__":\n    '


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "guard", "says"),
    [
        (None, GUARD, "it cannot import a program that is read from standard input"),
        ("mine.py", "", "it imports mine.py, which must call this below a line if __name__"),
        ("mine.py", GUARD, None),
    ],
    ids=["from stdin", "no guard", "guarded"],
)
def test_workers_that_cannot_start_are_told_why(
    name: str | None, guard: str, says: str | None, tmp_path: Path
) -> None:
    program = PROGRAM.format(guard=guard, arguments=RUN)
    if name is not None:
        (tmp_path / name).write_text(program)
    done = subprocess.run(
        [sys.executable, name or "-"], input=program, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == (0 if says is None else 1), done.stderr
    assert done.stdout.count("| Adversarial nets") >= 1
    if says is None:
        assert "could not start" not in done.stdout
        return
    assert says in " ".join(done.stdout.split()), "the table wraps its lines"
    assert "died" not in done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout.count("| Row ") == 1, "workers print no table of their own"


def test_an_unreadable_commit_is_told_apart_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "checkout", lambda: tmp_path)
    assert "does not run from a git clone" in (environment.why_no_commit() or "")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert "git cannot read" in (environment.why_no_commit() or "")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    commit = ["commit", "--quiet", "--allow-empty", "-m", "first"]
    subprocess.run(["git", "-C", str(tmp_path), *identity, *commit], check=True)
    assert environment.why_no_commit() is None
    # Git's own switch for its tests.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "safe.directory" in (environment.why_no_commit() or "")
    monkeypatch.setenv("PATH", "")
    assert "git cannot be run here" in (environment.why_no_commit() or "")
