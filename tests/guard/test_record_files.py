"""Records that are damaged, absurd or hostile: left out with a warning, never believed, never in the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_repro import figures
from gan_repro.experiments.results import load_results
from gan_repro.tables.collect import recorded_table
from gan_repro.tables.render import render
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore
from tests.factories.records import record
from tests.guard.oracle import cases, sentence_of, tree, within

Damage = Callable[[Path], object]

RECORD = record()
NAME = f"{RECORD.spec.id}.json"
DEEP = 100_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound record in a results folder of its own."""
    return RecordStore(tmp_path / "results").write(RECORD)


def raw(content: bytes) -> Damage:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def bytewise(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def replaced(old: str, new: str) -> Damage:
    def damage(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return damage


def at(*place: str | int, value: Any) -> Damage:
    """The entry at `place` is `value`."""

    def damage(path: Path) -> None:
        whole = inner = json.loads(path.read_text())
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
        path.write_text(json.dumps(whole))

    return damage


def without(*place: str) -> Damage:
    def damage(path: Path) -> None:
        whole = inner = json.loads(path.read_text())
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
        path.write_text(json.dumps(whole))

    return damage


def instead(make: Callable[[Path], object]) -> Damage:
    """Something else of that name."""

    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


SCORE = ("candidates", "best", "scores", "authors")
ESTIMATE = (*SCORE, "log_likelihood")
NAN, INFINITY = float("nan"), float("inf")

DAMAGES: dict[str, Damage] = {
    "empty": raw(b""),
    "one byte": raw(b"{"),
    "zeros": raw(bytes(4096)),
    "not JSON": raw(b"\x80\x04\x95pickle"),
    "cut in half": bytewise(lambda content: content[: len(content) // 2]),
    "cut by a byte": bytewise(lambda content: content[:-3]),
    "twice the same": bytewise(lambda content: content * 2),
    "followed by rubbish": bytewise(lambda content: content + b"\0"),
    "a list": raw(b"[1, 2]"),
    "a number": raw(b"42"),
    "null": raw(b"null"),
    "an empty object": raw(b"{}"),
    "UTF-16": bytewise(lambda content: content.decode().encode("utf-16")),
    "a byte order mark": bytewise(lambda content: b"\xef\xbb\xbf" + content),
    "bytes that are no UTF-8": bytewise(lambda content: content.replace(b"cpu", b"\xff\xfe")),
    "half a surrogate pair": replaced('"cpu"', r'"\ud800"'),
    "nested brackets": raw(b"[" * DEEP),
    "nested objects": raw(b'{"spec":' * DEEP),
    "a nested configuration": replaced('"config": {', '"config": {"x": ' + "[" * DEEP + "]" * DEEP + ","),
    "a number of 5,000 digits": replaced('"seed": 1', '"seed": 1' + "0" * 5000),
    "a number of 400 digits": replaced('"seed": 1', '"seed": 1' + "0" * 400),
    "a float past the range": at(*ESTIMATE, "value", value=1e308 * 10),
    "17 MB of spaces": bytewise(lambda content: content + b" " * (17 << 20)),
    "NaN as the score": at(*ESTIMATE, "value", value=NAN),
    "infinity as the score": at(*ESTIMATE, "value", value=INFINITY),
    "minus infinity as the score": at(*ESTIMATE, "value", value=-INFINITY),
    "NaN as the error": at(*ESTIMATE, "standard_error", value=NAN),
    "a negative error": at(*ESTIMATE, "standard_error", value=-1.0),
    "an error over nothing known": at(*ESTIMATE, "over", value="months"),
    "text as the score": at(*ESTIMATE, "value", value="a lot"),
    "a sigma of nought": at(*SCORE, "sigma", value=0),
    "a negative sigma": at(*SCORE, "sigma", value=-0.2),
    "an infinite sigma": at(*SCORE, "sigma", value=INFINITY),
    "NaN on the sigma curve": at(*SCORE, "sigma_curve", value=[[0.1, NAN]]),
    "three numbers on the sigma curve": at(*SCORE, "sigma_curve", value=[[0.1, 1, 2]]),
    "an edge that is neither yes nor no": at(*SCORE, "at_grid_edge", value="perhaps"),
    "done without candidates": at("candidates", value={}),
    "done without the best": without("candidates", "best"),
    "done without the protocol's score": without(*SCORE),
    "done without the refined score": without("candidates", "best", "scores", "refined"),
    "a third candidate": at("candidates", "worst", value={}),
    "an epoch past any float": at(
        "learning_curve", value=[{"epoch": 10**400, "losses": {}, "learning_rate": 0.1}]
    ),
    "a negative epoch": at("learning_curve", value=[{"epoch": -1, "losses": {}, "learning_rate": 0.1}]),
    "a loss that is NaN": at(
        "learning_curve", value=[{"epoch": 1, "losses": {"g": NAN}, "learning_rate": 0.1}]
    ),
    "no status": without("status"),
    "an unknown status": at("status", value="fine"),
    "a status that is a list": at("status", value=["done"]),
    "no provenance": without("provenance"),
    "an unknown key": at("extra", value=1),
    "an unknown key with line breaks": at("a\nb\x1b[2J", value=1),
    "an unknown key of a megabyte": at("k" * 2**20, value=1),
    "a foreign schema": at("spec", "schema_version", value=99),
    "a schema of no number": at("spec", "schema_version", value=None),
    "another seed than its name": at("spec", "seed", value=7),
    "a negative seed": at("spec", "seed", value=-1),
    "half a seed": at("spec", "seed", value=1.5),
    "another model than its name": at("spec", "model", value="dbn"),
    "a model that is a path": at("spec", "model", value="../../gan"),
    "a model that is an absolute path": at("spec", "model", value="/etc/passwd"),
    "a data set that is a path": at("spec", "data", "name", value="../mnist"),
    "a model with a line break": at("spec", "model", value="gan\n"),
    "a hash in capitals": at("spec", "data", "sha256", value="A" * 64),
    "a hash too short": at("spec", "data", "sha256", value="5" * 63),
    "a configuration that is a list": at("spec", "config", value=[]),
    "infinity in the configuration": at("spec", "config", "learning_rate", value=INFINITY),
    "no samples": at("spec", "evaluation", "n_samples", value=0),
    "a trillion samples": at("spec", "evaluation", "n_samples", value=10**12),
    "patience without tracking": at("spec", "evaluation", value={"patience": 3, "track_every": 0}),
    "an environment of lists": at("provenance", "environment", value={"device": []}),
    "under another name": lambda path: path.rename(path.with_name("gan-mnist-seed1-000000000000.json")),
    "under a name with a line break": lambda path: path.rename(path.with_name("gan\nmnist.json")),
    "under a name that is no UTF-8": lambda path: path.rename(path.with_name(os.fsdecode(b"\xff.json"))),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo),
    "endless zeros": instead(lambda path: path.symlink_to("/dev/zero")),
    "a terminal": instead(lambda path: path.symlink_to("/dev/ptmx")),
    "a link to nothing": instead(lambda path: path.symlink_to("nowhere")),
    "a link to itself": instead(lambda path: path.symlink_to(path.name)),
    "a link out of the folder": instead(lambda path: path.symlink_to("/etc/hostname")),
}


@cases(DAMAGES)
def test_a_bad_record_is_left_out_with_a_warning(
    case: Damage, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case(path)
    before = tree(path.parent)
    (name,) = before
    with within():
        assert list(RecordStore(path.parent.parent)) == []
    sentence = sentence_of(capsys.readouterr().err)
    assert sentence.startswith("warning: ")
    assert name.replace("\n", r"\n") in sentence or r"\udcff.json" in sentence
    assert len(sentence) < 5000
    assert tree(path.parent) == before, "reading changes nothing"


def test_running_the_trial_sets_a_bad_record_aside(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    DAMAGES["cut in half"](path)
    before = path.read_bytes()
    assert RecordStore(path.parent.parent).read_or_set_aside(RECORD.spec) is None
    assert tree(path.parent).keys() == {f"{path.name}.corrupt"}
    assert path.with_suffix(".json.corrupt").read_bytes() == before
    assert f"set aside as {path.name}.corrupt" in sentence_of(capsys.readouterr().err)


@pytest.mark.parametrize("damage", ["cut in half", "NaN as the score", "a pipe", "done without candidates"])
def test_the_commands_go_on_without_it(
    damage: str, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables and figures show what is left, and whoever asks for the trial gets it run again."""
    other = RecordStore(path.parent.parent).write(record(model="dbn", value=123.4))
    DAMAGES[damage](path)
    with within():
        table = render(recorded_table(load_results(path.parent.parent).trials, "mnist"), "md")
        assert figures.main(["--results", str(path.parent.parent)]) == 1
    assert "123.4" in table
    assert "gan-mnist" not in table
    assert "left out" in capsys.readouterr().err
    assert RecordStore(path.parent.parent).read(RECORD.spec) is None
    assert other.exists()


def test_a_record_is_written_beside_a_link_and_never_through_it(path: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("somebody else's")
    path.unlink()
    path.symlink_to(outside)
    store = RecordStore(path.parent.parent)
    store.write(RECORD)
    assert outside.read_text() == "somebody else's"
    assert not path.is_symlink()
    assert store.read(RECORD.spec) == RECORD


def test_text_of_any_kind_survives_being_written_and_read(tmp_path: Path) -> None:
    """Nothing in a string is taken for the layout of the file."""
    reason = 'pairs [ 1,  2 ] and [\n 3,\n 4\n ], "quotes", \\ and \x00 \x1b[0m'
    failed = RECORD.model_copy(update={"status": "error", "reason": reason, "candidates": {}})
    store = RecordStore(tmp_path)
    store.write(failed)
    assert store.read(RECORD.spec) == failed
    assert TrialRecord.model_validate_json(store.path(RECORD.spec).read_text()).reason == reason
