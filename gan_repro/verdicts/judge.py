"""A verdict on every claim in `gan_repro.paper`, computed from the records by rules.

Each rule stands in rules.toml, and is a function of the evidence. None knows what the
records say today: as trials and experiments are added, verdicts change by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from gan_repro import paper
from gan_repro.verdicts import errors, findings, numbers, order, quality
from gan_repro.verdicts.decision import Decider, Ruling
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.findings import words
from gan_repro.verdicts.lock import Standing, standing
from gan_repro.verdicts.rules import FindingRule, rules

DECIDERS: Mapping[str, Decider] = {
    **numbers.DECIDERS,
    **order.DECIDERS,
    **errors.DECIDERS,
    **findings.DECIDERS,
    **quality.DECIDERS,
}
"""By the claim's id."""


class Verdict(BaseModel):
    """What the records say of one claim, and which records say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: str
    """Its id."""
    ruling: Ruling
    reason: str
    """With the numbers; for "cannot be told", what is missing."""
    rule: str
    """Its name in rules.toml."""
    decided_by: str
    """The rule in words, with its thresholds."""
    standing: Standing
    """Whether the rule is older than what it judges."""
    trials: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()


def judge(evidence: Evidence) -> tuple[Verdict, ...]:
    """Give a verdict on each of `paper.CLAIMS`, in their order."""
    return tuple(_verdict(claim.id, DECIDERS[claim.id], evidence) for claim in paper.CLAIMS)


def experiments_read() -> tuple[str, ...]:
    """Name the experiments that verdicts are computed from, in the order of the claims."""
    found = [name for claim in paper.CLAIMS for name in DECIDERS[claim.id].experiments]
    return tuple(dict.fromkeys(found))


def _verdict(claim: str, decider: Decider, evidence: Evidence) -> Verdict:
    decision = decider.decide(evidence)
    rule = rules().named()[decider.rule]
    text = " ".join(rule.what.split())
    if isinstance(rule, FindingRule):
        bounds = " and ".join(map(words, rule.bounds))
        over = f"95 % intervals over {rule.minimum_seeds} seeds or more"
        text = f"{text} Experiment {rule.experiment}, {over}: {bounds}"
        if rule.witness:
            text += f"; experiment {rule.witness.experiment}: margin {rule.witness.margin:g}"
    return Verdict(
        claim=claim,
        ruling=decision.ruling,
        reason=decision.reason,
        rule=decider.rule,
        decided_by=text.rstrip("."),
        standing=standing(decider.rule, evidence.begun(decision.trials, decision.experiments)),
        trials=decision.trials,
        experiments=decision.experiments,
    )
