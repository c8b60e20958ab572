"""A verdict on every claim in `gan_repro.paper`, computed from the records: holds, does not, cannot be told.

Each rule says in words what decides its claim, with its threshold, and is a function of the evidence. None
knows what the records say today: as trials and experiments are added, verdicts change by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import paper
from gan_repro.verdicts import error_rules, experiment_rules, table_rules
from gan_repro.verdicts.decision import Decision, Rule
from gan_repro.verdicts.evidence import Evidence

Ruling = Literal["holds", "does not hold", "cannot be told"]

RULES: Mapping[str, Rule] = {**table_rules.RULES, **error_rules.RULES, **experiment_rules.RULES}
"""By the claim's id."""


class Verdict(BaseModel):
    """What the records say of one claim, and which records say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: str
    """Its id."""
    ruling: Ruling
    reason: str
    """With the numbers; for "cannot be told", what is missing."""
    decided_by: str
    """The test, with its threshold."""
    trials: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()


def judge(evidence: Evidence) -> tuple[Verdict, ...]:
    """A verdict on each of `paper.CLAIMS`, in their order."""
    return tuple(_verdict(claim.id, RULES[claim.id], evidence) for claim in paper.CLAIMS)


def _verdict(claim: str, rule: Rule, evidence: Evidence) -> Verdict:
    decision = rule.decide(evidence)
    return Verdict(
        claim=claim,
        ruling=_ruling(decision),
        reason=decision.reason,
        decided_by=rule.decided_by,
        trials=decision.trials,
        experiments=decision.experiments,
    )


def _ruling(decision: Decision) -> Ruling:
    if decision.holds is None:
        return "cannot be told"
    return "holds" if decision.holds else "does not hold"
