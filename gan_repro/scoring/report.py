"""What a score is told by: the numbers under each protocol, and what was scored on what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gan_repro.measures.quality import Quality
from gan_repro.parzen.protocols import ParzenResult
from gan_repro.scoring.marks import marks_of
from gan_repro.stats.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SampleFacts:
    """What was scored, and how it was read."""

    source: str
    """A path, or "x" for what was in memory."""
    kind: str
    """The ending of a file, or what kind of object it was."""
    key: str | None
    """Which array of several."""
    shape: tuple[int, ...]
    """Of the array as it came, (n, ...)."""
    dtype: str
    layout: str | None
    """channels-last or channels-first; None for grey images."""
    value_range: tuple[float, float]
    """What was taken for black and for white."""
    seen_range: tuple[float, float]
    """The smallest and the largest value."""
    n: int
    """How many samples were scored."""
    sha256: str
    """Of the bytes of the file; of a folder, over the digests of its pictures; else `rows_sha256`."""
    rows_sha256: str
    """Of the float32 rows that were scored, as in the records of trials."""


@dataclass(frozen=True, eq=False)
class ScoreReport:
    """A score, or one under each of several protocols; likelihoods in nats."""

    dataset: str
    fold: int | None
    dataset_sha256: str
    dataset_notes: tuple[str, ...]
    samples: SampleFacts
    results: Mapping[str, ParzenResult]
    """By protocol; the first is the main one."""
    device: str
    warnings: tuple[str, ...] = ()
    """What of the samples can hardly be meant."""
    quality: Quality | None = None
    """Measures of the samples' quality; None where none was asked for."""

    @property
    def result(self) -> ParzenResult:
        """The score under the main protocol."""
        return next(iter(self.results.values()))

    @property
    def estimate(self) -> Estimate:
        """Mean test log-likelihood with its standard error over the test images, nats."""
        return self.result.estimate

    @property
    def mean(self) -> float:
        """Mean test log-likelihood under the main protocol, nats."""
        return self.result.mean

    @property
    def standard_error(self) -> float | None:
        """Of `mean`, over the test images."""
        return self.result.standard_error

    @property
    def sigma(self) -> float:
        """The width of the windows that the main protocol chose."""
        return self.result.sigma

    @property
    def curve(self) -> tuple[tuple[float, float], ...]:
        """(sigma, mean validation log-likelihood) for every sigma that the main protocol tried, ascending."""
        return self.result.sigma_curve

    @property
    def marks(self) -> tuple[str, ...]:
        """Why the score does not stand beside Table 1 as it is; empty where it does."""
        return marks_of(self.samples.n, self.fold, self.result.at_grid_edge)

    def log_likelihoods(self, protocol: str | None = None) -> npt.NDArray[np.float64]:
        """Return the log-likelihood of each test image, (n_test,), in the order of the data set.

        Raises:
            ValueError: the samples were not scored under `protocol`.
        """
        if protocol is None:
            return self.result.log_likelihood
        if protocol not in self.results:
            raise ValueError(f"not scored under {protocol!r}, but under {', '.join(self.results)}")
        return self.results[protocol].log_likelihood

    def to_dict(self, *, per_image: bool = False) -> dict[str, Any]:
        """Return everything there is to tell as plain values; those of the main protocol stand at the top.

        Args:
            per_image: with the log-likelihood of each test image.
        """
        from gan_repro.scoring.export import to_dict

        return to_dict(self, per_image)

    def to_json(self, *, per_image: bool = False) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(per_image=per_image), indent=2, allow_nan=False)

    def to_pandas(self, *, per_image: bool = False) -> pd.DataFrame:
        """Return a table with a row for each protocol; or, `per_image`, one for each test image.

        Measures of quality have a column each, named as "kid (network)"; they do not depend on the protocol.
        """
        from gan_repro.scoring.export import to_frame

        return to_frame(self, per_image)

    def compare_to_paper(self) -> pd.DataFrame:
        """Return the rows of Table 1 beside this score, and how much higher this one is, nats.

        The error of a difference is that of both, as if they were independent; the paper's is over test
        images on MNIST and over folds on TFD. `marks` says where a comparison does not hold. Empty for data
        sets that Table 1 has not.
        """
        from gan_repro.scoring.export import beside_the_paper

        return beside_the_paper(self)

    def plot(self) -> Figure:
        """Draw the mean validation log-likelihood over sigma under each protocol, and the sigma chosen."""
        from gan_repro.scoring.drawing import draw_curves

        return draw_curves(self)

    def save(self, name: str, runs: str | Path = "runs") -> Path:
        """Keep the score as a row called `name`, in ``submissions/`` of the folder `runs`; returns its file.

        Raises:
            ValueError: the name is no name, or its file holds another row.
            OSError: the folder cannot be written.
        """
        from gan_repro.scoring.submissions import save_submission

        return save_submission(self, name, Path(runs))

    def __repr__(self) -> str:
        from gan_repro.scoring.printing import short_text

        return short_text(self)

    def _repr_html_(self) -> str:
        from gan_repro.scoring.printing import html

        return html(self)
