"""Checkpoints that are damaged, foreign or hostile: set aside with a warning, and the trial starts afresh."""

from __future__ import annotations

import copy
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_repro import data
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec
from tests.factories.trials import TINY_GAN
from tests.guard.oracle import cases, sentence_of, within

Damage = Callable[[Path], object]


def spec_of(digits: data.Dataset, seed: int) -> TrialSpec:
    return make_spec(
        "gan",
        DataSpec(name="digits", sha256=digits.sha256),
        seed=seed,
        settings={**TINY_GAN, "epochs": 1, "batch_size": 500},
        evaluation=EvaluationSpec(n_samples=100, track_every=1),
    )


class Straight:
    """A trial that nothing disturbed: its spec, its record and its checkpoint."""

    def __init__(self, folder: Path, spec: TrialSpec) -> None:
        self.spec = spec
        self.record = run(spec, RunOptions(results=folder, progress_position=None, device="cpu"))
        self.checkpoint = checkpoint_path(folder, spec).read_bytes()


@pytest.fixture(scope="module")
def straight(digits: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    return Straight(tmp_path_factory.mktemp("straight"), spec_of(digits, 1))


@pytest.fixture(scope="module")
def other(digits: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    return Straight(tmp_path_factory.mktemp("other"), spec_of(digits, 2))


def raw(content: bytes) -> Damage:
    return lambda path: path.write_bytes(content)


def bytewise(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def flipped(part: float) -> Damage:
    def change(content: bytes) -> bytes:
        place = int(part * len(content))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return bytewise(change)


def flipped_in_a_tensor(path: Path) -> None:
    """One bit of a weight: torch.load would take it, and training go on from another net."""
    with zipfile.ZipFile(path) as archive:
        entry = max(archive.infolist(), key=lambda entry: entry.file_size)
        content = bytearray(path.read_bytes())
        place = content.index(archive.read(entry)) + entry.file_size // 2
    content[place] ^= 0x40
    path.write_bytes(content)
    torch.load(path, weights_only=True)


def at(*place: str, value: Any) -> Damage:
    """The entry at `place` is `value`, or gone where `value` is `...`."""

    def damage(path: Path) -> None:
        whole = inner = copy.deepcopy(torch.load(path, weights_only=True))
        for step in place[:-1]:
            inner = inner[step]
        if value is ...:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
        torch.save(whole, path)

    return damage


def saved(value: Any) -> Damage:
    return lambda path: torch.save(value, path)


def packed(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def bomb(path: Path) -> None:
    """30 kB that would unpack to 30 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(30_000_000))


def old_format(path: Path) -> None:
    torch.save(torch.load(path, weights_only=True), path, _use_new_zipfile_serialization=False)


def instead(make: Callable[[Path], object]) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


DAMAGES: dict[str, Damage] = {
    "empty": raw(b""),
    "zeros": raw(bytes(5000)),
    "text": raw(b"checkpoint"),
    "a pickle": raw(pickle.dumps({"watch": {}, "model": {}})),
    "cut in half": bytewise(lambda content: content[: len(content) // 2]),
    "cut by a byte": bytewise(lambda content: content[:-1]),
    "its head lost": bytewise(lambda content: content[100:]),
    "a bit at a third": flipped(1 / 3),
    "a bit in the middle": flipped(1 / 2),
    "a bit near the end": flipped(0.99),
    "a bit in a tensor": flipped_in_a_tensor,
    "packed": packed,
    "a bomb": bomb,
    "the format before zip": old_format,
    "a list": saved([1, 2]),
    "a tensor": saved(torch.zeros(3)),
    "an empty dict": saved({}),
    "a module": saved(torch.nn.Linear(2, 2)),
    "no watch": at("watch", value=...),
    "no model": at("model", value=...),
    "a model that is a number": at("model", value=3),
    "no curve": at("watch", "curve", value=...),
    "a curve of numbers": at("watch", "curve", value=[1, 2]),
    "a curve of other JSON": at("watch", "curve", value=["{}"]),
    "a curve of NaN": at("watch", "curve", value=['{"epoch": 1, "losses": {"g": NaN}, "learning_rate": 1}']),
    "a best epoch in words": at("watch", "best_epoch", value="last"),
    "no best mean": at("watch", "best_mean", value=...),
    "best parameters that are a list": at("watch", "best_parameters", value=[torch.zeros(1)]),
    "a count in words": at("watch", "resumed", value="twice"),
    "an unknown entry": at("watch", "extra", value=1),
    "another spec": at("watch", "spec", value="{}"),
    "another model's name": at("model", "model", value="dbn"),
    "another configuration": at("model", "config", value="{}"),
    "no epoch": at("model", "epoch", value=...),
    "an epoch in words": at("model", "epoch", value="one"),
    "a negative epoch": at("model", "epoch", value=-1),
    "an epoch past the last": at("model", "epoch", value=10**9),
    "half a batch": at("model", "batch", value=0.5),
    "no tensors": at("model", "tensors", value={}),
    "tensors that are a list": at("model", "tensors", value=[torch.zeros(1)]),
    "a random state of another size": at("model", "noise", value=torch.zeros(3, dtype=torch.uint8)),
    "a random state of another type": at("model", "noise", value=torch.zeros(5056)),
    "a random state that is none": at("model", "noise", value=None),
    "totals that are no tensors": at("model", "totals", value={"loss": 1.0}),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo),
    "endless zeros": instead(lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": instead(lambda path: path.symlink_to("nowhere")),
    "a link to itself": instead(lambda path: path.symlink_to(path.name)),
}


def laid_out(results: Path, straight: Straight) -> Path:
    """A results folder that has the trial's checkpoint, and not its record."""
    checkpoint = checkpoint_path(results, straight.spec)
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(straight.checkpoint)
    return checkpoint


def run_again(results: Path, straight: Straight) -> TrialRecord:
    with within():
        return run(straight.spec, RunOptions(results=results, progress_position=None, device="cpu"))


def outcome(record: TrialRecord) -> dict[str, Any]:
    return record.model_dump(exclude={"provenance"})


@cases(DAMAGES)
def test_a_bad_checkpoint_is_set_aside_and_changes_no_outcome(
    case: Damage, straight: Straight, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = laid_out(tmp_path, straight)
    case(checkpoint)
    record = run_again(tmp_path, straight)
    sentence = sentence_of(capsys.readouterr().err)
    assert sentence.startswith(f"warning: checkpoint {checkpoint.name} cannot be used")
    assert os.path.lexists(checkpoint.with_suffix(".corrupt"))
    assert record.provenance.resumed == 0
    assert outcome(record) == outcome(straight.record)
    assert checkpoint.is_file()


def test_the_checkpoint_of_another_trial_is_set_aside(
    straight: Straight, other: Straight, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laid_out(tmp_path, straight).write_bytes(other.checkpoint)
    assert outcome(run_again(tmp_path, straight)) == outcome(straight.record)
    assert "it belongs to another trial" in sentence_of(capsys.readouterr().err)


def test_an_undamaged_checkpoint_is_taken_up(
    straight: Straight, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or all of the above would prove nothing."""
    laid_out(tmp_path, straight)
    record = run_again(tmp_path, straight)
    assert record.provenance.resumed == 1
    assert outcome(record) == outcome(straight.record)
    assert capsys.readouterr().err == ""


def test_best_parameters_of_another_net_are_an_error(straight: Straight, tmp_path: Path) -> None:
    """They are looked at after training only; what they cannot do is pass for the model."""
    checkpoint = laid_out(tmp_path, straight)
    whole = torch.load(io.BytesIO(straight.checkpoint), weights_only=True)
    whole["watch"] |= {"best_epoch": 0, "best_parameters": {"w": torch.zeros(1)}}
    torch.save(whole, checkpoint)
    record = run_again(tmp_path, straight)
    assert record.status == "error"
    assert "parameters differ" in str(record.reason)
