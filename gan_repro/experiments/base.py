"""What an experiment is: settings, a function that runs it, and a result that becomes a record.

An experiment is a module of this package with three names: `VERSION`, a pydantic model `Settings` whose
defaults are the real run (tests make it smaller), and ``run(settings, context) -> ExperimentResult``. The
names of its findings and series, and the labels of what it compares, are constants of the same module:
whoever reads its record takes them from there.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy.stats import ttest_ind

from gan_repro.experiments.kept import Kept, KeptPart, take_or_make
from gan_repro.experiments.kept import Part as Part
from gan_repro.experiments.record import (
    ExperimentProvenance,
    ExperimentRecord,
    Finding,
    experiment_path,
    write_experiment,
)
from gan_repro.models.products import Products
from gan_repro.stats.intervals import mean_interval, share_interval
from gan_repro.trials.records import Origin
from gan_repro.util.files import atomic_write, require_writable

Floats = npt.NDArray[np.floating]
Number = TypeVar("Number", bound=np.generic)

_LEVEL = 0.95


class Settings(BaseModel):
    """Everything that an experiment's findings depend on, beside the trials it names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Context:
    """Where an experiment finds what it works on."""

    results: Path = Path("results")
    root: Path | None = None
    """The user's own data folder."""
    products: Products = "torch"
    """Who takes the experiment's float32 matrix products (`gan_repro.models.products`)."""
    published: Path | None = None
    """The published record, whose trials and weights are taken where `results` has none."""
    parts: list[KeptPart] = field(default_factory=list, compare=False)
    """What `kept` has given."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where trials and weights are looked for, in this order."""
        if self.published is None or self.published.resolve() == self.results.resolve():
            return (self.results,)
        return (self.results, self.published)

    def log(self, line: str) -> None:
        """Say on stderr how far it is."""
        print(line, file=sys.stderr, flush=True)

    def kept(self, name: str, part: str, asked: str, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
        """Give a part of an experiment: what an earlier run kept of it, or else made now, and kept.

        Parts stand under checkpoints of the results folder.

        Args:
            name: of the experiment.
            part: the beginning of its file's name.
            asked: everything that the part depends on.
            kind: what a part of this sort is.
            make: gives it where there is no file, or a damaged one.
        """
        folder = self.results / "checkpoints" / name
        made, kept = take_or_make(folder, part, asked, kind, make, self.origin, self.log)
        self.parts.append(kept)
        return made

    def origin(self) -> Origin:
        """Tell the code and the machine that parts are made with."""
        from gan_repro.models.training import TrainedModel
        from gan_repro.trials import environment

        return environment.origin("cpu", self.products, TrainedModel.denormals)


@dataclass(frozen=True)
class ExperimentResult:
    """What came of a run."""

    findings: dict[str, Finding]
    series: dict[str, list[list[float]]] = field(default_factory=dict)
    trial_ids: tuple[str, ...] = ()
    arrays: dict[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    """Small pictures (n, d), kept beside the record as NAME.npz."""
    settings: Settings | None = None
    """Of all runs whose findings these are, where some were taken over from an earlier record."""
    began: str | None = None
    """When the first of these runs began; None: this one is all."""


def evenly_spaced(images: npt.NDArray[Number], n: int) -> npt.NDArray[Number]:
    """So many images (m, d), evenly spaced over all, the first among them; all where there are no more."""
    m = len(images)
    if n >= m or m % n == 0:
        return images[:: max(m // n, 1)]
    return images[np.arange(n) * m // n]


def mean_of(values: Sequence[float] | Floats, *, over: str, unit: str, what: str) -> Finding:
    """Take the mean with its standard error and Student's t interval; neither for a single value."""
    array = np.asarray(values, dtype=np.float64)
    n, mean = len(array), float(array.mean())
    if n < 2:
        return Finding(value=mean, unit=unit, over=over, n=n, what=what)
    limits = mean_interval(array)
    return Finding(
        value=mean,
        standard_error=float(array.std(ddof=1)) / math.sqrt(n),
        interval=(limits.low, limits.high),
        unit=unit,
        over=over,
        n=n,
        what=what,
    )


def difference_of(first: Floats, second: Floats, *, over: str, unit: str, what: str) -> Finding:
    """Subtract the means of two independent sets (n,) and (m,), with Welch's error and interval.

    Neither where a set has a single value.
    """
    value = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return Finding(value=value, unit=unit, over=over, n=len(first), what=what)
    test = ttest_ind(first, second, equal_var=False)
    low, high = test.confidence_interval(_LEVEL)
    return Finding(
        value=value,
        standard_error=float(np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))),
        interval=(float(low), float(high)),
        unit=unit,
        over=over,
        n=len(first),
        what=what,
    )


def geometric_mean_of(ratios: Sequence[float] | Floats, *, over: str, what: str) -> Finding:
    """Take the geometric mean of positive ratios; error and interval are Student's, of their logarithms."""
    logs = mean_of(np.log(ratios), over=over, unit="ratio", what=what)
    value = math.exp(logs.value)
    error = None if logs.standard_error is None else value * logs.standard_error
    interval = None if logs.interval is None else (math.exp(logs.interval[0]), math.exp(logs.interval[1]))
    return logs.model_copy(update={"value": value, "standard_error": error, "interval": interval})


def share_of(hits: Floats, *, over: str, what: str) -> Finding:
    """Take the mean of `hits` (n,) in {0, 1/2, 1}, a tie being half a hit, with Wilson's interval.

    A single value has no interval.
    """
    n, share = len(hits), float(np.mean(hits))
    if n < 2:
        return Finding(value=share, unit="share", over=over, n=n, what=what)
    limits = share_interval(share, n)
    return Finding(
        value=share,
        standard_error=float(np.std(hits, ddof=1)) / math.sqrt(n) or None,
        interval=(limits.low, limits.high),
        unit="share",
        over=over,
        n=n,
        what=what,
    )


def run_and_write(name: str, module: Any, settings: Any, context: Context) -> ExperimentRecord:
    """Run a module's experiment and write its record; see `gan_repro.experiments.run`."""
    from gan_repro.models.products import products_by, require
    from gan_repro.util.device import prepare

    require_writable(experiment_path(context.results, name).parent)
    prepare("cpu", 1)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    settings = module.Settings() if settings is None else settings
    require(context.products, "cpu")
    origin = context.origin()
    context.parts.clear()
    with products_by(context.products):
        result = module.run(settings, context)
    began = min([result.began or started, *(part.began for part in context.parts)])
    earlier = [part.origin for part in context.parts if part.origin != origin]
    record = ExperimentRecord(
        name=name,
        version=module.VERSION,
        settings=(result.settings or settings).model_dump(mode="json", exclude={"seeds"}),
        seeds=tuple(getattr(result.settings or settings, "seeds", ())),
        trial_ids=result.trial_ids,
        provenance=ExperimentProvenance(
            **origin.model_dump(),
            started=began,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            earlier=tuple(o for number, o in enumerate(earlier) if o not in earlier[:number]),
        ),
        findings=result.findings,
        series=result.series,
    )
    if result.arrays:
        arrays: dict[str, Any] = dict(result.arrays)
        pictures = experiment_path(context.results, name).with_suffix(".npz")
        atomic_write(pictures, lambda file: np.savez_compressed(file, **arrays))
    write_experiment(context.results, record)
    return record
