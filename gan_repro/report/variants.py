"""Would another recipe do better? The authors' own variants of the adversarial nets, on validation images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_repro.experiments import collapse_rates
from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.experiments.update_order import (
    DISCRIMINATOR,
    DIVERSITY,
    LIKELIHOOD,
    ORDER_EFFECT,
    RANDOMNESS_EFFECT,
    RECIPES,
    SLOPE,
    finding_name,
)
from gan_repro.report.curves import collapsed_seeds, longest_curves
from gan_repro.report.experiments import made_from
from gan_repro.search.log import SearchLog
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.collapse import short_trainings
from gan_repro.tables.render import CODE, markdown, sentence
from gan_repro.trials.rows import ROWS, label
from gan_repro.verdicts.findings import describe

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_LONGER = """Some of them are rows on request, and are trained for longer. The same measure after so many
epochs, and in brackets the lead over the released recipe from the same seed. A seed marked ✗ has collapsed;
means run over the others."""
VARIANT_ROWS = tuple(n for n, row in ROWS.items() if row.model == "gan" and row.settings.get("digits"))
"""The rows whose settings on MNIST are other than the released ones."""

_ORDER = """## Whose step comes first: experiment `update-order`

The algorithm as printed and the released code differ in two things: whether G's step is taken against D as
it is before its own step on the same minibatch, or after, and whether the two steps have their noise and
dropout masks in common. All four combinations, on nets of full size, after {epochs} epochs; means ± over
seeds. Where D has won, its loss is near 0 (0.69 where it cannot tell). Where all samples are one image, the
distance between two is 0. Where pixels lie in the flat parts of the sigmoid, so is its slope, y (1 - y),
and little of a gradient comes through to G. Nets that collapsed are in these means: the record keeps no seed
apart."""
_RATES = """## How often a recipe collapses: experiment `collapse-rates`

Of {seeds} trainings of each recipe, at full size, {epochs} epochs from each seed, on one thread ({cpu}): how
many have collapsed by then (spread across samples below half of that across the training images), and
Wilson's 95 % interval of the share. Other seeds collapse on another processor: compare rates, not seeds."""
_COLUMNS = {
    LIKELIHOOD: "Validation log-likelihood, nats",
    DISCRIMINATOR: "Loss of D, nats",
    DIVERSITY: "Distance between two samples, over that of images",
    SLOPE: "Slope of the outputs, over that of images",
}


def variants(material: Material) -> str:
    """What the search among the variants found, and how they go on; empty without the search's log."""
    log, order = material.searches.get("gan"), material.experiments.get("update-order")
    rates = material.experiments.get(collapse_rates.NAME)
    if log is None or not log.tried:
        return ""
    parts = (_search(log), _longer(material), _order(order) if order else "", _rates(rates) if rates else "")
    return "\n\n".join(part for part in parts if part)


def _search(log: SearchLog) -> str:
    epochs, released = log.common["epochs"], log.tried[0]
    rows = []
    for tried in log.tried:
        score, first = tried.valid_mean, released.valid_mean
        against = "" if tried is released or score is None or first is None else f"{score - first:+.1f}"
        rows.append([_words(tried.settings), "diverged" if score is None else f"{score:.1f}", against])
    about = (
        "What the released recipe (first) and other settings that the authors tried or printed give after"
        f" {epochs} epochs from seed {log.seed}, one training each: mean log-likelihood of all validation"
        " images, in nats, with sigma optimised on them. The column *as published* keeps to the released"
        " recipe whatever is found."
    )
    return about + "\n\n" + markdown(["Settings", "Nats", "Against the released"], rows, keep=CODE)


def _longer(material: Material) -> str:
    # Those of the variants' own preset first: of one kind of machine, so that a seed means the same noise.
    released = longest_curves(material) | longest_curves(material, preset="standard")
    parts = []
    for row in VARIANT_ROWS:
        lost = collapsed_seeds(material, row) | collapsed_seeds(material, "gan")
        leads = _leads(released, longest_curves(material, row), lost)
        if leads:
            parts.append(f"{label(row)} (`{row}`):\n\n{leads}")
    return "\n\n".join([_LONGER, *parts]) if parts else ""


def _order(record: ExperimentRecord) -> str:
    rows = []
    for name, recipe in RECIPES.items():
        cells = [_plus_minus(record.findings[finding_name(measure, name)]) for measure in _COLUMNS]
        rows.append([recipe.meets, recipe.randomness, *cells])
    effects = [record.findings[name] for name in (ORDER_EFFECT, RANDOMNESS_EFFECT)]
    return "\n\n".join(
        [
            _ORDER.format(epochs=record.settings["epochs"]),
            markdown(["G's step against D", "Random numbers", *_COLUMNS.values()], rows),
            "\n".join(f"- {sentence(effect.what)}: {describe(effect)}." for effect in effects),
            made_from(record),
        ]
    )


def _rates(record: ExperimentRecord) -> str:
    rows = []
    for row in record.findings:
        spreads = [point.spread for point in record.points(row, collapse_rates.TrainingPoint)]
        of = short_trainings(record, row)
        rows.append(
            [
                label(row),
                f"{of.collapsed} of {of.trained}",
                f"{of.interval[0]:.0%} to {of.interval[1]:.0%}",
                f"{min(spreads):.2f} to {max(spreads):.2f}",
            ]
        )
    about = _RATES.format(
        seeds=len(record.seeds),
        epochs=record.settings["epochs"],
        cpu=record.provenance.environment.get("processor"),
    )
    header = ["Recipe", "Collapsed", "Share, 95 %", "Spread, over that of the images"]
    return "\n\n".join([about, markdown(header, rows), made_from(record)])


def _plus_minus(finding: Finding) -> str:
    error = "" if finding.standard_error is None else f" ± {finding.standard_error:.2g}"
    return f"{finding.value:.3g}{error}"


def _leads(
    released: Mapping[int, Mapping[int, float]], variant: Mapping[int, Mapping[int, float]], lost: set[int]
) -> str:
    """The table of a variant's curves beside the released recipe's of the same seeds; empty without any."""
    leads = {
        seed: {epoch: variant[seed][epoch] - released[seed][epoch] for epoch in both}
        for seed in sorted(released.keys() & variant.keys())
        if (both := _looks(released[seed], variant[seed]))
    }
    several = len(leads.keys() - lost) > 1
    rows = []
    for epoch in sorted({epoch for lead in leads.values() for epoch in lead}):
        there = {seed: lead[epoch] for seed, lead in leads.items() if epoch in lead}
        cells = [f"{variant[s][epoch]:.1f} ({there[s]:+.1f})" if s in there else "" for s in leads]
        trained = [lead for seed, lead in there.items() if seed not in lost]
        mean = str(Estimate.from_values(trained, "training seeds")) if trained else ""
        rows.append([f"{epoch:,}", *cells, *([mean] if several else [])])
    header = ["Epochs", *(f"Seed {seed}{' ✗' if seed in lost else ''}" for seed in leads)]
    if several:
        header.append("Mean lead, ± over seeds")
    return markdown(header, rows, keep=CODE) if rows else ""


def _looks(one: Mapping[int, float], other: Mapping[int, float]) -> list[int]:
    """Of the epochs at which both were looked at, the last and those that halve it, in order."""
    both = sorted(one.keys() & other.keys())
    chosen: list[int] = []
    for epoch in reversed(both):
        if not chosen or 2 * epoch <= chosen[-1]:
            chosen.append(epoch)
    return chosen[::-1]


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())
