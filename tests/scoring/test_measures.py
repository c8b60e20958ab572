"""Measures of quality beside a score: the same as alone, in every form, and refused in one sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_repro
from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.measures import measure_samples
from gan_repro.measures import yardstick as yardstick_module
from gan_repro.scoring import SubmissionError, load_submissions, read_submission
from gan_repro.scoring.__main__ import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def report() -> gan_repro.ScoreReport:
    digits = data.load("digits")
    return gan_repro.score(digits.train, "digits", "authors", measures=["coverage", "kid"], device="cpu")


@pytest.fixture
def saved(digits: data.Dataset, tmp_path: Path) -> str:
    """The digits' training images, saved as somebody's samples."""
    np.save(tmp_path / "samples.npy", digits.train)
    return str(tmp_path / "samples.npy")


def test_measures_beside_a_score_are_those_taken_alone(
    report: gan_repro.ScoreReport, digits: data.Dataset
) -> None:
    alone = measure_samples(digits.train, digits, ["kid", "coverage"])
    assert report.quality == alone
    assert report.to_dict()["quality"] == alone.to_dict()


def test_without_the_asking_nothing_is_measured(digits: data.Dataset) -> None:
    plain = gan_repro.score(digits.train, digits, "authors", device="cpu")
    assert plain.quality is None
    assert plain.to_dict()["quality"] is None
    assert "quality" not in repr(plain)


def test_every_form_of_a_report_has_the_measures(report: gan_repro.ScoreReport) -> None:
    kid = report.quality.value("kid", "pixels")  # type: ignore[union-attr]
    shown = f"kid {kid.value:.3g} ± {kid.standard_error:.1g}"
    assert repr(report).splitlines()[-1].startswith(f"quality         {shown}, coverage ")
    assert shown in report._repr_html_()
    (row,) = report.to_pandas().to_dict("records")
    assert row["kid (pixels)"] == kid.value


def test_mnist_is_measured_in_both_spaces_with_classes(capsys: Capture, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(256, size=(400, 784)).astype(np.uint8)
    noise = Dataset("mnist", pixels[:100], pixels[100:250], pixels[250:], (28, 28))
    found = gan_repro.score(random.random((150, 784), dtype=np.float32), noise, "authors", measures="all")
    assert found.quality is not None
    spaces = {measure.space for measure in found.quality.measures if measure.name == "kid"}
    assert spaces == {"network", "pixels"}
    assert "class-balance (network)" in found.to_pandas().columns


def test_the_command_prints_measures_beside_real_images(saved: str, capsys: Capture) -> None:
    asked = ["--measures", "kid", "precision", "--dataset", "digits", "--device", "cpu"]
    assert main([saved, *asked]) == 0
    printed = capsys.readouterr()
    kid = measure_samples(np.load(saved), "digits", "kid").measures[0]
    line = next(line for line in printed.out.splitlines() if line.startswith("  kid "))
    assert f"pixels {kid.samples.value:.3g} ± {kid.samples.standard_error:.1g} ({kid.real.value:.3g}" in line
    assert "digits has no net for features" in printed.out
    assert "measuring 1,000 samples in the space of pixels" in printed.err
    assert "measuring" not in printed.out


def test_json_of_the_command_holds_every_measure(saved: str, capsys: Capture) -> None:
    assert main([saved, "--measures", "all", "--dataset", "digits", "--device", "cpu", "--json"]) == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    assert [m["name"] for m in quality["measures"]] == [
        "kid", "precision", "recall", "density", "coverage", "two-sample", "frechet",
    ]  # fmt: skip
    assert quality["settings"]["density_k"] == 5


def test_a_saved_row_keeps_its_measures(report: gan_repro.ScoreReport, tmp_path: Path) -> None:
    path = report.save("digits", tmp_path)
    (row,) = load_submissions(tmp_path)
    assert row.submission.quality == report.quality
    assert json.loads(path.read_text())["quality"] == report.to_dict()["quality"]


def test_a_row_without_measures_is_saved_as_before(digits: data.Dataset, tmp_path: Path) -> None:
    path = gan_repro.score(digits.train, digits, "authors").save("digits", tmp_path)
    assert "quality" not in json.loads(path.read_text())
    assert read_submission(path).quality is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {"groups": 5}}, "not taken with"),
        ({"measures": [{"name": "kid"}]}, "no measures of samples"),
        ({"n_samples": "many"}, "no measures of samples"),
        ({"seed": math.inf}, "no measures of samples"),
        ({"more": 1}, "no measures of samples"),
    ],
)
def test_a_saved_row_with_other_measures_is_refused(
    report: gan_repro.ScoreReport, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = report.save("digits", tmp_path)
    content = json.loads(path.read_text())
    content["quality"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(SubmissionError, match=message) as error:
        read_submission(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--measures", "beauty"], "no measure is called 'beauty'; there are: all, kid, precision"),
        (["--measures", "kid", "class-balance"], "needs a net that tells classes apart, and digits has none"),
    ],
)
def test_measures_that_cannot_be_taken_end_in_one_line(
    saved: str, capsys: Capture, options: list[str], message: str
) -> None:
    assert main([saved, "--dataset", "digits", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: np.where(np.arange(1000)[:, None] == 7, np.nan, rows), "row 7"),
        (lambda rows: rows[:, :-1], r"\(n, 64\)"),
        (lambda rows: rows[:99], "99 samples are too few"),
    ],
)
def test_bad_samples_are_refused_before_anything_is_measured(
    digits: data.Dataset, monkeypatch: pytest.MonkeyPatch, change: Any, message: str
) -> None:
    monkeypatch.setattr(
        yardstick_module.Yardstick, "measure", lambda *args, **options: pytest.fail("measured")
    )
    with pytest.raises(ValueError, match=message) as error:
        gan_repro.score(change(digits.train), digits, measures="all")
    assert "\n" not in str(error.value)


def test_too_few_real_images_end_in_one_sentence(digits: data.Dataset) -> None:
    few = Dataset("few", digits.train_pixels, digits.valid_pixels[:9], digits.test_pixels[:5], (8, 8))
    with pytest.raises(ValueError, match="too few") as error:
        gan_repro.score(digits.train, few, "authors", measures="all")
    assert "\n" not in str(error.value)


def test_missing_weights_are_found_before_scoring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(400, 784)).astype(np.uint8)
    noise = Dataset("mnist", pixels[:100], pixels[100:250], pixels[250:], (28, 28))
    monkeypatch.setattr("gan_repro.measures.features.default_folder", lambda: tmp_path)
    monkeypatch.setattr("gan_repro.scoring.api.evaluate", lambda *args, **options: pytest.fail("scored"))
    with pytest.raises(ValueError, match="net for features cannot be read"):
        gan_repro.score(np.random.default_rng(1).random((150, 784), dtype=np.float32), noise, measures="kid")
