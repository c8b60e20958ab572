"""The one line of progress of a sweep: what it counts, and how it looks on a terminal and in a log file."""

from __future__ import annotations

import io
import sys
import threading
from types import SimpleNamespace

import pytest

from gan_repro.trials.execution import progress as module
from gan_repro.trials.execution.progress import Progress, reporter
from gan_repro.util.console import log

PLAN = [SimpleNamespace(minutes=6.0), SimpleNamespace(minutes=2.0)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_counts_minutes_of_finished_and_running_trials() -> None:
    progress = Progress(PLAN, 2, shown=True)
    assert str(progress).startswith("sweep: 0 %")
    assert "left" not in str(progress), "nothing is known yet"
    reporter(progress.shares, 1, PLAN[0])(0.5)
    assert progress.done == 3.0
    progress.trial_finished(PLAN[1])
    assert progress.done == 5.0


def test_the_rest_is_told_from_what_was_needed_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([1000.0, 1060.0])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    progress = Progress(PLAN, 1, shown=True)
    progress.trial_finished(PLAN[1])
    assert str(progress) == "sweep: 25 % after 0:01:00, about 0:03:00 left"


def test_a_log_file_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = threading.Event()
    monkeypatch.setattr(module, "LINE_SECONDS", 0.001)
    monkeypatch.setattr(Progress, "__str__", lambda self: told.set() or "sweep: 25 %")
    with Progress(PLAN, 1, shown=True).displayed():
        assert told.wait(60)
    err = capsys.readouterr().err
    assert set(err.splitlines()) == {"sweep: 25 %"}
    assert "\r" not in err


def test_a_terminal_gets_one_bar_with_what_is_said_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress(PLAN, 1, shown=True)
    with progress.displayed():
        log.info("gan mnist seed 1: done")
        progress.trial_finished(PLAN[0])
        progress.trial_finished(PLAN[1])
    shown = terminal.getvalue()
    assert "gan mnist seed 1: done\n" in shown
    assert "sweep" in shown.splitlines()[-1]
    assert "100%" in shown.splitlines()[-1]


@pytest.mark.parametrize("plan", [PLAN, []])
def test_nothing_is_shown_where_nothing_is_asked_for(
    plan: list[SimpleNamespace], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.001)
    with Progress(plan, 1, shown=not plan).displayed():
        pass
    assert capsys.readouterr().err == ""
