"""One door for samples of one's own: read from any usual container, checked, scored, saved as a row.

    report = gan_repro.score("samples.npy", "mnist")

``python -m gan_repro.scoring SAMPLES --dataset NAME`` is the same as a command. Torch is imported on first
use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.util.lazy import attach

if TYPE_CHECKING:
    from gan_repro.scoring.api import SampleWarning as SampleWarning
    from gan_repro.scoring.api import score as score
    from gan_repro.scoring.report import ScoreReport as ScoreReport
    from gan_repro.scoring.submissions import SubmissionError as SubmissionError
    from gan_repro.scoring.submissions import SubmittedRow as SubmittedRow
    from gan_repro.scoring.submissions import load_submissions as load_submissions
    from gan_repro.scoring.submissions import read_submission as read_submission

__getattr__ = attach(
    __name__,
    {
        "SampleWarning": "api",
        "ScoreReport": "report",
        "SubmissionError": "submissions",
        "SubmittedRow": "submissions",
        "load_submissions": "submissions",
        "read_submission": "submissions",
        "score": "api",
    },
)
