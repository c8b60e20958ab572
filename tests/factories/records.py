"""Made-up records that hold together, and results folders of them: what the audit's tests start from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from gan_repro import models
from gan_repro.audit.seal import write_seal
from gan_repro.experiments.record import (
    ExperimentProvenance,
    ExperimentRecord,
    Finding,
    write_experiment,
)
from gan_repro.experiments.results import Results
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.report.printed import Material, printed
from gan_repro.search.log import SearchLog
from gan_repro.stats.estimate import Estimate
from gan_repro.stats.mixing import ChainDiagnostics
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import Candidate, CurvePoint, Provenance, Score, TrialRecord
from gan_repro.trials.spec import DataSpec, TrialSpec
from gan_repro.trials.store import RecordStore
from gan_repro.verdicts.controls.base import Control

WHERE = {
    "commit": "c" * 40,
    "dirty": False,
    "started": "2026-01-01T00:00:00+00:00",
    "finished": "2026-01-01T01:00:00+00:00",
    "environment": {"device": "cpu", "threads": 1, "torch": "2.13.0", "numpy": "2.4.6"},
}


def score(value: float, error: float, sigmas: list[float], top: int) -> Score:
    curve = tuple((sigma, value + 3 - 100 * math.log(sigma / sigmas[top]) ** 2) for sigma in sigmas)
    return Score(
        sigma=curve[top][0],
        log_likelihood=Estimate(value=value, standard_error=error, over="test examples", n=10_000),
        valid_mean=curve[top][1],
        sigma_curve=curve,
        at_grid_edge=False,
    )


def learning_curve(spec: TrialSpec, length: int) -> tuple[CurvePoint, ...]:
    """Rising to the end; what is looked at is looked at when the spec says."""
    every = spec.evaluation.track_every
    return tuple(
        CurvePoint(
            epoch=epoch,
            losses={"loss": 1 / epoch},
            learning_rate=0.1,
            valid_mean=float(epoch) if epoch % every == 0 or epoch == length else None,
            sigma=0.2,
        )
        for epoch in range(1, length + 1)
    )


def trial(
    model: str,
    seed: int,
    value: float,
    *,
    dataset: str = "mnist",
    preset: str = "standard",
    error: float = 1.5,
    commit: str | None = "c" * 40,
    dirty: bool | None = False,
) -> TrialRecord:
    """A finished trial of a preset that scores `value`."""
    spec = get_preset(preset).spec(model, DataSpec(name=dataset, sha256="5" * 64), seed)
    kind = models.model_class(spec.model)
    # A curve that rises to the last epoch allowed: patience never has a say.
    curve = learning_curve(spec, spec.config["epochs"]) if "epochs" in spec.config else ()
    grid = [float(sigma) for sigma in AUTHORS_SIGMAS]
    finer = sorted([*grid, 0.19])
    chains = model in ("dbn", "cae", "gsn")
    candidate = Candidate(
        epoch=len(curve) or None,
        samples_sha256="a" * 64,
        scores={
            spec.evaluation.protocol: score(value, error, grid, 2),
            "refined": score(value + 5, error, finer, finer.index(0.19)),
        },
        mixing=ChainDiagnostics(
            autocorrelation_time=100.0,
            effective_sample_size=100.0,
            projections={"mean": 100.0},
            estimator="x",
        )
        if chains
        else None,
    )
    where = {**WHERE, "commit": commit, "dirty": dirty}
    return TrialRecord(
        spec=spec,
        status="done",
        candidates={"last": candidate, "best": candidate},
        learning_curve=curve,
        deviations=tuple(
            d.model_dump() for d in kind(kind.Config(**spec.config), seed=seed).active_deviations()
        ),
        provenance=Provenance(
            preset=preset,
            smaller=get_preset(preset).cut(model, dataset).smaller,
            seconds={"training": 1.0},
            peak_memory=1,
            resumed=0,
            **where,
        ),
    )


def record(
    model: str = "gan",
    seed: int = 1,
    value: float = 160.0,
    preset: str = "standard",
    status: str = "done",
    reason: str | None = None,
) -> TrialRecord:
    """A trial without a learning curve, finished or not."""
    changes = {"learning_curve": (), "status": status, "reason": reason}
    if status != "done":
        changes["candidates"] = {}
    return trial(model, seed, value, preset=preset, error=2.0).model_copy(update=changes)


def trials(model: str, values: list[float], **options) -> list[TrialRecord]:
    """One trial a value, seeds from the left."""
    return [trial(model, seed, value, **options) for seed, value in enumerate(values, start=1)]


def experiment(name: str, **intervals: tuple[float, float] | None) -> ExperimentRecord:
    """An experiment with a finding for each interval, its value in the middle; None: a value of 1 alone."""
    findings = {
        key: Finding(
            value=1.0 if interval is None else sum(interval) / 2,
            standard_error=None if interval is None else 0.1,
            interval=interval,
            unit="ratio",
            over="training seeds",
            n=1 if interval is None else 5,
            what=f"made up {key}",
        )
        for key, interval in intervals.items()
    }
    return ExperimentRecord(
        name=name, settings={}, seeds=(1, 2), provenance=ExperimentProvenance(**WHERE), findings=findings
    )


def material(
    records: Sequence[TrialRecord] = (),
    experiments: Mapping[str, ExperimentRecord] | None = None,
    searches: Mapping[str, SearchLog] | None = None,
    pictures: tuple[str, ...] = (),
    controls: tuple[Control, ...] = (),
    waiting: tuple[TrialRecord, ...] = (),
) -> Material:
    """What a report is made of, as if it had been read from a folder."""
    results = Results(Path("nowhere"), tuple(records), experiments or {}, waiting)
    return Material(results, searches or {}, pictures, controls=controls)


def folder(root: Path, records: list[TrialRecord], experiments: tuple[ExperimentRecord, ...] = ()) -> Path:
    """A results folder with its tables, seal, README.md and REPORT.md, all as they should be."""
    results = root / "results"
    store = RecordStore(results)
    for record in records:
        store.write(record)
    for record in experiments:
        write_experiment(results, record)
    refresh(results)
    return results


def refresh(results: Path) -> None:
    """Make again everything that is printed, and the seal."""
    marks = "# Made up\n\n<!-- recorded -->\n\n<!-- /recorded -->\n"
    (results.parent / "README.md").write_text(marks, encoding="utf-8")
    write_seal(results)
    for path, text in printed(Material.read(results)).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def table_rows(text: str) -> dict[str, list[str]]:
    """Of the tables in a Markdown text, the other cells of each row by its first."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    return {row[0]: row[1:] for row in cells}
