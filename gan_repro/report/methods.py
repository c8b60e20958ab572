"""How it was found: the pages of results/report on deviations, trials and their commands, and figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gan_repro import models, paper
from gan_repro.figures.grids import pictured
from gan_repro.report.experiments import outdated
from gan_repro.stats.sums import total
from gan_repro.tables.render import CODE, markdown
from gan_repro.tables.words import in_todays_words
from gan_repro.trials.presets import FULL_SIZE, PRESETS, completest, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.rows import names as row_names

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_SAME_BITS = """The same commands on the same device, versions (`constraints.txt`) and number of threads
give the same bits, with the options that the column *Device* names where a command has none;
`python -m gan_repro.audit --replay 2` draws two trials, runs them again and compares."""

_RESUMED = """Begun under other commits or options than they ended with: {ids}. Their command gives a training
whose score can be set beside theirs, not their bits; these come back from the weights alone, where they are
published, by `python -m gan_repro.audit --rescore ID`."""

_WAITING = """## Trainings that wait

Ended, and judged once all seeds before theirs have ended."""

_HEADER = ["Trial", "Row", "Nats, ± of one net", "Preset", "Commit", "Device", "Minutes"]

_CAPTIONS = {
    "learning_curves": "Validation log-likelihood against epochs of training (refined sigma)",
    "sigma_curves": "Validation log-likelihood against sigma",
    "scores": "The scores of each row's completest preset beside the paper's, with what each ± is over",
    "samples": "Samples drawn at random, as in Figure 2; of sets of faces no photograph is shown",
    "interpolation": "Interpolation in z, as in Figure 3: adversarial nets",
    "game_1d": "The game in one dimension, as in Figure 1, from a training run",
    "loss_early": "G's gradient early in training, non-saturating against saturating loss",
    "update_order": "D's loss where G's step meets D before its own step, and where after",
    "sample_count": "The score against the number of samples",
}


def deviations(material: Material) -> str:
    """How each model here differs from its reference, always and where a row's settings bear on it."""
    parts = [
        "Recorded in each trial, too, in older ones in other words. Where no rows are named, every trial of"
        " the model has it."
    ]
    recorded = {record.spec.model for record in material.trials}
    for model in [*paper.LABELS, *sorted(recorded - set(paper.LABELS))]:
        if model not in models.names():
            continue
        standing = models.model_class(model).deviations
        rows = [[d.id, "", d.what, d.why, d.expected_effect] for d in standing]
        rows += _conditional(material, model, {d.id for d in standing})
        if rows:
            header = ["Deviation", "In rows", "What", "Why", "Expected effect"]
            parts += [f"## {paper.LABELS.get(model, model)}", markdown(header, rows, keep=CODE)]
    return "\n\n".join(parts)


def _conditional(material: Material, model: str, standing: set[str]) -> list[list[str]]:
    """The deviations that only some trials have, as their records say, with the rows and data sets."""
    said: dict[str, dict[str, str]] = {}
    where: dict[str, dict[str, None]] = {}
    for row, record in _placed(material):
        if record.spec.model == model:
            for deviation in record.deviations:
                if deviation["id"] not in standing:
                    said[deviation["id"]] = deviation
                    where.setdefault(deviation["id"], {})[f"{row} ({record.spec.data.name})"] = None
    keys = ("what", "why", "expected_effect")
    return [
        [id, ", ".join(where[id]), *(in_todays_words(said[id].get(key, "")) for key in keys)] for id in said
    ]


def _placed(material: Material) -> Iterator[tuple[str, TrialRecord]]:
    for dataset in material.datasets:
        for row in row_names(dataset):
            for preset in FULL_SIZE:
                for record in material.placed.of(dataset, row, preset):
                    if record.provenance.preset == preset:
                        yield row, record


def trials(material: Material) -> str:
    """Each counted trial, the commands that run it again, and the trials that wait."""
    placed = list(_placed(material))
    parts = ["No trial is recorded."]
    if placed:
        commands = "\n".join(["```bash", *_commands(placed), "```"])
        resumed = [f"`{record.spec.id}`" for _, record in placed if record.provenance.earlier]
        parts = [_SAME_BITS, commands, *([_RESUMED.format(ids=", ".join(resumed))] if resumed else [])]
        parts.append(markdown(_HEADER, [_line(row, record) for row, record in placed], keep=CODE))
    if waiting := material.results.waiting:
        rows = [_line(row_under(r.provenance.preset, r.spec) or r.spec.model, r) for r in waiting]
        parts += [_WAITING, markdown(_HEADER, rows, keep=CODE)]
    return "\n\n".join(parts)


def _commands(placed: Iterable[tuple[str, TrialRecord]]) -> list[str]:
    """What runs the trials again, one command a data set, preset and row, with the options of all of them."""
    found: dict[tuple[str, str, str], list[TrialRecord]] = {}
    for row, record in placed:
        preset = completest(record.provenance.preset, record.spec)
        if preset in PRESETS and record.spec.seed in PRESETS[preset].seeds:
            found.setdefault((record.spec.data.name, preset, row), []).append(record)
    commands = []
    for (dataset, preset, row), records in found.items():
        n = 1 + max(PRESETS[preset].seeds.index(record.spec.seed) for record in records)
        command = f"--datasets {dataset} --preset {preset} --rows {row} --seeds {n} --fresh"
        options = _options(records[0])
        agreed = options if all(_options(record) == options for record in records) else []
        commands.append(" ".join(["python -m gan_repro.table1", command, *agreed]))
    return commands


def _line(row: str, record: TrialRecord) -> list[str]:
    """A trial in the columns of `_HEADER`."""
    return [
        f"`{record.spec.id}`",
        row,
        f"{record.score.log_likelihood}" if record.status == "done" else _state(record),
        record.provenance.preset or "none",
        f"`{(record.provenance.commit or 'none')[:12]}`",
        _machine(record),
        f"{total(record.provenance.seconds.values()) / 60:.1f}",
    ]


def _machine(record: TrialRecord) -> str:
    """Say on what device a trial ran, and with which options that change last digits."""
    return ", ".join([str(record.provenance.environment.get("device")), *_options(record)])


def _options(record: TrialRecord) -> list[str]:
    """The options of the command that change last digits, where they are not the default."""
    threads, products = record.provenance.threads, record.provenance.environment.get("products")
    found = [f"--threads {threads}"] if threads != 1 else []
    return found + ([f"--products {products}"] if products else [])


def _state(record: TrialRecord) -> str:
    epochs = f" after epoch {record.learning_curve[-1].epoch:,}" if record.learning_curve else ""
    return f"{record.status}{epochs}"


def figures(material: Material) -> str:
    """Every figure of the results folder, with what it was made from; empty without one."""
    parts = []
    for picture in material.pictures:
        stem = picture.removesuffix(".png")
        caption = _caption(stem)
        parts.append(f"![{caption}](../figures/{picture})\n\n{caption}.{_source(material, stem)}")
    return "\n\n".join(parts)


def _source(material: Material, stem: str) -> str:
    dashed = stem.replace("_", "-")
    named = next((name for name in material.experiments if dashed.startswith(name)), None)
    if named:
        old = outdated(named, material.experiments[named])
        return f" Made from experiment `{named}`{', of an older version of it' if old else ''}."
    dataset = next((name for name in material.datasets if stem.endswith(f"_{name}")), None)
    if dataset and stem.startswith("samples_"):
        of = pictured(material.trials, material.results.folder, dataset)
        row = stem.removeprefix("samples_").removesuffix(f"_{dataset}")
        return f" Of trial `{of[row].spec.id}`." if row in of else ""
    return f" Made from the trials on {dataset} in [trials.md](trials.md)." if dataset else ""


def _caption(stem: str) -> str:
    for start, caption in _CAPTIONS.items():
        if stem.startswith(start):
            what = stem.removeprefix(start).strip("_").replace("_", ", ")
            return f"{caption}: {what}" if what else caption
    return stem.replace("_", " ").capitalize()
