"""The main command as a user meets it: on digits, which need no download."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from gan_repro import table1
from gan_repro.models import products
from gan_repro.models.gan.model import GAN
from gan_repro.tables.cell import brief_text
from gan_repro.tables.collect import cell_from
from gan_repro.trials.execution import sweep
from gan_repro.trials.rows import ROWS
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.store import RecordStore
from gan_repro.util.folders import SEAL
from gan_repro.util.plugins import loaded
from tests.guard.oracle import tree

SMOKE = ["--preset", "smoke", "--datasets", "digits", "--models", "gan", "gaussian"]


def start(*arguments, **options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "gan_repro.table1", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options
    )


def test_it_prints_the_table_writes_files_and_trains_only_once(tmp_path, capsys, monkeypatch):
    arguments = [*SMOKE, "--results", str(tmp_path), "--workers", "1"]
    assert table1.main(arguments) == 0
    first = capsys.readouterr()
    assert first.out.startswith("## digits\n")
    assert re.search(r"\| Adversarial nets +\| +\| not recorded +\| (collapsed \()?-?\d+\.\d ± ", first.out)
    assert "gan digits seed 1" in first.err
    assert {path.name for path in tmp_path.glob("table1_*")} == {
        "table1_digits.md", "table1_digits.csv", "table1_digits.json", "table1_digits.tex",
    }  # fmt: skip
    written = (tmp_path / "table1_digits.json").read_bytes()
    monkeypatch.setattr("gan_repro.models.gan.model.GAN.fit", None)
    assert table1.main(arguments) == 0
    assert capsys.readouterr().out == first.out
    assert (tmp_path / "table1_digits.json").read_bytes() == written
    assert table1.main([*arguments, "--details"]) == 0
    assert "Seed by seed:" in capsys.readouterr().out
    assert "Seed by seed:" not in first.out


def test_a_trial_another_preset_ran_stands_under_this_preset(tmp_path, capsys):
    arguments = ["--datasets", "digits", "--models", "gaussian", "--seeds", "1", "--results", str(tmp_path)]
    assert table1.main([*arguments, "--preset", "standard"]) == 0
    capsys.readouterr()
    assert table1.main([*arguments, "--preset", "paper", "--format", "json"]) == 0
    row = next(row for row in json.loads(capsys.readouterr().out)["rows"] if row["row"] == "gaussian")
    assert row["columns"]["This run (paper)"]["preset"] == "paper"


def test_fresh_trains_again_to_the_same_samples(tmp_path, monkeypatch):
    trainings = []
    fit = GAN.fit
    monkeypatch.setattr(GAN, "fit", lambda *a, **how: trainings.append(a[0]) or fit(*a, **how))
    arguments = [*SMOKE, "--results", str(tmp_path), "--workers", "1"]
    assert table1.main(arguments) == 0
    assert len(trainings) == 1
    before = {r.spec.id: r for r in RecordStore(tmp_path)}
    assert table1.main([*arguments, "--fresh"]) == 0
    assert len(trainings) == 2
    after = {r.spec.id: r for r in RecordStore(tmp_path)}
    assert before.keys() == after.keys()
    for name, record in before.items():
        assert after[name].candidates == record.candidates
        assert after[name].provenance.started >= record.provenance.started


def test_every_option_reaches_the_sweep(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(sweep, "sweep", lambda plan, how, **rest: asked.append((how, rest)) or ([], None))
    monkeypatch.setattr(products, "require", lambda *given: None)
    folders = ["--runs", str(tmp_path / "runs"), "--root", str(tmp_path / "data")]
    how = ["--device", "cpu", "--threads", "3", "--products", "onednn", "--fresh"]
    rest = ["--workers", "2", "--budget", "7", "--quiet"]
    assert table1.main([*SMOKE, *folders, *how, *rest]) == 0
    assert table1.main([*SMOKE, *folders[:2], "--device", "cpu", "--workers", "1"]) == 0
    untold = RunOptions(tmp_path / "runs", None, "cpu", plugins=loaded())
    told = replace(untold, root=tmp_path / "data", threads=3, products="onednn", fresh=True)
    assert asked == [
        (told, {"workers": 2, "executor": None, "budget_minutes": 7, "show_progress": False}),
        (untold, {"workers": 1, "executor": None, "budget_minutes": None, "show_progress": True}),
    ]


@pytest.mark.usefixtures("_threads_restored")
def test_threads_are_of_each_trial_and_stand_in_its_record(tmp_path, monkeypatch):
    workers = []
    real = sweep.sweep
    monkeypatch.setattr(sweep, "cores", lambda: 3)
    monkeypatch.setattr(sweep, "sweep", lambda *a, **how: workers.append(how["workers"]) or real(*a, **how))
    assert table1.main([*SMOKE, "--results", str(tmp_path), "--threads", "2"]) == 0
    assert workers == [1]  # three cores have room for two threads once
    assert {record.provenance.environment["threads"] for record in RecordStore(tmp_path)} == {2}


def test_a_failed_cell_is_shown_with_its_reason_and_status_1(tmp_path, capsys):
    # The quick preset wants 10,000 samples; digits have 1,000 training images.
    arguments = ["--preset", "quick", "--datasets", "digits", "--models", "train-set"]
    assert table1.main([*arguments, "--results", str(tmp_path), "--workers", "1"]) == 1
    assert "holds 1000 images and cannot give" in " ".join(capsys.readouterr().out.split())


def test_json_on_stdout_is_nothing_but_json(tmp_path):
    process = start(*SMOKE, "--results", str(tmp_path), "--format", "json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    whole = json.loads(out)
    assert whole["unit"] == "nats"
    row = next(row for row in whole["rows"] if row["row"] == "gan")
    assert row["columns"]["This run (smoke)"]["score"]["over"] == "test examples"


def test_dry_run_prints_the_plan_and_writes_nothing(tmp_path, capsys):
    folder = tmp_path / "results"
    assert table1.main([*SMOKE, "--results", str(folder), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "gan-digits-seed1-" in out
    assert "core minutes" in out
    assert not folder.exists()


def test_a_variant_is_told_by_its_row_and_not_by_its_model(tmp_path, capsys):
    arguments = ["--preset", "smoke", "--datasets", "digits", "--models", "gan-searched", "--workers", "1"]
    assert table1.main([*arguments, "--results", str(tmp_path)]) == 0
    assert "gan-searched digits seed 1: " in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupted_it_saves_prints_and_goes_on_later(tmp_path, number, workers):
    arguments = ["--preset", "standard", "--datasets", "digits", "--models", "gaussian", "gan"]
    arguments += ["--seeds", "1", "--results", str(tmp_path), "--workers", workers]
    process = start(*arguments)
    # The long one is under way once it holds its lock, with minutes of training before it on any machine.
    while not any(tmp_path.glob("locks/gan-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    (record,) = (record for record in RecordStore(tmp_path) if record.spec.model == "gan")
    assert record.status == "interrupted"
    cell = cell_from([record])
    assert re.search(rf"\| Adversarial nets .*\| {re.escape(brief_text(cell))} +\|$", out, re.MULTILINE)
    assert "seed 1 interrupted" in cell.problem
    assert cell.problem[:60] in out
    assert len(list((tmp_path / "checkpoints").glob("gan-*.pt"))) == 1


def test_an_unwritable_results_folder_is_found_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert table1.main([*SMOKE, "--results", str(tmp_path / "file")]) == 2
    assert "cannot write to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "gam"], "did you mean gan"),
        (["--preset", "huge"], "no preset is called"),
        (["--seeds", "9"], "fixed in advance"),
        (["--seeds", "0"], "at least 1"),
        (["--workers", "two"], "whole number"),
        (["--budget", "-1"], "positive number"),
        (["--datasets", "imagenet"], "no data set is called"),
        (["--datasets", "minst"], "did you mean mnist"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        table1.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_every_row_and_those_on_request(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit):
        table1.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    found = re.search(r"rows: (?P<table>.*?), and on request (?P<request>.*?) \(default: all", text)
    named = {kind: set(names.split(", ")) for kind, names in found.groupdict().items()}
    assert named["request"] == {name for name, row in ROWS.items() if row.on_request}
    assert named["table"] == ROWS.keys() - named["request"]


def test_runs_go_to_a_folder_of_their_own(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert table1.main([*SMOKE[:4], "--rows", "gaussian", "--workers", "1"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_published_record_is_shown_and_never_written(tmp_path, capsys, monkeypatch):
    published = tmp_path / "results"
    arguments = ["--datasets", "digits", "--rows", "gaussian", "--workers", "1", "--seeds", "1"]
    assert table1.main([*arguments, "--preset", "standard", "--runs", str(published)]) == 0
    (published / SEAL).write_text("")
    capsys.readouterr()
    monkeypatch.setattr(table1, "published_folder", lambda: published)
    before = tree(published)
    assert table1.main([*arguments, "--preset", "smoke", "--runs", str(tmp_path / "runs")]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| Gaussian"))
    assert len(re.findall(r"-?\d+\.\d ± \d", row)) == 2
    assert table1.main([*arguments, "--preset", "smoke", "--results", str(published)]) == 2
    assert "holds the published record" in capsys.readouterr().err
    assert tree(published) == before


def test_a_seed_can_be_named_alone(tmp_path, capsys):
    arguments = [*SMOKE[:4], "--rows", "gaussian", "--seed", "3", "--runs", str(tmp_path), "--workers", "1"]
    assert table1.main(arguments) == 0
    (record,) = RecordStore(tmp_path)
    assert record.spec.seed == 3
