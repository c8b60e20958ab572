"""Rules for what the paper says beside its table: decided on experiments' findings, by their intervals.

A finding whose interval straddles a threshold decides nothing, nor does one without an interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gan_repro import paper
from gan_repro.experiments.record import Finding
from gan_repro.models.tensors import LONG_CHAINS
from gan_repro.verdicts.decision import Decision, Rule
from gan_repro.verdicts.evidence import Evidence


@dataclass(frozen=True)
class Bound:
    """Where a finding's interval must lie for a claim to hold."""

    finding: str
    low: float = -math.inf
    high: float = math.inf

    def check(self, finding: Finding) -> bool | None:
        """True if its interval lies inside, False if outside, None if it straddles or there is none."""
        if finding.interval is None:
            return None
        low, high = finding.interval
        if self.low <= low and high <= self.high:
            return True
        return False if high < self.low or low > self.high else None

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"{self.finding} is at most {self.high:g}"
        if math.isinf(self.high):
            return f"{self.finding} is at least {self.low:g}"
        return f"{self.finding} lies in [{self.low:g}, {self.high:g}]"


def decide_by_bounds(
    evidence: Evidence, experiment: str, bounds: tuple[Bound, ...], caution: str
) -> Decision:
    """Hold a claim's bounds against an experiment's findings: all must hold, one outside refutes."""
    record = evidence.experiments.get(experiment)
    if record is None:
        return Decision(None, f"the experiment {experiment} has not been run")
    said, checks = [], []
    for bound in bounds:
        finding = record.findings.get(bound.finding)
        if finding is None:
            return Decision(
                None, f"the record of {experiment} has no finding {bound.finding}", (), (experiment,)
            )
        checks.append(bound.check(finding))
        said.append(f"{finding.what}: {describe(finding)}")
    holds = False if False in checks else (None if None in checks else True)
    reason = "; ".join(said)
    if holds is None:
        reason = f"an interval is missing or straddles its bound: {reason}"
    return Decision(holds, f"{reason}{caution}", record.trial_ids, (experiment,))


def describe(finding: Finding) -> str:
    """A finding with its interval in short."""
    unit = "" if finding.unit in ("ratio", "share", "probability") else f" {finding.unit}"
    text = f"{finding.value:.3g}{unit}"
    if finding.interval is not None:
        text += f", 95 % interval [{finding.interval[0]:.3g}, {finding.interval[1]:.3g}] over {finding.over}"
        return text + (f" (n = {finding.n})" if finding.n else "")
    return f"{text}, without an interval"


def decide_convergence(evidence: Evidence) -> Decision:
    """Whether the divergence falls to a tenth, and D ends near 1/2."""
    record = evidence.experiments.get("game-1d")
    start = record.findings.get("jsd_start") if record is not None else None
    tenth = start.value / 10 if start is not None else math.inf
    bounds = (Bound("jsd_end", high=tenth), Bound("discriminator_from_half", high=0.05))
    return decide_by_bounds(
        evidence,
        "game-1d",
        bounds,
        "; one dimension, with nets: an instance, and not the proposition's proof",
    )


def decide_markov_chain(evidence: Evidence) -> Decision:
    """Whether samples of recorded adversarial nets are independent draws; beside it, what chains give."""
    done = [r for r in evidence.records if r.status == "done"]
    ours = [r for r in done if r.spec.model == "gan"]
    chains = [(r, mixing) for r in done if (mixing := r.scored.mixing) is not None]
    ids = tuple(r.spec.id for r in [*ours, *(r for r, _ in chains)])
    if not ours:
        return Decision(None, "no trial of adversarial nets is recorded", ids)
    independent = all(candidate.mixing is None for r in ours for candidate in r.candidates.values())
    reason = f"adversarial nets, trials recorded: {len(ours)}; each sample is one pass of noise through G"
    if chains:
        worth = sorted(mixing.effective_sample_size / r.spec.evaluation.n_samples for r, mixing in chains)
        models = ", ".join(dict.fromkeys(paper.LABELS.get(r.spec.model, r.spec.model) for r, _ in chains))
        span = " to ".join(dict.fromkeys(f"{1e4 * share:.0f}" for share in (worth[0], worth[-1])))
        reason += (
            f"; models with chains ({models}), trials recorded: {len(chains)}; 10,000 consecutive states"
            f" of {LONG_CHAINS} chains, of which each counts at least once, are worth {span} independent"
            " ones"
        )
    return Decision(independent, reason, ids)


def _undecided(reason: str) -> Callable[[Evidence], Decision]:
    return lambda evidence: Decision(None, reason)


def _rule(experiment: str, *bounds: Bound, caution: str = "") -> Rule:
    words = " and ".join(map(str, bounds))
    return Rule(
        f"experiment {experiment}, by 95 % intervals: holds if {words}; does not hold if one lies outside",
        partial(
            decide_by_bounds, experiment=experiment, bounds=bounds, caution=f"; {caution}" if caution else ""
        ),
    )


RULES: dict[str, Rule] = {
    "optimal-discriminator": _rule(
        "game-1d",
        Bound("discriminator_gap", high=0.05),
        caution="one dimension, where the densities are known",
    ),
    "value-at-optimum": _rule(
        "game-1d",
        Bound("value_gap", -0.02, 0.02),
        Bound("divergence_identity_gap", -0.02, 0.02),
        caution="one dimension, where the densities are known",
    ),
    "convergence": Rule(
        "experiment game-1d, by 95 % intervals: holds if jsd_end is at most a tenth of jsd_start and"
        " discriminator_from_half is at most 0.05; does not hold if one lies outside",
        decide_convergence,
    ),
    "non-saturating": _rule("loss-early", Bound("gradient_ratio", low=1)),
    "not-memorised": _rule(
        "memorisation",
        Bound("nearest_is_training", high=0.6),
        caution="neighbours in pixels find copies, and no other kind of overfitting",
    ),
    "no-markov-chain": Rule(
        "holds if every recorded trial of adversarial nets draws its samples independently, by construction",
        decide_markov_chain,
    ),
    "interpolation": _rule(
        "interpolation",
        Bound("largest_step_ratio", high=3),
        Bound("midpoint_distance_ratio", high=1.5),
        caution="smooth paths do not rule out overfitting",
    ),
    "helvetica": _rule("helvetica", Bound("diversity_ratio", high=1)),
    "competitive-samples": Rule(
        "no rule: the paper names no measure for the quality of samples",
        _undecided("the paper names no measure, and looking is none"),
    ),
    "sharp-distributions": Rule(
        "no rule yet: no experiment here measures it", _undecided("no experiment here measures sharpness")
    ),
}
"""By the claim's id."""
