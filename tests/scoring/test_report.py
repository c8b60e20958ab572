"""What a score tells: in a few lines, in HTML, JSON and tables, in a picture, and beside the paper."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gan_repro
from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.parzen import evaluate


@pytest.fixture(scope="module")
def report() -> gan_repro.ScoreReport:
    digits = data.load("digits")
    return gan_repro.score(digits.train, "digits", device="cpu")


@pytest.fixture(scope="module")
def like_mnist() -> gan_repro.ScoreReport:
    """Ten thousand samples of a data set that has a column in Table 1."""
    digits = data.load("digits")
    small = Dataset(
        "mnist", digits.train_pixels, digits.valid_pixels[:20], digits.test_pixels[:20], (8, 8), maximum=16
    )
    noise = np.random.default_rng(0).uniform(-0.01, 0.01, (10_000, 64)).astype(np.float32)
    return gan_repro.score((np.tile(digits.train, (10, 1)) + noise).clip(0, 1), small, "authors")


def test_the_numbers_are_those_of_the_protocols(report: gan_repro.ScoreReport, digits: data.Dataset) -> None:
    expected = [evaluate(digits.train, digits.valid, digits.test, protocol=p) for p in ("authors", "refined")]
    assert list(report.results) == ["authors", "refined"]
    assert (report.mean, report.sigma, report.standard_error) == (
        expected[0].mean,
        expected[0].sigma,
        expected[0].standard_error,
    )
    assert report.estimate == expected[0].estimate
    assert report.curve == expected[0].sigma_curve
    assert np.array_equal(report.log_likelihoods(), expected[0].log_likelihood)
    assert np.array_equal(report.log_likelihoods("refined"), expected[1].log_likelihood)
    with pytest.raises(ValueError, match="not scored under 'authors-folds', but under authors, refined"):
        report.log_likelihoods("authors-folds")


def test_the_repr_is_five_lines(report: gan_repro.ScoreReport, like_mnist: gan_repro.ScoreReport) -> None:
    for each in (report, like_mnist):
        assert len(repr(each).splitlines()) == 5
    first, second, third, fourth, fifth = repr(report).splitlines()
    assert first.startswith(f"log-likelihood  {report.estimate} (authors), ")
    assert f"{report.sigma:.4f} (authors)" in second
    assert third.split() == ["data", "set", "digits"]
    assert "1,000 samples: float32 of shape (1000, 64)" in fourth
    assert report.samples.sha256[:12] in fourth
    assert "nothing on digits; not to be compared: 1,000 samples, where Table 1 uses 10,000" in fifth
    assert (
        repr(like_mnist).splitlines()[4].split(maxsplit=3)[3].startswith("225.0 ± 2.0 nats, Adversarial nets")
    )
    assert "not to be compared" not in repr(like_mnist)


def test_html_shows_the_same_and_runs_nothing(digits: data.Dataset) -> None:
    named = Dataset("<script>", digits.train_pixels, digits.valid_pixels[:9], digits.test_pixels[:9], (8, 8))
    report = gan_repro.score(digits.train, named, "authors")
    assert str(report.estimate) in report._repr_html_()
    assert "<script>" not in report._repr_html_()
    assert report._repr_html_().count("<tr>") == 5


def test_json_holds_images_only_on_request(report: gan_repro.ScoreReport) -> None:
    found = json.loads(report.to_json())
    assert found == json.loads(json.dumps(report.to_dict()))
    assert "per_image" not in report.to_json()
    assert json.loads(report.to_json(per_image=True))["per_image"] == report.log_likelihoods().tolist()
    assert found["marks"] == ["1,000 samples, where Table 1 uses 10,000"]


def test_pandas_has_a_row_for_each_protocol_or_image(report: gan_repro.ScoreReport) -> None:
    table = report.to_pandas()
    assert table["protocol"].tolist() == ["authors", "refined"]
    assert table["log_likelihood"].tolist() == [result.mean for result in report.results.values()]
    images = report.to_pandas(per_image=True)
    assert images.shape == (497, 2)
    assert np.array_equal(images["refined"], report.log_likelihoods("refined"))


def test_the_paper_stands_beside(like_mnist: gan_repro.ScoreReport, report: gan_repro.ScoreReport) -> None:
    table = like_mnist.compare_to_paper().set_index("row")
    assert table["paper"].tolist() == [138, 121, 214, 225]
    row = table.loc["Adversarial nets"]
    assert row["difference"] == pytest.approx(like_mnist.mean - 225)
    assert row["difference_standard_error"] == pytest.approx(np.hypot(like_mnist.standard_error, 2))
    assert report.compare_to_paper().empty


def test_the_picture_shows_each_curve(report: gan_repro.ScoreReport) -> None:
    (axes,) = report.plot().axes
    curves = {line.get_label(): line for line in axes.lines if not str(line.get_label()).startswith("_")}
    assert [label.partition(":")[0] for label in curves] == ["authors", "refined"]
    for line, result in zip(curves.values(), report.results.values(), strict=True):
        assert tuple(zip(*line.get_data(), strict=True)) == result.sigma_curve
    assert axes.get_xscale() == "log"
