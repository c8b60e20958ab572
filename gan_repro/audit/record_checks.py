"""Whether one record holds together: its redundant numbers, its spec, today's presets and models.

Fields that this file does not know are left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from gan_repro import models
from gan_repro.experiments.record import ExperimentProvenance
from gan_repro.models.config import TrainingConfig
from gan_repro.parzen.protocols import AUTHORS_SIGMAS, PROTOCOLS
from gan_repro.stats.sums import mean, total
from gan_repro.trials.presets import PRESETS
from gan_repro.trials.records import Candidate, Origin, Provenance, Score, TrialRecord, best_epoch

_ENVIRONMENT = ("device", "threads", "torch", "numpy")
_ROUNDING = 1e-9


def check_record(record: TrialRecord) -> list[str]:
    """Say what does not hold in one record, a sentence each, its origins (`check_origins`) aside."""
    found = [*check_times(record.provenance), *_check_spec(record)]
    if record.status != "done":
        return found if record.reason else [*found, f"is {record.status} without a reason"]
    if set(record.candidates) != {"best", "last"}:
        return [*found, f"is done, but holds the candidates {', '.join(record.candidates) or 'none'}"]
    for name, candidate in record.candidates.items():
        found += [f"candidates.{name}{what}" for what in _check_candidate(record, candidate)]
    return [*found, *_check_curve(record)]


def is_commit(text: str) -> bool:
    """Whether the text is a full commit id."""
    return re.fullmatch("[0-9a-f]{40}", text) is not None


def check_origins(provenance: Provenance | ExperimentProvenance) -> Iterator[str]:
    """List what is missing or impossible in where a record comes from: commit, changes, environment."""
    yield from _check_origin(provenance, "provenance")
    for number, origin in enumerate(provenance.earlier):
        yield from _check_origin(origin, f"provenance.earlier.{number}")


def check_times(provenance: Provenance | ExperimentProvenance) -> Iterator[str]:
    """List impossible times and durations of a record."""
    try:
        started = datetime.fromisoformat(provenance.started)
        finished = datetime.fromisoformat(provenance.finished)
    except ValueError:
        yield "provenance.started or finished is no time"
        return
    elapsed = finished - started
    if elapsed.total_seconds() < 0:
        yield "provenance.finished is before started"
    if isinstance(provenance, Provenance):
        if provenance.begun is not None:
            yield from _check_begun(provenance.begun, started, finished, provenance.resumed)
        if provenance.peak_memory < 0 or min(provenance.seconds.values(), default=0) < 0:
            yield "provenance: seconds or peak_memory is negative"
        # Times are kept to the second; a resumed trial also counts what earlier attempts took.
        if not provenance.resumed and total(provenance.seconds.values()) > elapsed.total_seconds() + 2:
            yield "provenance.seconds add up to more than finished minus started"


def _check_begun(begun: str, started: datetime, finished: datetime, resumed: int) -> Iterator[str]:
    # Of a trial that was not resumed it is when the training itself began, after images were read.
    limit, name = (started, "started") if resumed else (finished, "finished")
    try:
        if datetime.fromisoformat(begun) > limit:
            yield f"provenance.begun is after {name}"
    except (ValueError, TypeError):
        yield "provenance.begun is no time, or none with a zone"


def _check_origin(origin: Origin, where: str) -> Iterator[str]:
    if origin.commit is None:
        yield f"{where}.commit is missing"
    elif not is_commit(origin.commit):
        yield f"{where}.commit is {origin.commit!r}, which is no commit"
    if origin.dirty is None:
        yield f"{where}.dirty is missing: whether the tree was clean is not known"
    elif origin.dirty:
        yield f"{where}.dirty is true: it was made from a tree that differed from the commit"
    for key in _ENVIRONMENT:
        if origin.environment.get(key) is None:
            yield f"{where}.environment.{key} is missing"


def _check_spec(record: TrialRecord) -> Iterator[str]:
    spec, preset = record.spec, record.provenance.preset
    if preset in PRESETS:
        row = PRESETS[preset].row_of(spec)
        if row is None and record.provenance.plugins:
            return  # a row of others, which is not here; whoever read the record has warned of it
        if row is None:
            yield f"is recorded under preset {preset}, which runs another trial today: no table shows it"
        elif (smaller := PRESETS[preset].cut(row, spec.data.name).smaller) != record.provenance.smaller:
            yield f"provenance.smaller is not what preset {preset} cuts: {'; '.join(smaller) or 'nothing'}"
    elif preset is not None:
        yield f"provenance.preset {preset!r} is not known"
    if spec.model not in models.names():
        return
    kind = models.model_class(spec.model)
    if kind.version != spec.model_version:
        yield f"was made with version {spec.model_version} of {spec.model}, which is at {kind.version} now"
        return
    try:
        model = kind(kind.Config(**spec.config), seed=spec.seed)
    except ValueError:
        yield f"spec.config is refused by {spec.model}"
        return
    # By their ids: what stands behind one may have been said more clearly since.
    expected = {deviation.id for deviation in model.active_deviations()}
    known = expected | {deviation.id for deviation in kind.deviations}
    there = [deviation.get("id") for deviation in record.deviations]
    if not expected <= set(there) <= known or len(set(there)) != len(there):
        yield f"deviations are not those of {spec.model} under its settings"


def _check_candidate(record: TrialRecord, candidate: Candidate) -> Iterator[str]:
    wanted = {record.spec.evaluation.protocol, "refined"}
    if not wanted <= set(candidate.scores):
        yield f".scores lacks {', '.join(sorted(wanted - set(candidate.scores)))}"
    if not re.fullmatch("[0-9a-f]{64}", candidate.samples_sha256):
        yield ".samples_sha256 is no SHA-256"
    for protocol, score in candidate.scores.items():
        folds: Sequence[Score] = score.folds
        for index, part in enumerate(folds):
            yield from (f".scores.{protocol}.folds[{index}]{what}" for what in check_score(part, protocol))
        if not folds:
            yield from (f".scores.{protocol}{what}" for what in check_score(score, protocol))
        elif not _same(score.log_likelihood.value, mean(f.log_likelihood.value for f in folds)):
            yield f".scores.{protocol}.log_likelihood.value is not the mean of its folds"
    mixing, n = candidate.mixing, record.spec.evaluation.n_samples
    if mixing is not None:
        if not _same(mixing.effective_sample_size * mixing.autocorrelation_time, n):
            yield f".mixing: effective_sample_size times autocorrelation_time is not the {n} samples"
        if mixing.projections and not _same(mixing.autocorrelation_time, max(mixing.projections.values())):
            yield ".mixing.autocorrelation_time is not the slowest projection's"


def check_score(score: Score, protocol: str) -> Iterator[str]:
    """What does not hold within one score."""
    estimate = score.log_likelihood
    if not math.isfinite(estimate.value):
        yield ".log_likelihood.value is not finite"
    if estimate.over == "test examples" and not (estimate.standard_error or 0) > 0:
        yield ".log_likelihood.standard_error is not above 0"
    if estimate.n is None or estimate.n < 1:
        yield ".log_likelihood.n is missing"
    curve = dict(score.sigma_curve)
    sigmas = [sigma for sigma, _ in score.sigma_curve]
    if sigmas != sorted(set(sigmas)):
        yield ".sigma_curve is not ascending in sigma"
    if score.sigma is None:
        yield ".sigma is missing"
        return
    if score.sigma not in curve:
        yield f".sigma {score.sigma:g} is not on the sigma curve"
    elif curve[score.sigma] != score.valid_mean:
        yield f".valid_mean is not the curve's at sigma {score.sigma:g}"
    if curve and score.valid_mean < max(curve.values()):
        yield ".sigma is not where the curve is highest"
    if protocol in PROTOCOLS and curve:
        grid = [float(sigma) for sigma in AUTHORS_SIGMAS]
        coarse = [any(math.isclose(s, g, rel_tol=_ROUNDING) for s in sigmas) for g in grid]
        if not all(coarse) or (not PROTOCOLS[protocol].continuous and len(sigmas) != len(grid)):
            yield ".sigma_curve is not on the protocol's grid"
        elif score.at_grid_edge != (not min(sigmas) < score.sigma < max(sigmas)):
            yield ".at_grid_edge is not what the curve says"


def _check_curve(record: TrialRecord) -> Iterator[str]:
    """The learning curve against the epochs of the candidates."""
    best, last = record.candidates["best"], record.candidates["last"]
    epochs = [point.epoch for point in record.learning_curve]
    if epochs != list(range(1, len(epochs) + 1)):
        yield "learning_curve does not count the epochs from 1"
    if last.epoch != (epochs[-1] if epochs else last.epoch):
        yield f"candidates.last.epoch is {last.epoch}, the learning curve ends with {epochs[-1]}"
    if best.epoch == last.epoch and best != last:
        yield "candidates best and last are of one epoch and differ"
    evaluation, planned = record.spec.evaluation, record.spec.config.get("epochs")
    if epochs and isinstance(planned, int):
        waited = (last.epoch or 0) - (best.epoch or 0)
        early = evaluation.patience is not None and waited >= evaluation.patience
        if epochs[-1] > planned or (epochs[-1] < planned and not early):
            yield f"learning_curve ends with epoch {epochs[-1]} of {planned}"
    begins = _last_part_begins(record)
    highest = best_epoch([p for p in record.learning_curve if p.epoch > begins], evaluation.looks)
    # Of a model scored on folds that share images the last state counts, not the best.
    shared = any(score.folds for score in best.scores.values())
    if highest is not None and not shared and best.epoch != highest:
        yield f"candidates.best.epoch is {best.epoch}, which is not where the learning curve is highest"


def _last_part_begins(record: TrialRecord) -> int:
    """After how many epochs the last part of the model begins training; no best comes before."""
    if record.spec.model not in models.names():
        return 0
    try:
        config = models.model_class(record.spec.model).Config(**record.spec.config)
    except ValueError:
        return 0  # that it is refused is said of the spec
    return config.last_part_begins() if isinstance(config, TrainingConfig) else 0


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=_ROUNDING)
