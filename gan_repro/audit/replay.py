"""Running recorded trials again, and comparing what comes of them: bits where bits were promised.

On the same device, processor features, versions, threads, library of products and treatment of denormals
the samples must have the recorded SHA-256, and every loss must be the same number. Log-likelihoods are held
to `DENSITY_TOLERANCE`: how the density of the same samples is computed may be improved, which moves its last
digits. Elsewhere rounding differs, training amplifies it, and only scores are compared, within `TOLERANCE`.
On the other kind of device (CPU, card) a net begins with the same parameters and sees the images in the same
order, but all its noise is drawn with other numbers: its score is that of another draw.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro import models
from gan_repro.audit.differences import differences
from gan_repro.audit.problem import Problem
from gan_repro.models.denormals import Denormals
from gan_repro.models.products import Products, require
from gan_repro.stats.sums import total
from gan_repro.trials.environment import device_kind
from gan_repro.trials.records import Environment, TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.util.device import choose_device

SAME_MACHINE = (
    "device", "processor", "threads", "products", "denormals", "cpu_capability",
    "deterministic_algorithms", "tf32", "cuda", "cudnn", "multiprocessors",
    "python", "torch", "numpy", "scipy", "scikit-learn",
)  # fmt: skip
"""Entries of the recorded environment under which the same bits are promised (of Python's version, 3.X)."""

OF_TRAINING = ("products", "denormals")
"""Those of them that are chosen for a training, and not had."""

DENSITY_TOLERANCE = 1e-3
"""Nats by which a log-likelihood of the same samples may differ; also the most for sigma, so that on the
authors' grid, whose points lie 0.03 and more apart, it is the same one."""

TOLERANCE = {"reference": 0.1, "trained": 10.0, "chains": 25.0}
"""Nats within which a score must come back on another device or with other versions: of rows that train
nothing, of trained nets, and of nets whose samples are chains, where two draws of samples from one model were
seen to differ by up to 20. Adversarial nets can differ by more: some collapse on one processor and not on
another (README.md)."""

_SHOWN = 5


@dataclass(frozen=True)
class Replayed:
    """One trial, run again."""

    id: str
    exact: bool
    """Whether the bits of samples and losses were compared, and not only scores."""
    same_kind: bool
    """Whether it ran on the recorded kind of device, and so with the same random numbers."""
    difference: float | None
    """Of the scores, nats: again minus recorded; None where a run gave none."""
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        if self.problems:
            return f"{self.id}: differs"
        if self.exact:
            return f"{self.id}: the same samples, and {self.difference:+.2g} nats"
        where = "on another machine" if self.same_kind else "on another kind of device, with other noise"
        return f"{self.id}: within {self.difference:+.3g} nats, {where}"


def draw(records: Iterable[TrialRecord], *, seed: int, minutes: float) -> list[TrialRecord]:
    """The finished trials that took at most `minutes` each when recorded, in an order drawn at random.

    Trials of models that are not known here, or that are at another version by now, are not drawn.
    """
    fitting = sorted(
        (
            record
            for record in records
            if record.status == "done"
            and total(record.provenance.seconds.values()) <= 60 * minutes
            and record.spec.model in models.names()
            and models.model_class(record.spec.model).version == record.spec.model_version
        ),
        key=lambda record: record.spec.id,
    )
    return [fitting[index] for index in np.random.default_rng(seed).permutation(len(fitting))]


def replay(record: TrialRecord, options: RunOptions) -> Replayed:
    """Run a recorded trial again in a scratch folder, from nothing, and compare.

    Raises:
        OSError: the data cannot be had, or there is no room.
        ValueError: the data are not those that the trial names, or the device is not there.
    """
    with tempfile.TemporaryDirectory(prefix="gan-repro-replay-") as scratch:
        again = run(
            record.spec,
            replace(
                options,
                results=Path(scratch),
                threads=record.provenance.threads,
                products=_products(record, choose_device(options.device)),
                denormals=_denormals(record),
                preset=record.provenance.preset,
                smaller=record.provenance.smaller,
                fresh=True,
            ),
        )
    return compare(record, again)


def _products(record: TrialRecord, device: str) -> Products:
    """Who took the recorded training's products, where that can be had here too; else torch's choice."""
    if record.provenance.environment.get("products") != "onednn":
        return "torch"
    try:
        require("onednn", device)
    except ValueError:
        return "torch"
    return "onednn"


def _denormals(record: TrialRecord) -> Denormals:
    """Whether the recorded training took denormals as zero; none did before records spoke of it."""
    return "flushed" if record.provenance.environment.get("denormals") == "flushed" else "kept"


def compare(record: TrialRecord, again: TrialRecord) -> Replayed:
    """What differs between a record and the same trial run again."""
    # A trial that was moved to another machine half-way comes back to the bit on neither.
    here = again.provenance.environment
    there = [origin.environment for origin in record.provenance.origins]
    exact = same_machine(record, here)
    same_kind = {device_kind(environment) for environment in there} == {device_kind(here)}
    id = record.spec.id
    if again.status != "done":
        problem = Problem(id, f"was recorded as done and ended as {again.status}: {again.reason}")
        return Replayed(id, exact, same_kind, None, (problem,))
    difference = again.score.log_likelihood.value - record.score.log_likelihood.value
    if exact:
        numbers = _numbers(record), _numbers(again, as_written=record)
        found = [(path, old, new) for path, old, new in differences(*numbers) if not _as_near(path, old, new)]
        texts = [f"{path} is recorded as {old}, and came out as {new}" for path, old, new in found[:_SHOWN]]
        if len(found) > _SHOWN:
            texts.append(f"{len(found) - _SHOWN} more numbers differ")
    else:
        limit = tolerance(record)
        texts = []
        if abs(difference) > limit:
            texts = [f"the score differs by {difference:+.1f} nats; {limit:g} are allowed on another machine"]
    return Replayed(id, exact, same_kind, difference, tuple(Problem(id, text) for text in texts))


def _as_near(path: str, old: object, new: object) -> bool:
    """Say whether these are numbers that a density gave, and no further apart than is allowed."""
    of_density = ".scores." in path or path.endswith((".valid_mean", ".sigma"))
    floats = isinstance(old, float) and isinstance(new, float)
    return of_density and floats and abs(old - new) <= DENSITY_TOLERANCE  # type: ignore[operator]


def _machine(environment: Environment, keys: Iterable[str]) -> list[object]:
    python = ".".join(str(environment.get("python")).split(".")[:2])
    return [python if key == "python" else environment.get(key) for key in keys]


def same_machine(record: TrialRecord, here: Environment, *, training: bool = True) -> bool:
    """Say whether all attempts at a trial ran where the same bits are promised as in an environment.

    Without `training` how products and denormals were treated does not count: sampling knows of neither.
    """
    keys = [key for key in SAME_MACHINE if training or key not in OF_TRAINING]
    there = [origin.environment for origin in record.provenance.origins]
    return all(_machine(environment, keys) == _machine(here, keys) for environment in there)


def tolerance(record: TrialRecord) -> float:
    """Nats by which the score of this trial may differ on another machine."""
    if not record.learning_curve:
        return TOLERANCE["reference"]
    chains = any(candidate.mixing is not None for candidate in record.candidates.values())
    return TOLERANCE["chains" if chains else "trained"]


def _numbers(record: TrialRecord, *, as_written: TrialRecord | None = None) -> Any:
    """Everything that must come back: all but where and when it ran. As JSON, as records are kept.

    Of a candidate only the fields that `as_written`, by default the record itself, holds: one written before
    a field was added does not speak of it.
    """
    numbers = json.loads(record.model_dump_json(exclude={"provenance"}))
    # By their ids: what stands behind one may have been said more clearly since.
    numbers["deviations"] = [deviation.get("id") for deviation in record.deviations]
    for name, candidate in (as_written or record).candidates.items():
        for unsaid in type(candidate).model_fields.keys() - candidate.model_fields_set:
            numbers["candidates"].get(name, {}).pop(unsaid, None)
    return numbers
