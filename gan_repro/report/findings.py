"""What was found: the sections of REPORT.md on scores, claims and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gan_repro import paper
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.stats.estimate import Estimate
from gan_repro.tables import columns
from gan_repro.tables.markdown import PROSE, sentence, table
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.store import RecordStore
from gan_repro.util.text import markdown_cell
from gan_repro.verdicts import sensitivity
from gan_repro.verdicts.evidence import TABLE_1_DATASETS, UNAVAILABLE, Evidence
from gan_repro.verdicts.findings import describe
from gan_repro.verdicts.judge import Verdict

PROTOCOL_EXPERIMENTS = ("sensitivity", "sample-count", "chain-habits")
"""Experiments on the protocol's choices."""

_NOT_ON_CLAIMS = frozenset({*PROTOCOL_EXPERIMENTS, "update-order"})
"""The last stands with the variants of the recipe."""

_STANDINGS = """Training images as samples are what a perfect memory scores, k-means centroids what blurred
prototypes score, Gaussians per pixel the floor. Later numbers are as their papers print them; they differ in
splits and sigma grids, so they show where a number stands, and rank nothing."""

_CRITICS = """Theis, van den Oord and Bethge (ICLR 2016) find that log-likelihood, Parzen estimates and the
look of images are largely independent in high dimension, and advise against such estimates. Wu, Burda,
Salakhutdinov and Grosse (ICLR 2017) hold Parzen windows against annealed importance sampling on continuous
MNIST: a GAN with 50 noise dimensions scores 300.3 by windows on a million samples and 627.3 ± 8.8 by
importance sampling, and windows rank two of their VAEs the wrong way round."""

_VERDICTS = """A verdict is computed from the records and changes with them. Training seeds are the unit; an
interval over one seed is refused. Where something cannot be told, the reason says what is missing. Full size
and length are the reference's own."""


def tables(evidence: Evidence, results: Path) -> str:
    """The tables of Table 1's data sets, recorded or not, and of every other that has trials."""
    store = RecordStore(results)
    parts = ["## The tables"]
    recorded = {columns.table_name(name) for name in evidence.datasets}
    for dataset in dict.fromkeys([*TABLE_1_DATASETS, *sorted(recorded)]):
        parts.append(f"### {dataset.upper()}")
        if dataset in recorded:
            parts.append(columns.recorded_table(store, dataset, FULL_SIZE).render("md").strip())
            continue
        rows = [(row.label, f"{e.value:g} ± {e.standard_error:g}", e.over) for row, e in _printed(dataset)]
        parts += [
            f"No trial on this data set is recorded{UNAVAILABLE.get(dataset, '')}. What the paper printed:",
            table(["Model", "Paper", "± is across"], rows),
        ]
    return "\n\n".join(parts)


def standings(evidence: Evidence, results: Path) -> str:
    """Ceilings, floors, the paper's numbers and later ones in one list for each data set of Table 1."""
    parts = [
        "## Where a score stands: ceilings, floors and later numbers",
        _STANDINGS,
    ]
    for dataset in TABLE_1_DATASETS:
        rows = [*_our_standings(evidence, dataset), *_printed_standings(dataset)]
        rows.sort(key=lambda row: -row[0])
        parts += [
            f"### {dataset.upper()}, highest first",
            *_drawn(results, f"scores_{dataset}"),
            table(["Samples from", "Nats", "Measured by", "Notes"], [row[1:] for row in rows]),
        ]
    return "\n\n".join([*parts, _CRITICS])


def _drawn(results: Path, stem: str) -> list[str]:
    path = f"figures/{stem}.png"
    return [f"Drawn in [results/{path}](results/{path})."] if (results / path).exists() else []


def _our_standings(evidence: Evidence, dataset: str) -> list[tuple[float, str, str, str, str]]:
    rows = []
    for model, label in paper.LABELS.items():
        trials = evidence.trials(dataset, model)
        if trials.records:
            value = sum(trials.scores.values()) / len(trials.scores)
            seeds = f"here, {_plural(len(trials.records), 'seed')}"
            rows.append((value, f"**{label}**", f"{value:.1f}", seeds, "; ".join(trials.cut)))
    return rows


def _printed_standings(dataset: str) -> list[tuple[float, str, str, str, str]]:
    rows = []
    for row, estimate in _printed(dataset):
        text = f"{estimate.value:g} ± {estimate.standard_error:g}"
        source = "the paper" if row.model == "gan" else f"{row.source}; copied in the paper"
        rows.append((estimate.value, row.label, text, source, "Table 1"))
    for later in paper.LATER_RESULTS:
        printed = later.mnist if dataset == "mnist" else later.tfd
        if printed is not None:
            rows.append((float(printed.split(" ± ")[0]), later.label, printed, later.source, later.note))
    return rows


def claims(verdicts: Mapping[str, Verdict]) -> str:
    """Every claim with its verdict, what decided it, and the records that did."""
    parts = [
        "## Claims and verdicts",
        _VERDICTS,
        table(
            ["Claim", "Where", "Verdict", "Details"],
            [
                [sentence(claim.says), claim.place, f"**{verdicts[claim.id].ruling}**", f"`{claim.id}`"]
                for claim in paper.CLAIMS
            ],
        ),
    ]
    for claim in paper.CLAIMS:
        verdict = verdicts[claim.id]
        lines = [
            f"### `{claim.id}`: {verdict.ruling}",
            f"- Claim ({claim.place}): {sentence(claim.says)}.",
            f"- Rule: {sentence(verdict.decided_by)}.",
            f"- What the records say: {markdown_cell(sentence(verdict.reason), keep=PROSE)}.",
        ]
        if claim.kind == "reading":
            lines[1] = f"- Not said by the paper, but often read out of its table: {claim.says}."
        evidence = [
            *(f"`{id}`" for id in verdict.trials),
            *(f"experiment `{n}`" for n in verdict.experiments),
        ]
        if evidence:
            lines.append(f"- Evidence: {', '.join(evidence)}.")
        parts.append(lines[0] + "\n\n" + "\n".join(lines[1:]))
    return "\n\n".join(parts)


def protocol(evidence: Evidence) -> str:
    """How large each choice of the protocol is beside the margins that Table 1 draws conclusions from."""
    margin = sensitivity.smallest_margin("mnist")
    parts = [
        "## What the protocol's choices cost",
        f"On MNIST the adversarial nets stand {margin:g} nats above the next row as printed. What a choice of"
        " the protocol moves is held against that margin.",
    ]
    found = [evidence.experiments[name] for name in PROTOCOL_EXPERIMENTS if name in evidence.experiments]
    rows_of_table = sensitivity.table(*found, trials=evidence.records)
    if rows_of_table:
        parts.append(sensitivity.markdown(rows_of_table))
    if not found:
        return "\n\n".join([*parts, "No experiment on the protocol has been recorded yet."])
    for record in found:
        rows = []
        for name, finding in record.findings.items():
            share = f"{abs(finding.value) / margin:.2f}" if finding.unit == "nats" else ""
            rows.append([f"`{name}`", finding.what, describe(finding), share])
        parts += [
            f"### Experiment `{record.name}`",
            table(["Finding", "What", "Value", "Of the margin"], rows),
            made_from(record),
        ]
    return "\n\n".join(parts)


def experiments(evidence: Evidence) -> str:
    """The findings of the experiments on claims."""
    found = [r for name, r in evidence.experiments.items() if name not in _NOT_ON_CLAIMS]
    parts = ["## Experiments on the claims"]
    if not found:
        parts.append("None has been recorded yet.")
    for record in found:
        rows = [[f"`{name}`", f.what, describe(f)] for name, f in record.findings.items()]
        parts += [
            f"### Experiment `{record.name}`",
            table(["Finding", "What", "Value"], rows),
            made_from(record),
        ]
    return "\n\n".join(parts)


def _printed(dataset: str) -> list[tuple[paper.Row, Estimate]]:
    found = [(row, paper.printed(row.model, dataset)) for row in paper.TABLE_1]
    return [(row, estimate) for row, estimate in found if estimate is not None]


def made_from(record: ExperimentRecord) -> str:
    """Seeds, trials and commit of an experiment."""
    commit = (record.provenance.commit or "none")[:12]
    trained = ", ".join(f"`{id}`" for id in record.trial_ids) or "none; it trains its own nets"
    seeds = ", ".join(map(str, record.seeds)) or "none"
    return f"Seeds: {seeds}. Trials: {trained}. Commit `{commit}`."


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
