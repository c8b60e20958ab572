"""Saved rows: what is written is what is read, and a file that is not what it was is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_repro
from gan_repro import data
from gan_repro.scoring import SubmissionError, load_submissions, read_submission
from gan_repro.scoring.submissions import slug


@pytest.fixture(scope="module")
def report() -> gan_repro.ScoreReport:
    digits = data.load("digits")
    return gan_repro.score(digits.train, "digits", "authors", device="cpu")


@pytest.fixture
def path(report: gan_repro.ScoreReport, tmp_path: Path) -> Path:
    return report.save("My VAE", tmp_path / "runs")


def test_a_row_is_read_as_it_was_saved(path: Path, report: gan_repro.ScoreReport) -> None:
    assert path.name == f"my-vae-{report.samples.sha256[:12]}.json"
    assert path.parent.name == "submissions"
    (row,) = load_submissions(path.parent)
    assert (row.label, row.dataset, row.score, row.n) == ("My VAE", "digits", report.estimate, 1000)
    assert row.marks == ("1,000 samples, where Table 1 uses 10,000",)
    assert row.submission.scores["authors"].sigma_curve == report.curve
    assert row.submission.samples.rows_sha256 == report.samples.rows_sha256
    assert load_submissions(path.parent.parent) == [row], "the folder of runs will do, too"


def test_ten_thousand_samples_have_no_mark(digits: data.Dataset, tmp_path: Path) -> None:
    samples = np.random.default_rng(0).random((10_000, 64), dtype=np.float32)
    gan_repro.score(samples, digits, "authors").save("noise", tmp_path)
    (row,) = load_submissions(tmp_path)
    assert row.n == 10_000
    assert not any("samples" in mark for mark in row.marks)


def test_rows_stand_in_the_order_of_their_files(report: gan_repro.ScoreReport, tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        report.save(name, tmp_path)
    assert [row.label for row in load_submissions(tmp_path)] == ["a", "b", "c"]


def test_the_same_row_is_written_again_and_no_other_over_it(
    path: Path, report: gan_repro.ScoreReport, digits: data.Dataset, tmp_path: Path
) -> None:
    before = path.read_bytes()
    assert report.save("My VAE", tmp_path / "runs") == path
    assert path.read_bytes() == before
    other = data.dataset.Dataset("other", *(digits.train_pixels[:20],) * 3, (8, 8), maximum=16)
    elsewhere = gan_repro.score(digits.train, other, "authors", device="cpu")
    with pytest.raises(ValueError, match="holds the row 'My VAE' of other samples or images; move it"):
        elsewhere.save("My VAE", tmp_path / "runs")
    path.write_text("mine")
    with pytest.raises(ValueError, match="is no saved row"):
        report.save("My VAE", tmp_path / "runs")
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My VAE", "my-vae"), ("../../x", "x"), ("Señor β", "senor"), ("変分", "row"), ("a/b\\c", "a-b-c")],
)
def test_a_name_leads_into_the_folder_only(
    name: str, expected: str, report: gan_repro.ScoreReport, tmp_path: Path
) -> None:
    assert slug(name) == expected
    assert report.save(name, tmp_path).parent == tmp_path / "submissions"
    assert load_submissions(tmp_path)[0].label == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J", "x" * 61])
def test_a_name_that_is_none_is_refused(name: str, report: gan_repro.ScoreReport, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="printable characters"):
        report.save(name, tmp_path)
    assert not list(tmp_path.iterdir())


def changed(**entries: Any) -> Callable[[Path], object]:
    """Entries that are others, as an editor would leave them."""

    def write(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | entries))

    return write


def better(path: Path) -> None:
    content = json.loads(path.read_text())
    content["scores"]["authors"]["log_likelihood"]["value"] += 100
    path.write_text(json.dumps(content))


def renamed(path: Path) -> None:
    path.rename(path.with_name("best-000000000000.json"))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a higher score": (better, "was changed after it was saved"),
    "another name": (changed(name="Our VAE"), "was changed after it was saved"),
    "another digest": (changed(sha256="0" * 64), "was changed after it was saved"),
    "another file name": (renamed, "give it that name back"),
    "an unknown entry": (changed(rank=1), "is no saved row: rank"),
    "an unknown form": (changed(form=2), "is no saved row: form"),
    "no scores": (changed(scores={}), "is no saved row: scores"),
    "infinity": (changed(device=float("inf")), "is no saved row"),
    "empty": (lambda path: path.write_bytes(b""), "is no saved row"),
    "no JSON": (lambda path: path.write_text("225 nats"), "is no saved row"),
    "a list": (lambda path: path.write_text("[]"), "is no saved row"),
    "no text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is no saved row"),
    "nested without end": (lambda path: path.write_text("[" * 100_000), "is no saved row"),
    "two million bytes": (lambda path: path.write_bytes(bytes(2_000_000)), "cannot be read"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-50]), "is no saved row"),
}


@pytest.mark.parametrize("case", DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_not_what_it_was_is_refused(
    case: tuple[Callable[[Path], object], str], path: Path
) -> None:
    damage, says = case
    damage(path)
    (only,) = path.parent.iterdir()
    for read in (lambda: read_submission(only), lambda: load_submissions(path.parent)):
        with pytest.raises(SubmissionError, match=str(only)) as refused:
            read()
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="is no folder of saved rows"):
        load_submissions(tmp_path / "nowhere")


def test_an_empty_folder_holds_no_rows(tmp_path: Path) -> None:
    assert load_submissions(tmp_path) == []
