"""The quality of samples of every row, by measures other than the Parzen score.

Samples are measured against the test images (`gan_repro.measures.yardstick`). Which samples:

- baseline: those that the trials of the baselines were scored on, fitted again, which takes seconds to
  minutes;
- as published: those of the last adversarial net, and for rows with Markov chains one chain of consecutive
  states, as in the rule `as_published` and the experiment `chains`;
- best by search: those that the trials of the rows' searched settings were scored on.

Trials are those of the completest preset that a row has any under. Trained models come from their
checkpoints; those whose checkpoint is not here are named and left out. Where samples that were scored have
other bits, made again, that is counted. The margin of the rule `sample_quality` is measured beside: KID
between disjoint halves of the validation images, real against real, of which the rule takes a quantile over
random splits.

Each set's measures are kept in `checkpoints/sample-quality`: a run that was stopped, or one for which
checkpoints have come, measures the rest only. Findings are named by `kid_name`; series, named by
`series_name`, are `QualityPoint`s.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from gan_repro import data, models
from gan_repro.data.dataset import Dataset
from gan_repro.experiments import base, chains
from gan_repro.experiments.base import Context, ExperimentResult
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import NoModelError, load, nothing_recorded, recorded
from gan_repro.measures.kid import split_kid
from gan_repro.measures.quality import Quality
from gan_repro.measures.spaces import Number
from gan_repro.measures.yardstick import Yardstick
from gan_repro.models.training import TrainedModel
from gan_repro.trials.presets import SEEDS
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import atomic_write, read_regular, sha256_of_array
from gan_repro.util.seeds import derive_seed, generator

VERSION = 1

NAME = "sample-quality"
MARGIN = "margin"
"""The finding: `QUANTILE` of KID between halves of real images."""
REAL = "kid/real"
"""The finding: KID of validation images against test images."""
OTHER_BITS = "other_bits"
QUANTILE = 0.975

BASELINE, AS_PUBLISHED, BEST_BY_SEARCH = "baseline", "as published", "best by search"


class SampleSet(NamedTuple):
    """Samples of a row, made in one way."""

    way: str
    row: str
    """As Table 1 calls it."""
    trials_of: str
    """The row whose trials they are of: that of the searched settings, where it is another."""


SETS = (
    *(SampleSet(BASELINE, row, row) for row in ("train-set", "kmeans", "gaussian")),
    *(SampleSet(AS_PUBLISHED, row, row) for row in ("gan", "dbn", "cae", "gsn")),
    SampleSet(BEST_BY_SEARCH, "gan", "gan-searched"),
    *(SampleSet(BEST_BY_SEARCH, row, row) for row in ("dbn", "cae", "gsn")),
)
"""In the order of the series."""

_LARGEST = 1 << 20
"""Bytes of a file of measures that are read at most."""
_NONE = -1.0
"""Stands in a series for an error that is undefined."""


class QualityPoint(NamedTuple):
    """A measure of one trial's samples."""

    set: float
    """Number in `SETS`; -1 for validation images in place of samples."""
    seed: float
    """Of training; -1 for real images."""
    value: float
    error: float
    """Over draws of samples, or over held-out ones for the two-sample test; -1: undefined."""


def kid_name(way: str, row: str, seed: int) -> str:
    """Name the finding of a row's KID."""
    return f"kid/{way}/{row}/seed{seed}"


def series_name(measure: str, space: str) -> str:
    """Name the series of a measure."""
    return f"{measure}/{space}"


class Settings(base.Settings):
    """Which rows, and how they are measured."""

    dataset: str = "mnist"
    rows: tuple[str, ...] = ("train-set", "kmeans", "gaussian", "gan", "dbn", "cae", "gsn")
    """As Table 1 calls them; those of `SETS` that are not named are left out."""
    seeds: tuple[int, ...] = SEEDS
    """Trials of other seeds are left out."""
    measures: Literal["all"] | tuple[str, ...] = "all"
    """With KID among them, which the rule is about."""
    burn_in: int = Field(100, ge=0)
    """Of the chain as published."""
    splits: int = Field(100, ge=2)
    """Of the validation images into halves."""
    seed: int = 0
    """Of the splits and of the two-sample test's classifier."""

    @field_validator("measures")
    @classmethod
    def _kid_is_measured(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if value != "all" and "kid" not in value:
            raise ValueError("KID is the measure of the rule sample_quality and cannot be left out")
        return value


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure what can be made again.

    Raises:
        NoModelError: no trial of any of the rows is recorded, or none can be made again.
    """
    yardstick = Yardstick(data.load(settings.dataset, root=context.root))
    space, records = yardstick.main_space, list(RecordStore(context.results))
    findings: dict[str, Finding] = {}
    series: dict[str, list[list[float]]] = {}
    ids, other_bits, missing = [], 0, []
    for number, wanted in enumerate(SETS):
        if wanted.row not in settings.rows:
            continue
        for record in recorded(records, wanted.trials_of, settings.dataset):
            seed = record.spec.seed
            if seed not in settings.seeds:
                continue
            try:
                quality, same = _measured(wanted, record, yardstick, settings, context)
            except NoModelError as error:
                missing.append(str(error))
                continue
            ids.append(record.spec.id)
            other_bits += not same
            kid = quality.value("kid", space)
            findings[kid_name(wanted.way, wanted.row, seed)] = _finding(
                kid, f"KID against test images, as {space}, of {wanted.row} {wanted.way}, seed {seed}"
            )
            for measure in quality.measures:
                points = series.setdefault(series_name(measure.name, measure.space), [])
                if not points:
                    points.append(list(QualityPoint(-1, -1, *_pair(measure.real))))
                    if (measure.name, measure.space) == ("kid", space):
                        findings[REAL] = _finding(
                            measure.real,
                            f"the same of {quality.n_real:,} validation images, real against real",
                        )
                points.append(list(QualityPoint(number, seed, *_pair(measure.samples))))
    for line in dict.fromkeys(missing):
        context.log(f"left out: {line}")
    if not ids:
        nothing = nothing_recorded(context, settings.rows[0], settings.dataset)
        raise NoModelError(missing[0] if missing else nothing)
    findings[MARGIN] = _margin(yardstick, settings)
    findings[OTHER_BITS] = Finding(
        value=other_bits,
        unit="sets",
        what=f"sets of samples, of {len(ids)}, with other bits, made again, than those that were scored",
    )
    return ExperimentResult(findings, series, tuple(dict.fromkeys(ids)))


def _measured(
    wanted: SampleSet, record: TrialRecord, yardstick: Yardstick, settings: Settings, context: Context
) -> tuple[Quality, bool]:
    """Measure a set of samples; with it, False where they were scored and have other bits now."""
    spec = record.spec
    one_chain = wanted.way == AS_PUBLISHED and wanted.row != "gan"
    burn_in = settings.burn_in if one_chain else None
    key = json.dumps([spec.id, burn_in, settings.measures, settings.seed, yardstick.network_sha256, VERSION])
    name = f"{spec.id}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"
    path = context.results / "checkpoints" / NAME / name
    try:
        kept = json.loads(read_regular(path, _LARGEST))
        return Quality.from_dict(kept["quality"]), bool(kept["same"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # Not there, or not whole: it is measured now.
    context.log(f"{NAME}: {spec.id}, {wanted.way}")
    n = spec.evaluation.n_samples
    if one_chain:
        trained = load(record, context, last=spec.evaluation.scored == "last")
        samples = chains.sample(trained, n, 1, settings.burn_in, from_image=wanted.row == "gsn")
        same = True
    else:
        samples = samples_again(record, yardstick.dataset, context)
        same = sha256_of_array(samples) == record.scored.samples_sha256
    quality = yardstick.measure(samples, settings.measures, seed=settings.seed, log=context.log)
    atomic_write(path, json.dumps({"same": same, "quality": quality.to_dict()}))
    return quality, same


def samples_again(record: TrialRecord, images: Dataset, context: Context) -> npt.NDArray[np.float32]:
    """The samples (n, d) that a trial was scored on, made again.

    Raises:
        NoModelError: it is of a trained model whose checkpoint is not here.
    """
    spec, kind = record.spec, models.model_class(record.spec.model)
    if issubclass(kind, TrainedModel):
        return load(record, context, last=spec.evaluation.scored == "last").samples()
    model = kind(kind.Config(**spec.config), seed=spec.seed).fit(images.train)
    random = generator(spec.seed, spec.model, "samples")
    samples: npt.NDArray[np.float32] = model.sample(spec.evaluation.n_samples, generator=random).numpy()
    return samples


def _margin(yardstick: Yardstick, settings: Settings) -> Finding:
    space = yardstick.main_space
    random = np.random.default_rng(derive_seed(settings.seed, NAME, "splits"))
    features = yardstick.spaces[space].of(yardstick.dataset.valid)
    return Finding(
        value=float(np.quantile(split_kid(features, settings.splits, random), QUANTILE)),
        unit="KID", over="splits of validation images", n=settings.splits,
        what=f"{QUANTILE:.1%} quantile of KID between halves of the validation images, as {space}",
    )  # fmt: skip


def _finding(number: Number, what: str) -> Finding:
    return Finding(
        value=number.value, standard_error=number.standard_error, over=number.over, n=number.n,
        unit="KID", what=what,
    )  # fmt: skip


def _pair(number: Number) -> tuple[float, float]:
    return number.value, number.standard_error or _NONE
