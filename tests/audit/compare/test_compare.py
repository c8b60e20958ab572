"""`gan-repro compare`: what belongs together is joined, and what made two scores differ is told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import gan_repro
from gan_repro import data
from gan_repro.__main__ import main
from gan_repro.audit.compare import causes
from gan_repro.audit.compare.__main__ import main as module_main
from gan_repro.audit.compare.pairs import Pair
from gan_repro.audit.history import knows_commits
from gan_repro.stats.estimate import Estimate
from gan_repro.trials.records import Candidate, Provenance, TrialRecord
from gan_repro.trials.store import RecordStore
from tests.factories.records import trial, trials
from tests.guard.conftest import refuses as refuses
from tests.guard.oracle import Refuses, tree

ROOT = Path(__file__).parents[3]
Capture = pytest.CaptureFixture[str]


def changed(record: TrialRecord, environment: dict[str, Any] | None = None, **what: Any) -> TrialRecord:
    """The trial with another environment, other samples or another status."""
    provenance = record.provenance
    provenance = provenance.model_copy(update={"environment": provenance.environment | (environment or {})})
    candidates = dict(record.candidates)
    if "samples" in what:
        digest = {"samples_sha256": what.pop("samples")}
        candidates = {name: found.model_copy(update=digest) for name, found in candidates.items()}
    return record.model_copy(update={"provenance": provenance, "candidates": candidates, **what})


def unfinished(record: TrialRecord) -> TrialRecord:
    return record.model_copy(update={"status": "interrupted", "reason": "stopped", "candidates": {}})


def folder(path: Path, records: Sequence[TrialRecord]) -> str:
    for record in records:
        RecordStore(path).write(record)
    return str(path)


def compared(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert main(["compare", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_same_records_are_the_same_to_the_bit(tmp_path: Path, capsys: Capture) -> None:
    records = [*trials("gan", [156.0, 158.0]), *trials("kmeans", [335.0])]
    a, b = folder(tmp_path / "a", records), folder(tmp_path / "b", records)
    before = tree(tmp_path)
    assert main(["compare", a, b, "--fail-under", "0"]) == 0
    out = capsys.readouterr().out
    assert "3 joined (3 by spec id), 0 only in A, 0 only in B\n3 the same to the bit\n" in out
    assert out.count("\n") == 4
    assert tree(tmp_path) == before


def test_another_machine_is_told_as_the_difference(tmp_path: Path, capsys: Capture) -> None:
    epyc = changed(trial("gan", 1, 156.0), {"processor": "AMD EPYC", "threads": 1})
    xeon = changed(trial("gan", 1, 159.5), {"processor": "Xeon", "threads": 1}, samples="b" * 64)
    a, b = folder(tmp_path / "a", [epyc]), folder(tmp_path / "b", [xeon])
    assert main(["compare", a, b]) == 0
    out = capsys.readouterr().out
    assert "B - A       +3.5 nats under authors" in out
    assert "samples     other bits" in out
    assert "machine     processor: AMD EPYC -> Xeon" in out
    assert "the machine is the difference: spec, settings, versions and code are the same" in out
    pair = compared(capsys, a, b)["pairs"][0]
    assert pair["possible_causes"] == ["machine"]
    assert pair["joined_by"] == "spec id"
    assert (pair["identical"], pair["same_samples"]) == (False, False)


@pytest.mark.parametrize(
    ("environment", "causes"),
    [
        ({}, []),
        ({"torch": "2.14.0"}, ["versions"]),
        ({"threads": 2}, ["settings"]),
        ({"products": "onednn"}, ["settings"]),
        ({"processor": "Xeon", "numpy": "2.5.0"}, ["versions", "machine"]),
    ],
)
def test_what_changed_is_sorted_by_kind(
    environment: dict[str, Any], causes: list[str], tmp_path: Path, capsys: Capture
) -> None:
    old = changed(trial("gan", 1, 156.0), {"processor": "AMD EPYC"})
    a = folder(tmp_path / "a", [old])
    b = folder(tmp_path / "b", [changed(old, environment, samples="b" * 64)])
    assert compared(capsys, a, b)["pairs"][0]["possible_causes"] == causes


def test_a_tiny_difference_is_not_hidden(tmp_path: Path, capsys: Capture) -> None:
    a, b = (folder(tmp_path / name, trials("gan", [value])) for name, value in (("a", 156.0), ("b", 156.001)))
    assert main(["compare", a, b]) == 0
    out = capsys.readouterr().out
    assert "B - A       +1.0e-03 nats" in out
    assert "nothing explains a difference: spec, settings, versions and machine are the same" in out


@pytest.mark.skipif("plugins" not in Provenance.model_fields, reason="records do not tell plug-ins")
def test_another_plugin_is_a_cause_beside_the_machine(tmp_path: Path, capsys: Capture) -> None:
    def plugged(processor: str, sha256: str) -> TrialRecord:
        record = changed(trial("gan", 1, 156.0), {"processor": processor}, samples=sha256)
        whole = json.loads(record.model_dump_json())
        plugin = {"kind": "model", "name": "vae", "file": "vae.py", "sha256": sha256}
        whole["provenance"]["plugins"] = [plugin]
        return TrialRecord.model_validate_json(json.dumps(whole))

    a = folder(tmp_path / "a", [plugged("AMD EPYC", "1" * 64)])
    b = folder(tmp_path / "b", [plugged("Xeon", "2" * 64)])
    pair = compared(capsys, a, b)["pairs"][0]
    assert pair["possible_causes"] == ["plug-ins", "machine"]
    assert pair["changes"]["plug-ins"] == [{"what": "model vae.sha256", "a": "1" * 64, "b": "2" * 64}]
    assert compared(capsys, a, a)["pairs"][0]["changes"] == {}


def test_what_only_one_record_tells_is_no_change(tmp_path: Path, capsys: Capture) -> None:
    old = trial("gan", 1, 156.0)
    new = changed(old, {"multiprocessors": 132, "driver": None})
    a, b = folder(tmp_path / "a", [old]), folder(tmp_path / "b", [new])
    assert compared(capsys, a, b)["pairs"][0]["changes"] == {}


def test_another_configuration_is_joined_by_row_and_told(tmp_path: Path, capsys: Capture) -> None:
    a = folder(tmp_path / "a", [trial("gan", 1, 156.0, preset="standard")])
    b = folder(tmp_path / "b", [trial("gan", 1, 200.0, preset="paper")])
    pair = compared(capsys, a, b)["pairs"][0]
    assert pair["joined_by"] == "row, data set and seed"
    assert {"what": "config.epochs", "a": 100, "b": 2000} in pair["changes"]["configuration"]
    assert main(["compare", a, b]) == 0
    assert "not the same thing was asked for: configuration differs" in capsys.readouterr().out


def with_rate(record: TrialRecord, rate: float) -> TrialRecord:
    config = record.spec.config | {"learning_rate": rate}
    return record.model_copy(update={"spec": record.spec.model_copy(update={"config": config})})


def test_what_cannot_be_told_apart_is_joined_with_nothing(tmp_path: Path, capsys: Capture) -> None:
    record, other = trial("gan", 1, 156.0), trial("dbn", 1, 197.0)
    a = folder(tmp_path / "a", [record, other])
    b = folder(tmp_path / "b", [with_rate(record, 0.3), with_rate(record, 0.4), other])
    found = compared(capsys, a, b)
    assert len(found["pairs"]) == len(found["only_in_a"]) == 1
    assert len(found["only_in_b"]) == 2


def test_of_several_trials_of_a_seed_the_preset_decides(tmp_path: Path, capsys: Capture) -> None:
    both = [trial("gan", 1, 156.0, preset="standard"), trial("gan", 1, 200.0, preset="paper")]
    a = folder(tmp_path / "a", both)
    b = folder(tmp_path / "b", [with_rate(both[0], 0.3), with_rate(both[1], 0.4)])
    pairs = compared(capsys, a, b)["pairs"]
    assert {pair["joined_by"] for pair in pairs} == {"row, data set, seed and preset"}
    assert [pair["difference"] for pair in pairs] == [0.0, 0.0]


def test_rows_are_compared_over_seeds_as_scipy_does(tmp_path: Path, capsys: Capture) -> None:
    first, second = [156.0, 158.5, 161.0, 150.0], [157.5, 158.0, 165.0, 151.0]
    a = folder(tmp_path / "a", [*trials("gan", first), trial("dbn", 1, 197.0)])
    b = folder(tmp_path / "b", [*trials("gan", second), trial("dbn", 1, 199.0)])
    found = compared(capsys, a, b)
    (row,) = found["rows"]  # a single seed of the DBN has no interval
    expected = stats.ttest_rel(second, first)
    assert row["difference"] == pytest.approx(np.mean(second) - np.mean(first))
    assert row["p_value"] == pytest.approx(expected.pvalue)
    assert row["interval"] == pytest.approx(list(expected.confidence_interval()))
    assert row["seeds"] == [1, 2, 3, 4]
    assert [entry["row"] for entry in found["only_in_a"]] == []


def test_folds_of_a_seed_are_one_value_of_it(tmp_path: Path, capsys: Capture) -> None:
    def on_folds(values: list[list[float]]) -> list[TrialRecord]:
        return [
            with_fold(trial("kmeans", seed, value), fold)
            for seed, of_seed in enumerate(values, start=1)
            for fold, value in enumerate(of_seed)
        ]

    def with_fold(record: TrialRecord, fold: int) -> TrialRecord:
        images = record.spec.data.model_copy(update={"fold": fold})
        return record.model_copy(update={"spec": record.spec.model_copy(update={"data": images})})

    a = folder(tmp_path / "a", on_folds([[1.0, 2.0], [3.0, 4.0]]))
    b = folder(tmp_path / "b", on_folds([[2.0, 5.0], [4.0, 6.0]]))
    (row,) = compared(capsys, a, b)["rows"]
    assert (row["difference"], row["n"]) == (1.75, 2)


def samples(seed: int, n: int = 200) -> np.ndarray:
    digits = data.load("digits").train
    noise = np.random.default_rng(seed).normal(0, 0.05, (n, digits.shape[1]))
    return (digits[:n] + noise).clip(0, 1).astype(np.float32)


def test_reports_with_their_images_are_compared_image_by_image(tmp_path: Path, capsys: Capture) -> None:
    reports = [gan_repro.score(samples(seed), "digits", "authors", device="cpu") for seed in (1, 2)]
    paths = [tmp_path / "one.json", tmp_path / "other.json"]
    for report, path in zip(reports, paths, strict=True):
        path.write_text(report.to_json(per_image=True))
    (pair,) = compared(capsys, *map(str, paths))["pairs"]
    expected = stats.ttest_rel(reports[1].log_likelihoods(), reports[0].log_likelihoods())
    assert pair["difference"] == reports[1].mean - reports[0].mean
    assert pair["over_test_images"]["interval"] == pytest.approx(list(expected.confidence_interval()))
    assert pair["over_test_images"]["n"] == len(reports[0].log_likelihoods())
    assert main(["compare", *map(str, paths)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"nats under authors, paired over 497 test images \[-?\d+\.\d, -?\d+\.\d\]", out)
    assert "so          other samples were scored\n" in out


def test_values_that_do_not_make_the_mean_are_refused(tmp_path: Path, capsys: Capture) -> None:
    report = gan_repro.score(samples(1), "digits", "authors", device="cpu").to_dict(per_image=True)
    report["per_image"].pop()
    (tmp_path / "short.json").write_text(json.dumps(report))
    assert main(["compare", *[str(tmp_path / "short.json")] * 2]) == 2
    assert "values per image do not make the mean over" in capsys.readouterr().err


def test_saved_rows_are_compared_whatever_they_are_called(tmp_path: Path, capsys: Capture) -> None:
    report = gan_repro.score(samples(1), "digits", device="cpu")
    one = report.save("My net", tmp_path / "one")
    again = report.save("My net, again", tmp_path / "two")
    (pair,) = compared(capsys, str(one), str(again))["pairs"]
    assert pair["same_samples"] is True
    assert pair["difference"] == 0
    fewer = gan_repro.score(samples(1, 100), "digits", device="cpu").save("My net", tmp_path / "three")
    (pair,) = compared(capsys, str(tmp_path / "one"), str(tmp_path / "three"))["pairs"]
    assert pair["joined_by"] == "row, data set, seed and preset"
    assert {"what": "n", "a": 200, "b": 100} in pair["changes"]["samples"]
    assert fewer.exists()


def test_a_score_under_one_protocol_is_compared_under_it(tmp_path: Path, capsys: Capture) -> None:
    both = gan_repro.score(samples(1), "digits", device="cpu")
    refined = gan_repro.score(samples(2), "digits", "refined", device="cpu")
    paths = [both.save("Net", tmp_path / "both"), refined.save("Net", tmp_path / "refined")]
    (pair,) = compared(capsys, *map(str, paths))["pairs"]
    assert pair["protocol"] == "refined"
    assert pair["difference"] == refined.mean - both.results["refined"].mean


FAR = {
    "as near as asked": ([160.0], [163.0], "3", 0),
    "too high": ([160.0], [163.1], "3", 1),
    "too low": ([163.1], [160.0], "3", 1),
    "one of several": ([160.0, 161.0], [160.0, 165.0], "3", 1),
    "any difference at all": ([160.0], [160.0000001], "0", 1),
}


@pytest.mark.parametrize("case", FAR)
def test_fail_under_ends_with_1_where_scores_lie_too_far_apart(
    case: str, tmp_path: Path, capsys: Capture
) -> None:
    first, second, nats, status = FAR[case]
    a, b = folder(tmp_path / "a", trials("gan", first)), folder(tmp_path / "b", trials("gan", second))
    assert main(["compare", a, b, "--fail-under", nats]) == status
    printed = capsys.readouterr()
    assert printed.out
    assert ("nats apart" in printed.err) == bool(status)


def test_fail_under_wants_every_score_again_but_no_new_one(tmp_path: Path) -> None:
    done, begun = trial("gan", 1, 160.0), unfinished(trial("gan", 1, 160.0))
    a, b = folder(tmp_path / "a", [done]), folder(tmp_path / "b", [begun, trial("dbn", 1, 197.0)])
    assert main(["compare", a, b, "--fail-under", "5"]) == 1
    assert main(["compare", b, a, "--fail-under", "5"]) == 0


def test_unfinished_trainings_are_compared_by_their_curves(tmp_path: Path, capsys: Capture) -> None:
    whole = trial("gan", 1, 156.0)
    begun = unfinished(whole).model_copy(update={"learning_curve": whole.learning_curve[:20]})
    other = list(begun.learning_curve)
    other[6] = other[6].model_copy(update={"losses": {"loss": 9.0}})
    other[9] = other[9].model_copy(update={"valid_mean": 12.0})
    other[14] = other[14].model_copy(update={"valid_mean": 11.0})
    moved = begun.model_copy(update={"learning_curve": tuple(other[:17])})
    a, b = folder(tmp_path / "a", [begun]), folder(tmp_path / "b", [moved])
    (pair,) = compared(capsys, a, b)["pairs"]
    assert pair["difference"] is None
    assert pair["curves_part_at_epoch"] == 7
    assert pair["last_common_look"] == {"epoch": 15, "a": 15.0, "b": 11.0}


def test_a_training_that_got_less_far_does_not_differ(tmp_path: Path, capsys: Capture) -> None:
    whole = trial("gan", 1, 156.0)
    begun = unfinished(whole).model_copy(update={"learning_curve": whole.learning_curve[:20]})
    a, b = folder(tmp_path / "a", [begun]), folder(tmp_path / "b", [whole])
    assert compared(capsys, a, b)["pairs"][0]["curves_part_at_epoch"] is None
    assert main(["compare", a, b]) == 0
    out = capsys.readouterr().out
    assert "A           interrupted after epoch 20, no score" in out
    assert "training    the same over 20 epochs" in out
    assert "so          no number that both have differs" in out


def test_a_damaged_record_is_left_out_and_named(tmp_path: Path, capsys: Capture) -> None:
    a = folder(tmp_path / "a", trials("gan", [156.0, 158.0]))
    b = folder(tmp_path / "b", trials("gan", [156.0, 158.0]))
    damaged = sorted((tmp_path / "b" / "trials").glob("*.json"))[0]
    damaged.write_text("{}")
    assert main(["compare", a, b]) == 0
    printed = capsys.readouterr()
    assert "1 joined" in printed.out
    assert damaged.name in printed.err


@pytest.mark.skipif(not knows_commits(ROOT), reason="not a clone with its whole history")
def test_the_history_tells_one_processor_from_another(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The trainings with alternating updates, begun on an AMD EPYC and recorded whole from an Intel Xeon."""
    monkeypatch.chdir(ROOT)
    found = compared(capsys, "git:65ae435", "git:f0f1c7c")
    pairs = {(pair["a"]["row"], pair["a"]["seed"]): pair for pair in found["pairs"]}
    pair = pairs["gan-alternating", 2]
    assert pair["changes"]["machine"] == [
        {"what": "processor", "a": "AMD EPYC", "b": "Intel(R) Xeon(R) Processor"}
    ]
    assert pair["possible_causes"] == ["machine"]
    assert pair["code_that_trains_and_scores_differs"] is False
    assert pair["curves_part_at_epoch"] == 1
    assert pair["last_common_look"]["epoch"] == 15
    assert pair["last_common_look"]["a"] < -300 < 0 < pair["last_common_look"]["b"]
    assert pairs["gan-alternating", 1]["possible_causes"] == ["machine"]
    assert not pair["identical"]


@pytest.mark.skipif(not knows_commits(ROOT), reason="not a clone with its whole history")
def test_the_page_says_how_far_nets_trained_again_are_off(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(ROOT)
    found = compared(capsys, "git:aa3ec7f", "results")
    again = {
        (p["a"]["row"], p["a"]["seed"]): p["difference"] for p in found["pairs"] if p["a"]["seed"] in (4, 5)
    }
    page = (ROOT / "docs" / "compare.md").read_text("utf-8")
    assert f"the DBNs {again['dbn', 4]:.1f} and {again['dbn', 5]:+.1f} nats off" in " ".join(page.split())
    assert max(abs(again["cae", seed]) for seed in (4, 5)) < 0.25


@pytest.mark.parametrize(
    ("file", "matters"),
    [("table1.py", False), ("search/log.py", False), ("__main__.py", False), ("parzen/density.py", True)],
)
def test_code_that_no_trial_runs_is_ruled_out(
    file: str, matters: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    of = [SimpleNamespace(facts={"code": {"changed since": False, "commit": c * 40}}) for c in "ab"]
    monkeypatch.setattr(causes, "changed_between", lambda *_: [f"gan_repro/{file}", "README.md"])
    assert causes.code_matters(Pair(*of, joined_by="trial"), tmp_path) is matters  # type: ignore[arg-type]


BAD = {
    "no second side": (["{a}"], "required: B"),
    "a folder that is not there": (["{a}", "nowhere"], "nowhere: No such file"),
    "an empty folder": (["{a}", "{empty}"], "holds no trials and no saved scores"),
    "nothing in common": (["{a}", "{other}"], "no trial or score in common"),
    "a file of something else": (["{a}", "{text}"], "is neither a trial's record nor a score"),
    "JSON of something else": (["{a}", "{list}"], "is neither a trial's record nor a score"),
    "half a score": (["{a}", "{half}"], "is no score: protocol: Field required"),
    "a commit that is not there": (["{a}", "git:" + "0" * 40], "no commit '0000"),
    "no commit": (["{a}", "git:"], "no commit ''"),
    "a commit like an option": (["{a}", "git:--all"], "no commit '--all'"),
    "a commit without records": (["{a}", "git:HEAD:nowhere"], "has no records in nowhere/trials"),
    "no number of nats": (["{a}", "{a}", "--fail-under", "few"], "'few' is not a finite number of nats"),
    "negative nats": (["{a}", "{a}", "--fail-under=-1"], "not a finite number of nats, 0 or more"),
    "nats without end": (["{a}", "{a}", "--fail-under", "inf"], "not a finite number of nats"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("swapped", [False, True], ids=["second", "first"])
def test_bad_input_is_refused_in_one_sentence(
    case: str, swapped: bool, tmp_path: Path, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, says = BAD[case]
    monkeypatch.setenv("COLUMNS", "1000")
    git(monkeypatch, tmp_path)
    places = {
        "a": folder(tmp_path / "a", trials("gan", [156.0])),
        "other": folder(tmp_path / "other", trials("dbn", [197.0])),
    }
    for name in ("empty", "text", "list", "half"):
        places[name] = str(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("log-likelihood 3")
    (tmp_path / "list").write_text("[1, 2]")
    (tmp_path / "half").write_text('{"read_as": {}}')
    filled = [argument.format(**places) for argument in arguments]
    if swapped and len(filled) == 2:
        filled.reverse()
    refuses(module_main, filled, says)


def git(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    """Make a repository of one commit, and go into it."""
    import subprocess

    monkeypatch.chdir(repository)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "nobody@example.org")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(["git", *words], check=True, capture_output=True)


def test_a_commit_is_read_without_being_checked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    folder(tmp_path / "results", trials("gan", [156.0]))
    folder(tmp_path / "runs", trials("gan", [150.0]))
    git(monkeypatch, tmp_path)
    folder(tmp_path / "results", [changed(trial("gan", 1, 159.0), samples="b" * 64)])
    before = tree(tmp_path)
    (tmp_path / "results" / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "results" / "deeper")  # from anywhere in the repository
    assert compared(capsys, "git:HEAD", "..")["pairs"][0]["difference"] == pytest.approx(3.0)
    assert compared(capsys, "git:HEAD:runs", "..")["pairs"][0]["difference"] == pytest.approx(9.0)
    (tmp_path / "results" / "deeper").rmdir()
    assert tree(tmp_path) == before


def test_outside_of_a_repository_a_commit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["compare", "git:HEAD", "git:HEAD"]) == 2
    assert "no git repository is here; run this inside a clone" in capsys.readouterr().err


def test_scores_on_different_images_are_not_compared(tmp_path: Path, capsys: Capture) -> None:
    one = RecordStore(tmp_path / "a").write(trial("kmeans", 1, 335.0))
    other = RecordStore(tmp_path / "b").write(trial("kmeans", 1, 335.0, dataset="digits"))
    assert main(["compare", str(one), str(other)]) == 2
    assert "is scored on mnist" in capsys.readouterr().err


def test_estimates_are_those_of_the_scored_generator(tmp_path: Path, capsys: Capture) -> None:
    record = trial("gan", 1, 156.0)
    best = record.candidates["best"]
    lower = {
        name: score.model_copy(update={"log_likelihood": Estimate(
            value=100.0, standard_error=1.0, over="test examples", n=10_000)})
        for name, score in best.scores.items()
    }  # fmt: skip
    last = Candidate(epoch=100, samples_sha256="d" * 64, scores=lower)
    a = folder(tmp_path / "a", [record.model_copy(update={"candidates": {"best": best, "last": last}})])
    (pair,) = compared(capsys, a, a)["pairs"]
    assert pair["a"]["scores"]["authors"]["value"] == 156.0
    assert pair["a"]["samples_sha256"] == "a" * 64
