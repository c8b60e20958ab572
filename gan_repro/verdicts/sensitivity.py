"""How large each choice of the protocol is beside the margins that Table 1 draws conclusions from.

A pure function of records: experiments give what needs the trained models, the trials' own records give what
can be computed from them alone. A choice that moves every model alike leaves their order as it is; what can
turn it round is the difference between models, which stands in a column of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from gan_repro import paper
from gan_repro.experiments import chain_habits, chains, sample_count, sensitivity
from gan_repro.experiments.base import mean_of
from gan_repro.experiments.recorded import recorded
from gan_repro.experiments.scores import pooled_spread
from gan_repro.verdicts.findings import withdrawn
from gan_repro.verdicts.published import WITH_CHAINS
from gan_repro.verdicts.rules import rules

if TYPE_CHECKING:
    from gan_repro.experiments.record import ExperimentRecord, Finding
    from gan_repro.trials.records import TrialRecord

AS_PUBLISHED = "as-published"
"""How the same nets' chains are run, from experiment `chains` and the trials' records."""

REFINED, BEST_GENERATOR, SPREAD_TEST, SPREAD_SEEDS = (
    "refined",
    "best-generator",
    "spread-test",
    "spread-seeds",
)
"""Choices whose effects the trials' own records hold."""

SPREADS = frozenset({SPREAD_TEST, sensitivity.SPREAD_DRAWS, SPREAD_SEEDS})
"""Spreads of scores, not effects of a choice: their difference between models could turn no order round."""

_IN_THE_TABLE = {
    "validation-all-on-grid": "sigma from all validation images, not 1,000; both on 10 points",
    "pixels-256": "pixels over 256, not 255",
    "pixels-256-on-grid": "pixels over 256, not 255; sigma on 10 points",
    "dequantised": "images dequantised",
}
"""Choices of experiment `sensitivity` whose words there are long, or say "the same" of another choice."""

_OTHERS = {
    sample_count.NAME: "100 times as many samples as Table 1 uses",
    AS_PUBLISHED: "chains run as published, not as the search found best",
    chain_habits.TEST_IMAGE_KEPT: "keeping the test image that the GSN's chain starts from",
    chain_habits.THINNED: "thinned, not consecutive states of a few long chains",
    REFINED: "sigma continuous and from all validation images (records)",
    BEST_GENERATOR: "best generator on validation images, not the last (records)",
    SPREAD_TEST: "standard error over test examples (records)",
    sensitivity.SPREAD_DRAWS: "standard deviation over draws of samples",
    SPREAD_SEEDS: "standard deviation over training seeds (records)",
}
"""Further choice -> in words. Those that say so come from the trials' records alone."""


def labels() -> dict[str, str]:
    """List every choice with its words, in the order of the table."""
    measured = {choice: words for choice, (_, _, words) in sensitivity.CHOICES.items()}
    return {choice: _IN_THE_TABLE.get(choice, words) for choice, words in measured.items()} | _OTHERS


class ChoiceEffect(BaseModel):
    """What one choice does to each model's score, nats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choice: str
    label: str
    effects: dict[str, tuple[float, float | None]]
    """Model -> effect and its standard error (None: undefined)."""
    between_models: float | None
    """Largest effect minus smallest: what could change the order. None for one model, and for spreads."""
    of_margin: tuple[float, str] | None
    """Of neighbours in Table 1 that were both measured: how much the choice moves them apart or together,
    over their margin, and which two; the largest such share. None for spreads, and without such two."""


class Margin(NamedTuple):
    """What separates two neighbouring rows of Table 1 on MNIST: what conclusions rest on."""

    better: str
    """A model, as is `worse`."""
    worse: str
    nats: float

    @property
    def label(self) -> str:
        """Which row stands over which."""
        return f"{paper.LABELS[self.better]} over {paper.LABELS[self.worse]}"


def margins() -> list[Margin]:
    """List the margins of Table 1 on MNIST, the best row's first."""
    rows = sorted(paper.TABLE_1, key=lambda row: -row.mnist.value)
    return [Margin(a.model, b.model, a.mnist.value - b.mnist.value) for a, b in pairwise(rows)]


def table(
    *experiments: ExperimentRecord, trials: Iterable[TrialRecord] = (), dataset: str = "mnist"
) -> list[ChoiceEffect]:
    """A row for each choice of which the records hold an effect.

    Args:
        experiments: the records of sensitivity, sample-count, chain-habits and chains, as many as there are;
            others say nothing here.
        trials: the trials of a results folder.
        dataset: whose trials count.
    """
    known, trials = labels(), list(trials)
    effects: dict[str, dict[str, tuple[float, float | None]]] = {}
    for record in experiments:
        void = withdrawn(record)
        for name, finding in record.findings.items():
            choice, _, model = name.partition("/")
            if choice in known and model and name not in void:
                effects.setdefault(choice, {})[model] = (finding.value, finding.standard_error)
        if record.name == sample_count.NAME:
            rise = sample_count.effect_between(record, *rules().estimator_poor.samples)
            if rise is not None:
                effects[sample_count.NAME] = {record.settings["model"]: (rise.value, rise.standard_error)}
        if record.name == chains.NAME and dataset == record.settings.get("dataset"):
            # Adversarial nets have no chains to be run in one way or another.
            moved = as_published(record, trials)
            effects[AS_PUBLISHED] = {"gan": (0.0, None), **moved} if moved else {}
    for choice, found in from_trials(trials, dataset).items():
        effects[choice] = {model: (f.value, f.standard_error) for model, f in found.items()}
    return [_row(choice, label, effects[choice]) for choice, label in known.items() if effects.get(choice)]


def as_published(
    record: ExperimentRecord, trials: Iterable[TrialRecord]
) -> dict[str, tuple[float, float | None]]:
    """What running the chains of the same nets as their sources do takes: model -> effect and error, nats.

    Args:
        record: of experiment `chains`.
        trials: whose scores come from chains run as the search found best.
    """
    found, sampled = {}, [trial for trial in trials if trial.spec.id in record.trial_ids]
    for model in WITH_CHAINS:
        sigma = next(iter(rules().as_published.row(model).sigmas), None)
        scores = chains.published_scores(record, chains.ONE_CHAIN, model, sigma)
        differences = [
            scores[trial.spec.seed] - trial.score.log_likelihood.value
            for trial in sampled
            if trial.spec.model == model and trial.spec.seed in scores
        ]
        if differences:
            effect = mean_of(differences, over="training seeds", unit="nats", what="as published")
            found[model] = (effect.value, effect.standard_error)
    return found


def from_trials(trials: Sequence[TrialRecord], dataset: str) -> dict[str, dict[str, Finding]]:
    """The effects that the trials' records hold by themselves: choice -> model -> effect, nats."""
    found: defaultdict[str, dict[str, Finding]] = defaultdict(dict)
    for model, label in ((row.model, row.label) for row in paper.TABLE_1):
        # No mean runs over nets that collapsed and others.
        records = [r for r in recorded(trials, model, dataset) if not r.collapsed]
        if not records:
            continue

        def over_seeds(values: Sequence[float], what: str) -> Finding:
            return mean_of(values, over="training seeds", unit="nats", what=what)

        scores = [record.score.log_likelihood for record in records]
        found[REFINED][model] = over_seeds(
            [
                r.scored.scores["refined"].log_likelihood.value - s.value
                for r, s in zip(records, scores, strict=True)
            ],
            f"refined minus authors' protocol, {label}",
        )
        found[BEST_GENERATOR][model] = over_seeds(
            [_by(r, "best") - _by(r, "last") for r in records],
            f"score of the best generator on validation images minus that of the last, {label}",
        )
        errors = [s.standard_error for s in scores if s.standard_error is not None]
        if errors:
            found[SPREAD_TEST][model] = over_seeds(
                errors, f"standard error over test examples of one score, {label}"
            ).model_copy(update={"standard_error": None, "interval": None})
        seeds = pooled_spread(
            [[s.value for s in scores]],
            "training seeds",
            f"standard deviation of a score over training seeds, draws of samples included, {label}",
        )
        if seeds is not None:
            found[SPREAD_SEEDS][model] = seeds
    return dict(found)


def markdown(rows: Sequence[ChoiceEffect]) -> str:
    """The table for people: a row a choice, a column a model, and what could change the models' order."""
    from tabulate import tabulate

    models = [model for model in paper.LABELS if any(model in row.effects for row in rows)]
    header = ["choice (nats)", *(paper.LABELS[m] for m in models), "between models"]
    header.append("of a margin of Table 1, at most")
    body = [
        [
            row.label,
            *(_shown(row.effects.get(model)) for model in models),
            "" if row.between_models is None else f"{row.between_models:.1f}",
            "" if row.of_margin is None else f"{row.of_margin[0]:.0%}: {row.of_margin[1]}",
        ]
        for row in rows
    ]
    return tabulate(body, header, tablefmt="github", disable_numparse=True)


def _by(record: TrialRecord, candidate: Literal["best", "last"]) -> float:
    """The score, nats, of one of a trial's generators under the trial's protocol."""
    return record.candidates[candidate].scores[record.spec.evaluation.protocol].log_likelihood.value


def _row(choice: str, label: str, effects: Mapping[str, tuple[float, float | None]]) -> ChoiceEffect:
    values = [value for value, _ in effects.values()]
    alone = len(values) < 2 or choice in SPREADS
    shares = [
        (abs(effects[margin.better][0] - effects[margin.worse][0]) / margin.nats, margin.label)
        for margin in margins()
        if {margin.better, margin.worse} <= effects.keys() and not alone
    ]
    return ChoiceEffect(
        choice=choice,
        label=label,
        effects=dict(effects),
        between_models=None if alone else max(values) - min(values),
        of_margin=max(shares, default=None),
    )


def _shown(effect: tuple[float, float | None] | None) -> str:
    if effect is None:
        return ""
    value, error = effect
    shown = f"{round(value, 1) + 0.0:.1f}"  # no -0.0
    return shown if error is None else f"{shown} ± {error:.1f}"
