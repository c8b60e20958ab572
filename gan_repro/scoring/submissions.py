"""Rows of one's own: a score kept under a name, one JSON file each, to stand below the table's.

The training is not seen and nothing is judged: what is checked is that a file has the form, holds what it
held when it was written, and has the name that belongs to it.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

import gan_repro
from gan_repro.measures.quality import SavedQuality
from gan_repro.parzen.protocols import ParzenResult, get_protocol
from gan_repro.scoring.marks import marks_of
from gan_repro.stats.estimate import Estimate
from gan_repro.util.files import atomic_write, read_regular
from gan_repro.util.text import one_line

if TYPE_CHECKING:
    from gan_repro.scoring.report import ScoreReport

FOLDER = "submissions"
_LONGEST_NAME = 60
_MOST_BYTES = 1 << 20

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Text = Annotated[str, StringConstraints(max_length=1000)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_NAME)]


class SubmissionError(ValueError):
    """A saved row's file is not what it should be."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SubmittedScore(_Part):
    """The score under one protocol; nats."""

    version: PositiveInt
    """Of the protocol."""
    sigma: PositiveFloat
    log_likelihood: Estimate
    valid_mean: float
    sigma_curve: tuple[tuple[float, float], ...]
    """(sigma, mean validation log-likelihood), ascending."""
    at_grid_edge: bool

    @classmethod
    def of(cls, result: ParzenResult) -> SubmittedScore:
        """Make it of a result."""
        return cls(
            version=get_protocol(result.protocol).version,
            sigma=result.sigma,
            log_likelihood=result.estimate,
            valid_mean=result.valid_mean,
            sigma_curve=result.sigma_curve,
            at_grid_edge=result.at_grid_edge,
        )


class SubmittedSamples(_Part):
    """What was scored; see `report.SampleFacts`."""

    n: PositiveInt
    sha256: _Sha256
    rows_sha256: _Sha256
    shape: tuple[int, ...]
    dtype: _Text
    layout: _Text | None
    value_range: tuple[float, float]


class Submission(_Part):
    """A saved row."""

    form: Literal[1] = 1
    name: _Name
    """As its maker calls it."""
    dataset: _Text
    fold: int | None
    dataset_sha256: _Sha256
    samples: SubmittedSamples
    scores: dict[_Text, SubmittedScore] = Field(min_length=1)
    """By protocol."""
    main_protocol: _Text
    warnings: tuple[_Text, ...] = ()
    quality: SavedQuality | None = None
    """A row without has no such field in its file."""
    device: _Text
    package_version: _Text

    @model_validator(mode="after")
    def _has_its_main_score(self) -> Submission:
        if self.main_protocol not in self.scores:
            raise ValueError(f"there is no score under {self.main_protocol!r}")
        return self

    @property
    def file_name(self) -> str:
        """Of its file: the name in plain letters, and the first twelve digits of the samples' SHA-256."""
        return f"{slug(self.name)}-{self.samples.sha256[:12]}.json"


@dataclass(frozen=True)
class SubmittedRow:
    """What a table prints of a saved row."""

    label: str
    dataset: str
    score: Estimate
    """Under the main protocol."""
    n: int
    """How many samples."""
    marks: tuple[str, ...]
    """Why it does not stand beside the table's rows as it is; empty where it does."""
    submission: Submission
    path: Path


def slug(name: str) -> str:
    """Return a name in small plain letters, digits and dashes, as it can stand in a file's name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-") or "row"


def row_name(name: str) -> str:
    """Return the name of a row without spaces around it.

    Raises:
        ValueError: it is empty, too long or not of one line.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(
            f"a row's name has 1 to {_LONGEST_NAME} printable characters, unlike {one_line(name)!r}"
        )
    return name


def save_submission(report: ScoreReport, name: str, runs: Path) -> Path:
    """Write a score as a row called `name` into the folder of submissions of `runs`; returns its file.

    Raises:
        ValueError: the name is empty, too long or not of one line, or its file holds another row.
        OSError: the folder cannot be written.
    """
    submission = Submission(
        name=row_name(name),
        dataset=report.dataset,
        fold=report.fold,
        dataset_sha256=report.dataset_sha256,
        samples=SubmittedSamples.model_validate(report.samples, from_attributes=True),
        scores={protocol: SubmittedScore.of(result) for protocol, result in report.results.items()},
        main_protocol=report.result.protocol,
        warnings=report.warnings,
        quality=report.quality,
        device=report.device,
        package_version=gan_repro.__version__,
    )
    path = runs / FOLDER / submission.file_name
    if path.exists() and _subject(read_submission(path)) != _subject(submission):
        raise ValueError(
            f"{path}: holds the row {read_submission(path).name!r} of other samples or images; move it"
        )
    content = submission.model_dump(mode="json", exclude=None if submission.quality else {"quality"})
    atomic_write(path, json.dumps({**content, "sha256": _digest(content)}, indent=1, allow_nan=False) + "\n")
    return path


def read_submission(path: Path) -> Submission:
    """Read a saved row and check its form, its name and its hash.

    Raises:
        SubmissionError: one sentence names the file and what is wrong with it.
    """
    try:
        content = json.loads(read_regular(path, _MOST_BYTES))
        digest = content.pop("sha256")
        submission = Submission.model_validate_json(json.dumps(content))
    except OSError as error:
        raise SubmissionError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise SubmissionError(
            f"{path}: is no saved row: {one_line(place)}: {one_line(first['msg'])}"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SubmissionError(f"{path}: is no saved row; `score --save` writes them") from error
    if digest != _digest(content):
        raise SubmissionError(f"{path}: was changed after it was saved; score and save the samples again")
    if path.name != submission.file_name:
        raise SubmissionError(f"{path}: holds the row of {submission.file_name}; give it that name back")
    return submission


def load_submissions(folder: Path | str) -> list[SubmittedRow]:
    """Read every saved row in a folder, or in the ``submissions/`` of a folder of runs, by file name.

    Raises:
        SubmissionError: there is no such folder, or a file in it is not what it should be.
    """
    return [_row(path, read_submission(path)) for path in submission_paths(folder)]


def submission_paths(folder: Path | str) -> list[Path]:
    """List the files that should be saved rows, as `load_submissions` reads them; its errors for a folder."""
    folder = Path(folder, FOLDER) if Path(folder, FOLDER).is_dir() else Path(folder)
    if not folder.is_dir():
        raise SubmissionError(f"{folder}: is no folder of saved rows; `score --save` makes one")
    return sorted(folder.glob("*.json"))


def _row(path: Path, submission: Submission) -> SubmittedRow:
    main = submission.scores[submission.main_protocol]
    n = submission.samples.n
    marks = marks_of(n, submission.fold, main.at_grid_edge)
    return SubmittedRow(submission.name, submission.dataset, main.log_likelihood, n, marks, submission, path)


def _subject(submission: Submission) -> tuple[str, str, int | None, str]:
    return submission.name, submission.dataset, submission.fold, submission.samples.sha256


def _digest(content: dict[str, Any]) -> str:
    """SHA-256 of a row's content in one canonical form."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
