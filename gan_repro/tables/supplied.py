"""Rows of which the samples were supplied (`score --save`): they stand below a table, unjudged."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from gan_repro.scoring.marks import TABLE_1_SAMPLES
from gan_repro.scoring.submissions import SubmittedRow
from gan_repro.stats.estimate import Estimate


class Supplied(BaseModel):
    """A saved row, as a table has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """As its maker calls it: text of unknown origin."""
    score: Estimate
    """Nats, over test images."""
    n: int
    """How many samples were scored."""
    marks: tuple[str, ...]
    """Why it does not stand beside Table 1 as it is."""

    @property
    def other_count(self) -> bool:
        """Whether as many samples as in Table 1 were not scored."""
        return self.n != TABLE_1_SAMPLES


def supplied_rows(rows: Iterable[SubmittedRow], dataset: str, sha256: str) -> tuple[Supplied, ...]:
    """Take the saved rows of a data set.

    Args:
        rows: as `gan_repro.load_submissions` reads them.
        dataset: its name.
        sha256: of the images that are here; a row that was scored on others is marked.
    """
    return tuple(
        Supplied(label=row.label, score=row.score, n=row.n, marks=row.marks + _other_images(row, sha256))
        for row in rows
        if row.dataset == dataset
    )


def _other_images(row: SubmittedRow, sha256: str) -> tuple[str, ...]:
    # A fold of faces is not what is compared; it is marked for being one.
    same = row.submission.fold is not None or row.submission.dataset_sha256 == sha256
    return () if same else ("scored on other images than those here",)
