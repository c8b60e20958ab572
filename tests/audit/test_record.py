"""`gan-repro record`: a trial of one's own enters the published record whole, or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gan_repro.__main__ import main
from gan_repro.audit.__main__ import main as audit
from gan_repro.experiments.record import Finding, write_experiment
from gan_repro.experiments.results import load_results
from gan_repro.tables.files import write_files
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore
from tests.factories.records import experiment, folder, trial, trials
from tests.guard.oracle import tree

PUBLISHED = [*trials("gan", [156.0]), *trials("dbn", [197.0, 199.0])]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return folder(tmp_path, PUBLISHED)


def commit(folder: Path) -> str:
    """Make the folder a repository with one commit; its hash."""
    git = ["git", "-C", str(folder), "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Begin"]):
        subprocess.run([*git, *words], check=True)
    return subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def own(tmp_path: Path, record: TrialRecord) -> Path:
    return RecordStore(tmp_path / "runs").write(record)


def record(tmp_path: Path, *names: str) -> int:
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    return main(["record", *names, *places])


@pytest.mark.parametrize("by", ["id", "path"])
def test_a_finished_trial_is_taken_byte_for_byte(by: str, results: Path, tmp_path: Path) -> None:
    path = own(tmp_path, trial("gan", 2, 160.0, commit=commit(tmp_path)))
    assert record(tmp_path, path.stem if by == "id" else str(path)) == 0
    assert (results / "trials" / path.name).read_bytes() == path.read_bytes()


def test_a_trial_that_waited_waits_no_longer(results: Path, tmp_path: Path) -> None:
    path = RecordStore(results / "waiting").write(trial("gan", 2, 160.0, commit=commit(tmp_path)))
    kept = path.read_bytes()
    weights = results / "waiting" / "weights" / f"{path.stem}.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    assert record(tmp_path, str(path)) == 0
    assert not path.exists()
    assert (results / "trials" / path.name).read_bytes() == kept
    assert (results / "weights" / weights.name).read_bytes() == b"weights"


def test_a_second_training_of_a_trial_that_waits_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the better of two could be picked."""
    hash = commit(tmp_path)
    waiting = RecordStore(results / "waiting").write(trial("gan", 2, 100.0, commit=hash))
    own(tmp_path, trial("gan", 2, 160.0, commit=hash))
    before = tree(results)
    assert record(tmp_path, waiting.stem) == 1
    assert "another training of it waits to be recorded" in capsys.readouterr().out
    assert tree(results) == before
    (tmp_path / "runs" / "trials" / waiting.name).unlink()
    assert record(tmp_path, waiting.stem) == 0  # found where it waits


def test_what_was_cut_off_between_recording_and_waiting_is_ended(results: Path, tmp_path: Path) -> None:
    waiting = RecordStore(results / "waiting").write(trial("gan", 2, 160.0, commit=commit(tmp_path)))
    (results / "trials" / waiting.name).write_bytes(waiting.read_bytes())
    assert record(tmp_path, waiting.stem) == 0
    assert not waiting.exists()


def test_a_commit_that_nobody_can_look_up_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(tmp_path, trial("gan", 2, 160.0))
    assert record(tmp_path, path.stem) == 1
    assert "is no git repository with its history" in capsys.readouterr().out
    commit(tmp_path)
    assert record(tmp_path, path.stem) == 1
    assert f"commit {'c' * 40} is not in this repository" in capsys.readouterr().out
    assert not (results / "trials" / path.name).exists()


REFUSED = {
    "no commit": (trial("gan", 2, 160.0, commit=None, dirty=None), "commit is missing"),
    "a changed tree": (trial("gan", 2, 160.0, dirty=True), "dirty is true"),
    "a seed too far": (trial("gan", 3, 160.0), "seed 2 is missing"),
    "recorded already": (trial("gan", 1, 160.0), "is recorded already"),
    "not finished": (
        trial("gan", 2, 160.0).model_copy(update={"status": "interrupted", "reason": "stopped"}),
        "only finished trials are recorded",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_hold_is_named_and_nothing_is_written(
    case: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused, says = REFUSED[case]
    path = own(tmp_path, refused)
    good = own(tmp_path, trial("dbn", 3, 198.0))
    before = tree(results)
    assert record(tmp_path, path.stem, good.stem) == 1
    printed = capsys.readouterr()
    assert says in printed.out
    assert "nothing was recorded" in printed.err
    assert tree(results) == before


def test_a_trial_that_is_not_there_is_bad_usage(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(tmp_path, trial("gan", 2, 160.0))
    assert record(tmp_path, path.stem[:-1]) == 2
    assert f"did you mean {path.stem}?" in capsys.readouterr().err


def test_a_folder_that_is_not_published_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(tmp_path, trial("gan", 2, 160.0))
    assert record(tmp_path, path.stem) == 2
    assert "holds no published record" in capsys.readouterr().err


def test_own_runs_need_no_seal_no_commit_and_any_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own(tmp_path, trial("gan", 3, 160.0, commit=None, dirty=None))
    own(tmp_path, trial("dbn", 1, 190.0, dirty=True))
    # As in a clone, where README.md stands beside the runs.
    (tmp_path / "README.md").write_text("<!-- recorded -->\n\n<!-- /recorded -->\n")
    assert audit(["--results", str(tmp_path / "runs")]) == 0
    assert "your own runs" in capsys.readouterr().out


def test_tables_are_written_as_the_audit_makes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = Finding(value=0.5, interval=(0.1, 0.9), unit="share", over="training seeds", n=2, what="made up")
    counted = experiment("collapse-rates").model_copy(
        update={
            "settings": {"epochs": 10, "dataset": "mnist"},
            "findings": {"gan": share},
            "series": {"gan": [[1, 0.9], [2, 0.1]]},
        }
    )
    own(tmp_path, trial("gan", 1, 160.0))
    write_experiment(tmp_path / "runs", counted)
    write_files(load_results(tmp_path / "runs"), ["mnist"])
    assert "§" in (tmp_path / "runs" / "table1_mnist.md").read_text()
    assert audit(["--results", str(tmp_path / "runs")]) == 0, capsys.readouterr().out


def test_an_edited_number_in_own_runs_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = own(tmp_path, trial("gan", 1, 160.0))
    path.write_text(path.read_text().replace('"sigma": 0.19', '"sigma": 0.29'))
    assert audit(["--results", str(tmp_path / "runs")]) == 1
    assert "is not on the sigma curve" in capsys.readouterr().out
