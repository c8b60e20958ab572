"""What products in bfloat16 change: adversarial nets trained twice from each seed, with float32 beside.

Both trainings of a seed begin with the same parameters and see the same images, noise and dropout masks; only
the factors of a step's products are rounded or not (`gan_repro.models.precision`). Rounding is amplified from
step to step, so that the two end as different nets, as two seeds do: what can be told is whether outcomes
differ beyond that, in the mean over seeds. Samples are drawn in float32 either way, with the same noise.

Trainings are kept one by one under checkpoints/precision of the results folder: a run that was cut off goes
on with the next one. Who takes the float32 products is the run's (`--products`). Findings are named by
`finding_name` and `difference_name`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from pydantic import Field

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.experiments.base import Context, ExperimentResult, geometric_mean_of, mean_of, share_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trainings import NetSettings, Outcome, train
from gan_repro.models.base import EpochLog
from gan_repro.models.precision import Precision, require
from gan_repro.trials.presets import SEEDS

VERSION = 1

NAME = "precision"
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
PROTOCOLS = ("authors", "refined")
COLLAPSED, SECONDS = "collapsed", "seconds_per_epoch"
SPEEDUP = "speedup"
_EPOCHS_A_LINE = 10


def finding_name(measure: str, precision: str) -> str:
    """Name the finding of a protocol's likelihood, `COLLAPSED` or `SECONDS`, for nets of a precision."""
    return f"{measure}_{precision}"


def difference_name(protocol: str) -> str:
    """Name the paired difference of the validation likelihood under a protocol, bfloat16 minus float32."""
    return f"difference_{protocol}"


class Settings(NetSettings):
    """Two trainings a seed by the released recipe."""

    seeds: tuple[int, ...] = Field(SEEDS[:3], min_length=2)
    epochs: int = Field(100, ge=1)


class TimedOutcome(Outcome):
    """What came of one training, and how long it took."""

    seconds: float | None = Field(gt=0)
    """Of the processor, for one epoch: the median over epochs; None if training diverged in the first."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Train each seed in both precisions, and compare.

    Raises:
        ValueError: this machine has no products in bfloat16.
    """
    for asked in PRECISIONS:
        require(asked, "cpu")
    images = data.load(settings.dataset, root=context.root)
    trained: dict[Precision, dict[int, TimedOutcome]] = {asked: {} for asked in PRECISIONS}
    for seed in settings.seeds:
        for asked in PRECISIONS:
            trained[asked][seed] = _kept(settings, context, images, seed, asked)
    return ExperimentResult(_findings(settings, trained))


def _kept(
    settings: Settings, context: Context, images: Dataset, seed: int, precision: Precision
) -> TimedOutcome:
    """Train and score one net, or read what an earlier run kept of it."""
    alike = settings.model_dump_json(exclude={"seeds"})
    asked = f"{VERSION} {alike} {images.sha256} {seed} {precision} {context.products}"
    part = f"{precision}-seed{seed}"
    return context.kept(
        NAME, part, asked, TimedOutcome, lambda: _train(settings, context, images, seed, precision)
    )


def _train(
    settings: Settings, context: Context, images: Dataset, seed: int, precision: Precision
) -> TimedOutcome:
    config = {**settings.layers, "epochs": settings.epochs, "precision": precision}
    clock = _Clock(context, f"{NAME}: seed {seed}, {precision}", settings.epochs)
    outcome = train(
        config, seed, images, n_samples=settings.n_samples, protocols=PROTOCOLS, name=NAME, observer=clock
    )
    scores = "diverged" if outcome.valid is None else f"{outcome.valid['refined']:.1f} nats"
    context.log(f"{NAME}: seed {seed}, {precision}: {scores}, {clock.told}")
    return TimedOutcome(**outcome.model_dump(), seconds=clock.per_epoch)


class _Clock:
    """Times the epochs of a training, and says how far it is."""

    def __init__(self, context: Context, title: str, epochs: int) -> None:
        self.context, self.title, self.epochs = context, title, epochs
        self.seconds: list[float] = []
        self._last = time.process_time()

    @property
    def per_epoch(self) -> float | None:
        """The processor's seconds for one epoch, the median of those complete; None before the first."""
        return float(np.median(self.seconds)) if self.seconds else None

    @property
    def told(self) -> str:
        """The same in words."""
        return "no whole epoch" if self.per_epoch is None else f"{self.per_epoch:.2f} s an epoch"

    def after_batch(self, model: Any) -> None:
        """Nothing."""

    def after_epoch(self, model: Any, log: EpochLog) -> bool:
        """Stop the clock, and start it anew."""
        now = time.process_time()
        self.seconds.append(now - self._last)
        self._last = now
        if log.epoch % _EPOCHS_A_LINE == 0:
            self.context.log(f"{self.title}, epoch {log.epoch} of {self.epochs}, {self.told}")
        return False


def _findings(
    settings: Settings, trained: Mapping[Precision, Mapping[int, TimedOutcome]]
) -> dict[str, Finding]:
    over, after = "training seeds", f"after {settings.epochs} epochs"
    exact, rounded = (trained[p] for p in PRECISIONS)
    sound = [seed for seed in settings.seeds if not (exact[seed].collapsed or rounded[seed].collapsed)]
    findings = {}
    for protocol in PROTOCOLS if sound else ():
        scores = {p: np.array([_score(trained[p][seed], protocol) for seed in sound]) for p in PRECISIONS}
        what = f"validation log-likelihood {after}, sigma of protocol {protocol}"
        findings[difference_name(protocol)] = mean_of(
            scores["bfloat16"] - scores["float32"], over=over, unit="nats",
            what=f"{what}: bfloat16 minus float32, of seeds of which neither net collapsed",
        )  # fmt: skip
        findings |= {
            finding_name(protocol, p): mean_of(scores[p], over=over, unit="nats", what=f"{what}: {p}")
            for p in PRECISIONS
        }
    for p, nets in trained.items():
        found = np.array([nets[seed].collapsed for seed in settings.seeds], dtype=float)
        findings[finding_name(COLLAPSED, p)] = share_of(
            found, over=over, what=f"nets that collapsed or diverged {after}: {p}"
        )
        seconds = [net.seconds for net in nets.values() if net.seconds is not None]
        if seconds:
            findings[finding_name(SECONDS, p)] = mean_of(
                seconds, over=over, unit="seconds", what=f"processor time of an epoch on one thread: {p}"
            )
    pairs = [(exact[seed].seconds, rounded[seed].seconds) for seed in settings.seeds]
    ratios = [slow / fast for slow, fast in pairs if slow is not None and fast is not None]
    if ratios:
        findings[SPEEDUP] = geometric_mean_of(
            ratios, over=over, what="processor time of an epoch in float32, in times of that in bfloat16"
        )
    return findings


def _score(net: TimedOutcome, protocol: str) -> float:
    return net.valid[protocol] if net.valid else math.nan
