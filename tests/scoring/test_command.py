"""The command, by either of its names: what it prints where, and with which exit code it ends."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_repro import data
from gan_repro.__main__ import main as gan_repro_main
from gan_repro.data import mnist as mnist_module
from gan_repro.parzen import evaluate
from gan_repro.parzen.__main__ import main
from gan_repro.scoring import __main__ as command
from gan_repro.scoring.__main__ import main as score

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def saved(digits: data.Dataset, tmp_path: Path) -> str:
    """The digits' training images, saved as somebody's samples."""
    np.save(tmp_path / "samples.npy", digits.train)
    return str(tmp_path / "samples.npy")


def test_people_get_the_score_with_what_it_means(saved: str, digits: data.Dataset, capsys: Capture) -> None:
    assert main([saved, "--dataset", "digits", "--device", "cpu"]) == 0
    printed = capsys.readouterr()
    expected = evaluate(digits.train, digits.valid, digits.test)
    score = f"{expected.mean:.1f} ± {expected.standard_error:.1f} nats, standard error over 497 test images"
    assert score in printed.out
    assert f"{expected.sigma:.4f}" in printed.out
    assert "authors, version 1: 10 sigmas log-spaced in [0.1, 1]" in printed.out
    assert "1,000, SHA-256 " + hashlib.sha256(Path(saved).read_bytes()).hexdigest() in printed.out
    assert "paper" not in printed.out
    assert "this one, of 1,000, is not comparable with Table 1, which uses 10,000" in printed.err
    assert "edge" not in printed.out + printed.err


@pytest.mark.parametrize("protocol", ["authors", "refined"])
def test_json_is_one_object_with_everything(
    saved: str, digits: data.Dataset, capsys: Capture, protocol: str
) -> None:
    assert main([saved, "--dataset", "digits", "--protocol", protocol, "--json", "--device", "cpu"]) == 0
    report = json.loads(capsys.readouterr().out)
    expected = evaluate(digits.train, digits.valid, digits.test, protocol=protocol)
    assert report["log_likelihood"] == {
        "value": pytest.approx(expected.mean, abs=1e-6),
        "standard_error": pytest.approx(expected.standard_error, abs=1e-6),
        "over": "test examples",
        "n": 497,
    }
    assert report["sigma"] == pytest.approx(expected.sigma)
    assert len(report["sigma_curve"]) == len(expected.sigma_curve) == {"authors": 10, "refined": 19}[protocol]
    assert report["protocol"]["name"] == protocol
    assert report["samples"] == {
        "n": 1000,
        "sha256": hashlib.sha256(Path(saved).read_bytes()).hexdigest(),
    }
    assert report["dataset"]["sha256"] == digits.sha256
    assert report["at_grid_edge"] is False
    assert report["paper"] is None


@pytest.mark.mnist
def test_the_paper_s_number_stands_beside(mnist: data.Dataset, tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "samples.npy", mnist.train[:200].reshape(-1, 28, 28))
    assert main([str(tmp_path / "samples.npy"), "--dataset", "mnist"]) == 0
    assert "225.0 ± 2.0 nats, Adversarial nets, standard error over test examples" in capsys.readouterr().out
    assert main([str(tmp_path / "samples.npy"), "--dataset", "mnist", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["paper"]["value"] == 225


def test_the_edge_of_the_grid_is_told_in_both_streams(
    digits: data.Dataset, tmp_path: Path, capsys: Capture
) -> None:
    # On the very images that choose it, sigma cannot be too small.
    np.save(tmp_path / "valid.npy", digits.valid)
    assert main([str(tmp_path / "valid.npy"), "--dataset", "digits"]) == 0
    printed = capsys.readouterr()
    assert "warning: the best sigma, 0.1, is at the edge of the grid" in printed.err
    assert "at the edge of the grid" in printed.out
    assert "GridEdgeWarning" not in printed.err


def test_ten_thousand_samples_need_no_warning(digits: data.Dataset, tmp_path: Path, capsys: Capture) -> None:
    noise = np.random.default_rng(0).uniform(-0.01, 0.01, (10_000, 64)).astype(np.float32)
    np.save(tmp_path / "samples.npy", (np.tile(digits.train, (10, 1)) + noise).clip(0, 1))
    assert main([str(tmp_path / "samples.npy"), "--dataset", "digits"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_samples_that_cannot_be_scored_are_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "whole.npy", np.zeros((500, 64), np.int64))
    assert main([str(tmp_path / "whole.npy"), "--dataset", "digits"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "--value-range" in printed.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "digit"], "did you mean digits?"),
        (["--dataset", "digits", "--fold", "0"], "digits has one fixed cut and no folds"),
        (["--dataset", "digits", "--protocol", "author"], "invalid choice: 'author'"),
        (["--dataset", "digits", "--fold", "first"], "invalid int value"),
        ([], "--dataset"),
    ],
)
def test_bad_usage_is_exit_code_2(saved: str, options: list[str], message: str, capsys: Capture) -> None:
    try:
        code = main([saved, *options])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err


def test_a_gpu_that_is_not_there_is_exit_code_2(
    saved: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main([saved, "--dataset", "digits", "--device", "cuda"]) == 2
    assert "use --device cpu" in capsys.readouterr().err


def test_data_that_cannot_be_had_are_exit_code_1(
    saved: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GAN_REPRO_DATA", raising=False)
    monkeypatch.setattr(mnist_module, "sources", list)
    assert main([saved, "--dataset", "mnist"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "train-images-idx3-ubyte" in printed.err


def test_bad_samples_are_found_before_anything_is_downloaded(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("the data set was loaded"))
    assert main([str(tmp_path / "missing.npy"), "--dataset", "mnist"]) == 2


def test_a_data_set_with_folds_takes_all_validation_images(
    saved: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(data._ENTRIES, "folded", data.Entry(".digits", "the digits, as if in folds", folds=5))
    assert main([saved, "--dataset", "folded"]) == 2
    assert "the folds 0 to 4" in capsys.readouterr().err
    assert main([saved, "--dataset", "folded", "--fold", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"]["name"] == "authors-folds"


def test_an_interrupt_is_exit_code_130(saved: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_score", interrupted)
    for each in (main, score):
        assert each([saved, "--dataset", "digits"]) == 130
        assert capsys.readouterr().out == ""


def test_as_a_module(saved: str) -> None:
    words = [sys.executable, "-m", "gan_repro.parzen", saved, "--dataset", "digits", "--json"]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=one_thread)
    assert json.loads(done.stdout)["samples"]["n"] == 1000


def test_both_protocols_are_scored_and_the_first_is_the_main_one(
    saved: str, digits: data.Dataset, capsys: Capture
) -> None:
    assert score([saved, "--dataset", "digits", "--json", "--per-image"]) == 0
    report = json.loads(capsys.readouterr().out)
    expected = evaluate(digits.train, digits.valid, digits.test, protocol="refined")
    assert report["protocol"]["name"] == "authors"
    assert report["other_protocols"][0]["protocol"]["name"] == "refined"
    assert report["other_protocols"][0]["log_likelihood"]["value"] == pytest.approx(expected.mean)
    assert report["other_protocols"][0]["per_image"] == pytest.approx(expected.log_likelihood.tolist())
    assert score([saved, "--dataset", "digits"]) == 0
    assert (
        f"  refined       {expected.mean:.1f} ± {expected.standard_error:.1f} nats" in capsys.readouterr().out
    )


def test_the_options_are_those_of_the_function(digits: data.Dataset, tmp_path: Path, capsys: Capture) -> None:
    np.savez(tmp_path / "s.npz", a=digits.train * 2 - 1, b=digits.test * 2 - 1)
    command_line = [str(tmp_path / "s.npz"), "--dataset", "digits", "--protocol", "authors", "--json"]
    assert score([*command_line, "--key", "a", "--value-range", "-1", "1", "--n-samples", "500"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["samples"]["n"] == 500
    assert report["read_as"]["key"] == "a"
    assert report["read_as"]["value_range"] == [-1, 1]


def test_what_can_hardly_be_meant_is_told_and_scored(
    digits: data.Dataset, tmp_path: Path, capsys: Capture
) -> None:
    np.save(tmp_path / "twice.npy", digits.train / 255)
    assert score([str(tmp_path / "twice.npy"), "--dataset", "digits", "--protocol", "authors"]) == 0
    assert "warning: the largest value is 0.003922, far below 1" in capsys.readouterr().err


def test_save_keeps_a_row(saved: str, tmp_path: Path, capsys: Capture) -> None:
    options = ["--dataset", "digits", "--protocol", "authors", "--runs", str(tmp_path / "mine")]
    assert score([saved, *options, "--name", "My VAE", "--save"]) == 0
    digest = hashlib.sha256(Path(saved).read_bytes()).hexdigest()
    assert f"submissions/my-vae-{digest[:12]}.json" in capsys.readouterr().err
    assert (tmp_path / "mine" / "submissions" / f"my-vae-{digest[:12]}.json").is_file()


@pytest.mark.parametrize("hindrance", ["name", "folder"])
def test_what_no_row_can_be_saved_under_is_refused_first(
    hindrance: str, saved: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_score", lambda options: pytest.fail("something was computed"))
    name = "x" * 61 if hindrance == "name" else "x"
    runs = saved if hindrance == "folder" else str(tmp_path / "mine")
    assert score([saved, "--dataset", "digits", "--save", "--name", name, "--runs", runs]) == 2
    expected = {"name": "1 to 60 printable characters", "folder": f"cannot write to {saved}/submissions"}
    assert expected[hindrance] in capsys.readouterr().err


def test_a_score_that_cannot_be_saved_is_printed_all_the_same(
    saved: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("gan_repro.scoring.submissions.atomic_write", full)
    options = ["--dataset", "digits", "--protocol", "authors", "--json", "--runs", str(tmp_path / "mine")]
    assert score([saved, *options, "--save", "--name", "x"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["samples"]["n"] == 1000
    assert "the disk is full" in printed.err


def test_an_option_before_the_file_does_not_swallow_it(saved: str, capsys: Capture) -> None:
    assert main(["--protocol", "authors", "--dataset", "digits", saved]) == 0
    assert score(["--value-range", "0", "1", saved, "--dataset", "digits", "--protocol", "authors"]) == 0


def test_images_one_by_one_are_json(saved: str, capsys: Capture) -> None:
    assert score([saved, "--dataset", "digits", "--per-image"]) == 2
    assert "--per-image goes with --json" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--save"], ["--name", "My VAE"], ["--save", "--name", ""]])
def test_a_row_that_is_saved_has_a_name(saved: str, options: list[str], capsys: Capture) -> None:
    assert score([saved, "--dataset", "digits", *options]) == 2
    assert "--name" in capsys.readouterr().err


def test_the_command_line_is_that_of_gan_repro(saved: str, capsys: Capture) -> None:
    assert gan_repro_main(["score", saved, "--dataset", "digits", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"]["name"] == "authors"
