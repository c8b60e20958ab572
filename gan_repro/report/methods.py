"""How it was found: the sections of REPORT.md on figures, deviations, commands and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gan_repro import models, paper
from gan_repro.tables.markdown import PROSE, table
from gan_repro.trials.presets import FULL_SIZE, PRESETS, completest
from gan_repro.trials.rows import names as row_names
from gan_repro.util.text import markdown_cell
from gan_repro.verdicts.evidence import TABLE_1_DATASETS, Evidence, Trials
from gan_repro.verdicts.judge import Verdict, experiments_read

_SAME_BITS = """The same commands on the same device, versions (`constraints.txt`) and number of threads give
the same bits; `python -m gan_repro.audit --replay 2` draws two trials, runs them again and compares. Without
`--fresh`, what is recorded is only read."""

_CAPTIONS = {
    "learning_curves": "Validation log-likelihood against epochs of training (refined sigma)",
    "sigma_curves": "Validation log-likelihood against sigma",
    "scores": "Every score beside the paper's, with what each ± is over, and the reference rows",
    "samples": "Samples drawn at random, as in Figure 2; of sets of faces no photograph is shown",
    "interpolation": "Interpolation in z, as in Figure 3: adversarial nets",
    "game_1d": "The game in one dimension, as in Figure 1, from a training run",
    "loss_early": "G's gradient early in training, non-saturating against saturating loss",
    "update_order": "D's loss where G's step meets D before its own step, and where after",
    "sample_count": "The score against the number of samples",
}


def figures(evidence: Evidence, results: Path) -> str:
    """Every figure of the results folder, with what it was made from."""
    paths = sorted((results / "figures").glob("*.png"))
    parts = ["## Figures"]
    if not paths:
        parts.append("None has been drawn yet.")
    for path in paths:
        caption, source = _caption(path.stem), _figure_source(evidence, path.stem)
        parts.append(f"![{caption}](results/figures/{path.name})\n\n{caption}.{source}")
    return "\n\n".join(parts)


def deviations(evidence: Evidence) -> str:
    """How each model here differs from its reference, as its class says."""
    recorded = {record.spec.model for record in evidence.records}
    parts = [
        "## Deviations from the references",
        "Recorded in each trial, too, so far as its settings bear on it.",
    ]
    for name in [*paper.LABELS, *sorted(recorded - set(paper.LABELS))]:
        if name not in models.names():
            continue
        rows = [[d.id, d.what, d.why, d.expected_effect] for d in models.model_class(name).deviations]
        if rows:
            parts += [
                f"### {paper.LABELS.get(name, name)}",
                table(["Deviation", "What", "Why", "Expected effect"], rows),
            ]
    return "\n\n".join(parts)


def provenance(evidence: Evidence) -> str:
    """Each recorded trial, and the commands that run each cell again."""
    rows, commands = [], []
    for dataset in evidence.datasets:
        for model in row_names(dataset):
            for preset in FULL_SIZE:
                records = [
                    r for r in evidence.of_preset(dataset, model, preset) if r.provenance.preset == preset
                ]
                if not records:
                    continue
                seeds = max(PRESETS[preset].seeds.index(r.spec.seed) for r in records) + 1
                commands.append(
                    f"python -m gan_repro.table1 --datasets {dataset} --preset {preset} --models {model}"
                    f" --seeds {seeds} --fresh"
                )
                for record in records:
                    done = record.status == "done"
                    rows.append(
                        [
                            f"`{record.spec.id}`",
                            f"{record.score.log_likelihood}" if done else record.status,
                            preset,
                            f"`{(record.provenance.commit or 'none')[:12]}`",
                            str(record.provenance.environment.get("device")),
                            f"{sum(record.provenance.seconds.values()) / 60:.1f}",
                        ]
                    )
    parts = [
        "## How each number was made",
        _SAME_BITS,
        "```bash\n" + "\n".join(commands) + "\n```" if commands else "No trial is recorded.",
    ]
    if rows:
        header = ["Trial", "Nats", "Preset", "Commit", "Device", "Minutes"]
        parts.append(table(header, rows))
    parts.append(
        "Experiments are run by `python -m gan_repro.experiments NAME`, figures drawn by"
        " `python -m gan_repro.figures`, tables written by each run of `python -m gan_repro.table1`."
        " `python -m gan_repro.audit` makes every printed number again and checks the records."
    )
    return "\n\n".join(parts)


def missing(evidence: Evidence, verdicts: Mapping[str, Verdict]) -> str:
    """What would have to be recorded before more can be said."""
    lines = []
    for dataset in TABLE_1_DATASETS:
        for row in paper.TABLE_1:
            lines += _lacks(evidence.trials(dataset, row.model), dataset)
    for model in [name for name in paper.LABELS if name not in {row.model for row in paper.TABLE_1}]:
        lines += _lacks(evidence.trials("mnist", model), "mnist")
    for record in evidence.records:
        if record.status != "done":
            reason = markdown_cell(record.reason or "no reason", keep=PROSE)
            lines.append(f"`{record.spec.id}` is {record.status}: {reason}")
    for name in experiments_read():
        if name not in evidence.experiments:
            lines.append(f"experiment `{name}` has not been recorded")
    untold = [claim.id for claim in paper.CLAIMS if verdicts[claim.id].ruling == "cannot be told"]
    if untold:
        lines.append(f"claims that cannot be told: {', '.join(f'`{id}`' for id in untold)}")
    return "## What is missing\n\n" + (
        "\n".join(f"- {line}" for line in lines) or "Nothing that was planned."
    )


def _lacks(trials: Trials, dataset: str) -> list[str]:
    label = f"{paper.LABELS[trials.model]} on {dataset.upper()}"
    if not trials.records:
        return [f"{label}: no full-size trial"]
    first = trials.records[0]
    preset = completest(first.provenance.preset, first.spec) or FULL_SIZE[-1]
    planned, found = len(PRESETS[preset].seeds), len(trials.records)
    lines = []
    if trials.cut:
        lines.append(f"{label}: a training at full length (so far {'; '.join(trials.cut)})")
    if found < planned:
        lines.append(f"{label}: {planned - found} of the {planned} seeds of preset {preset}")
    return lines


def _figure_source(evidence: Evidence, stem: str) -> str:
    dashed = stem.replace("_", "-")
    for name in evidence.experiments:
        if dashed.startswith(name):
            return f" Made from experiment `{name}`."
    for dataset in evidence.datasets:
        if stem.endswith(f"_{dataset}"):
            records = [r for r in evidence.records if r.spec.data.name == dataset and r.status == "done"]
            if stem.startswith("learning_curves"):
                records = [r for r in records if r.learning_curve]
            return f" Made from {', '.join(f'`{r.spec.id}`' for r in records)}."
    return ""


def _caption(stem: str) -> str:
    for start, caption in _CAPTIONS.items():
        if stem.startswith(start):
            what = stem.removeprefix(start).strip("_").replace("_", ", ")
            return f"{caption}: {what}" if what else caption
    return stem.replace("_", " ").capitalize()
