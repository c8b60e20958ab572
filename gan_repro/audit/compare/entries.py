"""One score that can be compared with another, from whichever file it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gan_repro.scoring.exported import ExportedReport
from gan_repro.scoring.submissions import Submission
from gan_repro.stats.estimate import Estimate
from gan_repro.trials.presets import completest, row_under
from gan_repro.trials.records import CurvePoint, Origin, Provenance, TrialRecord

MACHINE = ("device", "processor", "cpu_capability", "multiprocessors", "driver", "system")
SETTINGS = ("threads", "deterministic_algorithms", "tf32", "products", "denormals")
"""Of a recorded environment; all else that it holds are versions."""
_UNSAID = {"products": "torch", "denormals": "kept"}
"""What is the case where a record does not speak of it."""

Facts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Entry:
    """A trial or a saved score."""

    row: str
    """The row of the table, or the name that a saved score was given."""
    dataset: str
    fold: int | None
    seed: int | None
    """Of the training; None for a saved score, whose training is not seen."""
    status: str
    """As a record has it; a saved score is done."""
    protocol: str
    """The main one."""
    scores: Mapping[str, Estimate]
    """By protocol, nats; empty where nothing was scored yet."""
    samples_sha256: str | None
    """Of the float32 rows that were scored."""
    facts: Facts
    """What the score hangs on, by kind (data, configuration, samples, settings, versions, machine, code)."""
    id: str | None = None
    """Of the spec."""
    preset: str | None = None
    curve: tuple[CurvePoint, ...] = ()
    """Of the training."""
    log_likelihoods: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Of each test image, nats, by protocol; empty where the file does not hold them."""

    @property
    def title(self) -> str:
        """Row, data set, fold and seed."""
        fold = "" if self.fold is None else f" fold {self.fold}"
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.row} {self.dataset}{fold}{seed}"


def of_trial(record: TrialRecord) -> Entry:
    """Make the entry of a trial, finished or not."""
    spec, provenance = record.spec, record.provenance
    scored = record.scored if record.status == "done" else None
    preset = completest(provenance.preset, spec)
    configuration = spec.model_dump(mode="json", include={"model", "model_version", "config", "evaluation"})
    return Entry(
        row=row_under(preset, spec) or spec.model,
        dataset=spec.data.name,
        fold=spec.data.fold,
        seed=spec.seed,
        status=record.status,
        protocol=spec.evaluation.protocol,
        scores={name: score.log_likelihood for name, score in scored.scores.items()} if scored else {},
        samples_sha256=scored.samples_sha256 if scored else None,
        facts={
            "data": {"sha256": spec.data.sha256},
            "configuration": configuration,
            "plug-ins": _of_plugins(provenance),
            **_of_origins(provenance.origins),
        },
        id=spec.id,
        preset=preset,
        curve=record.learning_curve,
    )


def of_saved_row(saved: Submission) -> Entry:
    """Make the entry of a row that `score --save` wrote."""
    samples = saved.samples.model_dump(mode="json", include={"n", "shape", "dtype", "layout", "value_range"})
    protocols = {f"protocol {name}": score.version for name, score in saved.scores.items()}
    return Entry(
        row=saved.name,
        dataset=saved.dataset,
        fold=saved.fold,
        seed=None,
        status="done",
        protocol=saved.main_protocol,
        scores={name: score.log_likelihood for name, score in saved.scores.items()},
        samples_sha256=saved.samples.rows_sha256,
        facts={
            "data": {"sha256": saved.dataset_sha256},
            "samples": samples,
            "versions": {"gan_repro": saved.package_version, **protocols},
            "machine": {"device": saved.device},
        },
    )


def of_report(report: ExportedReport, name: str) -> Entry:
    """Make the entry of a report's JSON; `name` says whose it is, which the report does not."""
    read_as = report.read_as.model_dump(mode="json", include={"shape", "dtype", "layout", "value_range"})
    results = {result.protocol.name: result for result in report.results}
    return Entry(
        row=name,
        dataset=report.dataset.name,
        fold=report.dataset.fold,
        seed=None,
        status="done",
        protocol=report.protocol.name,
        scores={protocol: result.log_likelihood for protocol, result in results.items()},
        samples_sha256=report.read_as.rows_sha256,
        facts={
            "data": {"sha256": report.dataset.sha256},
            "samples": {"n": report.samples.n, **read_as},
            "versions": {f"protocol {name}": result.protocol.version for name, result in results.items()},
            "machine": {"device": report.device},
        },
        log_likelihoods={
            protocol: result.per_image for protocol, result in results.items() if result.per_image
        },
    )


def _of_plugins(provenance: Provenance) -> Mapping[str, Any]:
    """What a trial took from plug-ins, with version or hash: code that no commit of ours names."""
    plugins = provenance.model_dump(mode="json", include={"plugins"}).get("plugins", ())
    return {
        f"{each.pop('kind')} {each.pop('name')}": {what: told for what, told in each.items() if told}
        for each in plugins
    }


def _of_origins(origins: Sequence[Origin]) -> Facts:
    """With what a trial ran, by kind: of one that went on elsewhere each value in its order."""
    kinds: dict[str, dict[str, Any]] = {"settings": {}, "versions": {}, "machine": {}, "code": {}}
    for key in dict.fromkeys([*_UNSAID, *(key for origin in origins for key in origin.environment)]):
        kind = "machine" if key in MACHINE else "settings" if key in SETTINGS else "versions"
        kinds[kind][key] = _in_order([origin.environment.get(key, _UNSAID.get(key)) for origin in origins])
    kinds["code"]["commit"] = _in_order([origin.commit for origin in origins])
    kinds["code"]["changed since"] = _in_order([origin.dirty for origin in origins])
    return kinds


def _in_order(values: Sequence[Any]) -> Any:
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else ", then ".join(map(str, different))
