"""The score of Table 1 as a metric of torchmetrics, for training loops and several processes.

    metric = ParzenLogLikelihood("mnist")
    for _ in range(100):
        metric.update(generator(noise(100)))
    metric.compute()

Needs ``pip install 'gan-repro[torchmetrics]'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.parzen.protocols import get_protocol
from gan_repro.scoring import layout as layouts
from gan_repro.scoring.api import score
from gan_repro.scoring.container import MOST
from gan_repro.scoring.marks import TABLE_1_SAMPLES
from gan_repro.scoring.memory import open_object
from gan_repro.scoring.report import ScoreReport
from gan_repro.scoring.values import meant_range, parse_value_range, seen_range, to_unit

try:
    from torchmetrics import Metric
    from torchmetrics.utilities import dim_zero_cat
except ImportError as error:
    raise ImportError(
        f"gan_repro.integrations.torchmetrics needs more: pip install 'gan-repro[torchmetrics]' ({error})"
    ) from error


class ParzenLogLikelihood(Metric):
    """Mean log-likelihood of test images under a Parzen window on each sample, in nats.

    Samples are collected batch by batch, on all processes, and scored by `compute`, to the same bits as
    `gan_repro.score` scores them in one array: the batches in their order, process after process. Every
    process computes the same score.

    Collect as many samples as the table has, 10,000, before `compute`: the score rises with their number.
    Call `update`, not the metric itself, which would score each batch alone.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    def __init__(
        self,
        dataset: str | Dataset,
        protocol: str | Sequence[str] = "authors",
        value_range: Sequence[float] | None = None,
        layout: str | None = None,
        n_samples: int = TABLE_1_SAMPLES,
        device: str = "auto",
        *,
        fold: int | None = None,
        root: str | Path | None = None,
        **options: Any,
    ) -> None:
        """Load the data set; arguments are those of `gan_repro.score`.

        Args:
            dataset: the name of a data set, or one that is loaded.
            protocol: "authors", "refined" or both; `compute` gives the score under the first.
            value_range: what is black and what white in the samples. By default floats are in [0, 1] and
                uint8 in 0 to 255.
            layout: of flat rows of colour images: "channels-last" (the default) or "channels-first".
            n_samples: how many are scored; of more so many are drawn at random (seed 0).
            device: to compute on: "auto", "cpu", "cuda" or "cuda:N".
            fold: of a data set that has folds, counted from 0.
            root: a folder of yours to look for the data set in first.
            **options: of `torchmetrics.Metric`, as ``sync_on_compute``.

        Raises:
            ValueError: no such data set, protocol or layout.
            DataUnavailable: the data set cannot be had.
        """
        super().__init__(**options)
        for name in [protocol] if isinstance(protocol, str) else protocol:
            get_protocol(name)
        self._range, self._layout = parse_value_range(value_range), layouts.parse_layout(layout)
        self._dataset = dataset if isinstance(dataset, Dataset) else data.load(dataset, fold=fold, root=root)
        self._how: dict[str, Any] = {"protocol": protocol, "n_samples": n_samples, "device": device}
        self._report: Any = None
        self.pixels: Any  # a list of tensors, and one tensor while processes are brought together
        # One axis: a process without samples then has an empty state of the same shape as others.
        self.add_state("pixels", default=[], dist_reduce_fx="cat")

    def update(self, samples: Any) -> None:
        """Collect a batch of samples.

        Args:
            samples: tensor or array, rows (n, d) or images (n, height, width), (n, height, width, channels),
                (n, channels, height, width).

        Raises:
            ValueError: they are no samples of this data set, or in another range than was said.
        """
        source, shape = open_object(samples), self._dataset.image_shape
        array, _ = source.take(shape, None, MOST)
        order = layouts.layout_of(array.shape, shape, self._layout, source.where)
        seen = seen_range(array, source.where)
        black, white = meant_range(array.dtype, self._range, seen, source.where)
        rows = to_unit(layouts.to_rows(array, shape, order), black, white)
        self.pixels.append(torch.from_numpy(rows).flatten().to(self.device))

    def compute(self) -> torch.Tensor:
        """Score all samples so far, those of other processes included; nats, float64.

        Raises:
            ValueError: there are fewer than 100 samples.
        """
        pixels = dim_zero_cat(self.pixels) if len(self.pixels) else torch.empty(0)
        # As images: of rows of colour images the order could not be seen.
        images = pixels.reshape(-1, *self._dataset.image_shape)
        if not len(images):
            raise ValueError("there are no samples to score; call update(samples) before compute()")
        self._report = score(images, self._dataset, **self._how)
        return torch.tensor(self._report.mean, dtype=torch.float64, device=self.device)

    def report(self) -> ScoreReport:
        """Return all that there is to tell of the score that `compute` gives.

        Raises:
            ValueError: as `compute`.
        """
        self.compute()
        report: ScoreReport = self._report
        return report

    def reset(self) -> None:
        """Forget all samples."""
        super().reset()
        self._report = None
