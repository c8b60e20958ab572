"""The quality of samples of every row, by measures other than the Parzen score.

Samples are measured against the test images (`gan_repro.measures.yardstick`). Which samples:

- baseline: those that the trials of the baselines were scored on, fitted again, which takes seconds to
  minutes;
- as published: those of the last adversarial net, and for rows with Markov chains one chain of consecutive
  states, drawn again in the same way as the rule `as_published` and the experiment `chains` have it;
- best by search: those that the trials of the rows' searched settings were scored on.

Trials are those of the table's column of that name: as published, of the completest preset that has enough
of the row; by search, of the completest that all searched rows have. Trained models come from their
checkpoints; those whose checkpoint is not here are named and left out. Where samples that were scored have
other bits, made again, that is counted. The margin of the rule `sample_quality` is measured beside: KID
between disjoint halves of the validation images, real against real, of which the rule takes a quantile over
random splits.

Each set's measures are kept in `checkpoints/sample-quality`: a run that was stopped, or one for which
checkpoints have come, measures the rest only, and adds it to the record (quality_record.py). Findings are
named by `kid_name`; series, named by `series_name`, are `QualityPoint`s.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from gan_repro import data, models
from gan_repro.data.dataset import Dataset
from gan_repro.experiments import base, chains
from gan_repro.experiments.base import Context, ExperimentResult
from gan_repro.experiments.quality_record import (
    AS_PUBLISHED,
    MARGIN,
    NAME,
    OTHER_BITS,
    SETS,
    Collection,
    SampleSet,
    earlier_record,
    trials_of,
)
from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.experiments.recorded import read_trials
from gan_repro.experiments.trained import (
    NoModelError,
    load,
    nothing_recorded,
)
from gan_repro.measures.kid import split_kid
from gan_repro.measures.quality import SavedQuality
from gan_repro.measures.yardstick import Yardstick
from gan_repro.models.training import TrainedModel
from gan_repro.trials.presets import SEEDS
from gan_repro.trials.records import TrialRecord
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import derive_seed, generator

VERSION = 1

QUANTILE = 0.975


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


class MeasuredSet(base.Part):
    """One set of samples."""

    same: bool
    """False where they were scored and have other bits now."""
    quality: SavedQuality


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure what can be made again.

    Raises:
        NoModelError: no trial of any of the rows is recorded, or none can be made again.
    """
    yardstick = Yardstick(data.load(settings.dataset, root=context.root))
    earlier, why = earlier_record(context.results, VERSION, settings.model_dump(mode="json"))
    if why:
        context.log(f"{NAME}: {why}")
    found, missing = Collection(yardstick.main_space, earlier), []
    trials = read_trials(context)
    for number, wanted in enumerate(SETS):
        folders = (trials_of(wanted, records, settings.dataset) for records in trials)
        for record in next(filter(None, folders), []):
            id, seed = record.spec.id, record.spec.seed
            if found.take_over(number, id, seed):
                continue
            if wanted.row not in settings.rows or seed not in settings.seeds:
                continue
            try:
                measured = _measured(wanted, record, yardstick, settings, context)
            except NoModelError as error:
                missing.append(str(error))
                continue
            found.add(number, id, seed, measured.quality, same=measured.same)
    for line in dict.fromkeys(missing):
        context.log(f"left out: {line}")
    if not found.trial_ids:
        nothing = nothing_recorded(context, settings.rows[0], settings.dataset)
        raise NoModelError(missing[0] if missing else nothing)
    if found.taken_over:
        context.log(f"{NAME}: {found.taken_over} of {len(found.trial_ids)} sets were recorded already")
    findings = found.findings | {MARGIN: margin(yardstick, settings), OTHER_BITS: found.other_bits()}
    ids = tuple(dict.fromkeys(found.trial_ids))
    if earlier is None or not found.taken_over:
        return ExperimentResult(findings, found.series, ids)
    return ExperimentResult(
        findings, found.series, ids, settings=_together(settings, earlier), began=earlier.provenance.started
    )


def _together(settings: Settings, earlier: ExperimentRecord) -> Settings:
    """The settings of a record whose sets were measured in several runs: the rows and seeds of all."""
    rows = {*settings.rows, *earlier.settings["rows"]}
    in_order = tuple(row for row in dict.fromkeys(wanted.row for wanted in SETS) if row in rows)
    seeds = tuple(sorted({*settings.seeds, *earlier.seeds}))
    return settings.model_copy(update={"rows": in_order, "seeds": seeds})


def _measured(
    wanted: SampleSet, record: TrialRecord, yardstick: Yardstick, settings: Settings, context: Context
) -> MeasuredSet:
    """Measure a set of samples, or read what an earlier run kept of it."""
    spec = record.spec
    one_chain = wanted.way == AS_PUBLISHED and wanted.row != "gan"
    burn_in = settings.burn_in if one_chain else None
    network = yardstick.network_sha256
    depends: list[Any] = [spec.id, burn_in, settings.measures, settings.seed, network, VERSION]
    if context.products != "torch":  # parts of the default were kept before it stood in the key
        depends.append(context.products)
    asked = json.dumps(depends)

    def make() -> MeasuredSet:
        context.log(f"{NAME}: {spec.id}, {wanted.way}")
        if one_chain:
            trained, n = load(record, context), spec.evaluation.n_samples
            samples = chains.sample(trained, n, 1, settings.burn_in, from_image=wanted.row == "gsn")
            same = True  # as far as anybody can tell: no bits of these chains are recorded
        else:
            samples = samples_again(record, yardstick.dataset, context)
            same = sha256_of_array(samples) == record.scored.samples_sha256
        quality = yardstick.measure(samples, settings.measures, seed=settings.seed, log=context.log)
        return MeasuredSet(same=same, quality=quality)

    return context.kept(NAME, spec.id, asked, MeasuredSet, make)


def samples_again(record: TrialRecord, images: Dataset, context: Context) -> npt.NDArray[np.float32]:
    """The samples (n, d) that a trial was scored on, made again.

    Raises:
        NoModelError: it is of a trained model whose checkpoint is not here.
    """
    spec, kind = record.spec, models.model_class(record.spec.model)
    if issubclass(kind, TrainedModel):
        return load(record, context).samples()
    model = kind(kind.Config(**spec.config), seed=spec.seed).fit(images.train)
    random = generator(spec.seed, spec.model, "samples")
    samples: npt.NDArray[np.float32] = model.sample(spec.evaluation.n_samples, generator=random).numpy()
    return samples


def margin(yardstick: Yardstick, settings: Settings) -> Finding:
    """Measure KID of real images against real ones, and take the quantile that the rule allows."""
    space = yardstick.main_space
    random = np.random.default_rng(derive_seed(settings.seed, NAME, "splits"))
    features = yardstick.spaces[space].of(yardstick.dataset.valid)
    return Finding(
        value=float(np.quantile(split_kid(features, settings.splits, random), QUANTILE)),
        unit="KID", over="splits of validation images", n=settings.splits,
        what=f"{QUANTILE:.1%} quantile of KID between halves of the validation images, as {space}",
    )  # fmt: skip
