"""Rules on what the paper says beside its table: bounds on the findings of experiments.

A finding whose interval straddles a bound decides nothing, nor does one without an interval, one over fewer
seeds than its rule asks for, or one from a version of its experiment that is no evidence any more.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from gan_repro.experiments import sample_count
from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Decider, Decision
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.rules import Bound, FindingRule, Witness, rules

_NETS = 3
"""Trained nets below which a verdict says that it is not over trainings."""


def decide_by_rule(evidence: Evidence, rule: FindingRule) -> Decision:
    """Decide by the bounds, and let a claim that they hold for be kept from it by the second witness."""
    decision = decide_by_bounds(evidence, rule)
    return decision if rule.witness is None else with_witness(decision, evidence, rule.witness)


def with_witness(decision: Decision, evidence: Evidence, witness: Witness) -> Decision:
    """Add what the second witness says; where it has measured nothing, the first decides alone."""
    record = evidence.experiments.get(witness.experiment)
    names = [] if record is None else [n for n in record.findings if n.startswith(f"{witness.findings}_")]
    if record is None or not names:
        why = "has not been run" if record is None else f"has no finding {witness.findings}"
        alone = f"; the second witness is missing: the experiment {witness.experiment} {why}"
        return replace(decision, reason=decision.reason + alone)
    found = [record.findings[name] for name in names]
    said = "; ".join(f"{f.what}: {describe(f)}" for f in found)
    against = all(f.interval is not None and f.interval[0] > witness.margin for f in found)
    verb = "speaks against it" if against else "does not speak against it"
    return replace(
        decision,
        ruling=UNTOLD if against and decision.ruling == HOLDS else decision.ruling,
        reason=f"{decision.reason}; the second witness {verb}: {said}, against {witness.margin:g} nats",
        experiments=(*decision.experiments, witness.experiment),
    )


def decide_by_bounds(evidence: Evidence, rule: FindingRule) -> Decision:
    """Hold an experiment's findings against a rule's bounds: all must hold, one outside refutes."""
    name = rule.experiment
    record = evidence.experiments.get(name)
    if record is None:
        return Decision(UNTOLD, f"the experiment {name} has not been run")
    if record.version < rule.experiment_version:
        why = next(iter(withdrawn(record).values()), "")
        return Decision(
            UNTOLD,
            f"the record of {name} has version {record.version}, version {rule.experiment_version} is needed"
            + (f": {why}" if why else ""),
            experiments=(name,),
        )
    said, checks = [], []
    for bound in rule.bounds:
        finding = record.findings.get(bound.finding)
        unit = record.findings.get(bound.times) if bound.times else None
        if finding is None or (bound.times and unit is None):
            lacking = bound.finding if finding is None else bound.times
            return Decision(UNTOLD, f"the record of {name} has no finding {lacking}", (), (name,))
        checks.append(_check(finding, bound, unit, rule.minimum_seeds))
        said.append(f"{finding.what}: {describe(finding)}")
    reason = "; ".join(said) + _beside(record)
    caution = f"; {rule.caution}" if rule.caution else ""
    if False in checks:
        return Decision(FAILS, f"{reason}{caution}", record.trial_ids, (name,))
    if None in checks:
        why = f"an interval straddles its bound, or is not over {rule.minimum_seeds} seeds"
        return Decision(UNTOLD, f"{why}: {reason}{caution}", record.trial_ids, (name,))
    return Decision(HOLDS, f"{reason}{caution}", record.trial_ids, (name,))


def withdrawn(record: ExperimentRecord) -> dict[str, str]:
    """Give the findings of a record that are no evidence any more, and why.

    The experiment says so by version in its `WITHDRAWN`, of a finding or of all that begin with its name
    and a slash.
    """
    from gan_repro import experiments

    if record.name not in experiments.names():
        return {}
    said = getattr(experiments.module(record.name), "WITHDRAWN", {}).get(record.version, {})
    return {name: said[key] for name in record.findings if (key := name.partition("/")[0]) in said}


def _beside(record: ExperimentRecord) -> str:
    """Tell the findings that the experiment wants told with a verdict that they do not decide."""
    from gan_repro import experiments

    names = getattr(experiments.module(record.name), "BESIDE", ())
    told = [f"{f.what}: {describe(f)}" for name in names if (f := record.findings.get(name))]
    return f"; beside it, {'; '.join(told)}" if told else ""


def describe(finding: Finding) -> str:
    """Say a finding in short, with its interval or else its standard error."""
    unit = "" if finding.unit in ("ratio", "share", "probability") else f" {finding.unit}"
    text = f"{finding.value:.3g}{unit}"
    if finding.interval is not None:
        text += f", 95 % interval [{finding.interval[0]:.3g}, {finding.interval[1]:.3g}]"
    elif finding.standard_error is not None:
        text += f" ± {finding.standard_error:.2g}"
    else:
        return f"{text}, without an interval"
    return f"{text} over {finding.over}" + (f" (n = {finding.n})" if finding.n else "")


def words(bound: Bound) -> str:
    """Say where an interval must lie."""
    unit = f" times {bound.times}" if bound.times else ""
    if bound.low is None:
        return f"{bound.finding} at most {bound.high:g}{unit}"
    if bound.high is None:
        return f"{bound.finding} at least {bound.low:g}{unit}"
    return f"{bound.finding} in [{bound.low:g}, {bound.high:g}]{unit}"


def decide_estimator(evidence: Evidence) -> Decision:
    """Decide whether the score goes on rising with the number of samples, by more than the table's margin."""
    rule = rules().estimator_poor
    beside, ids = _prototypes(evidence)
    record = evidence.experiments.get(rule.experiment)
    if record is None:
        return Decision(UNTOLD, f"the experiment {rule.experiment} has not been run{beside}", ids)
    effect = sample_count.effect_between(record, *rule.samples)
    if effect is None:
        return Decision(
            UNTOLD, f"the record of {rule.experiment} does not reach so far{beside}", ids, (record.name,)
        )
    low, high = effect.interval or (effect.value, effect.value)
    ruling = HOLDS if low > rule.margin else (FAILS if high < rule.margin else UNTOLD)
    reason = f"{effect.what}: {describe(effect)}, against {rule.margin:g}{_rests_on(record)}{beside}"
    return Decision(ruling, reason, tuple(dict.fromkeys((*record.trial_ids, *ids))), (record.name,))


def _rests_on(record: ExperimentRecord) -> str:
    """Say of how few trainings a record is, and whether its experiment has come to a later version."""
    nets = len(record.trial_ids)
    said = f", of {'one trained net' if nets == 1 else f'{nets} trained nets'}" if nets else ""
    if 0 < nets < _NETS:
        said += ", which tells nothing of other trainings"
    if record.version < sample_count.VERSION:
        said += f"; the record is of version {record.version} of {record.name}, now at {sample_count.VERSION}"
    return said


def _prototypes(evidence: Evidence) -> tuple[str, tuple[str, ...]]:
    """Say what k-means centroids score beside training images, and give the trials."""
    prototypes, images = (evidence.trials("mnist", row) for row in ("kmeans", "train-set"))
    if not (prototypes.records and images.records):
        return "", ()
    said = f"; beside it, k-means centroids score {prototypes.reached()}, training images {images.reached()}"
    return said, prototypes.ids + images.ids


def _check(finding: Finding, bound: Bound, unit: Finding | None, minimum_seeds: int) -> bool | None:
    """True if the interval lies inside, False if outside, None if it straddles or rests on too little."""
    if finding.interval is None or (finding.n or 0) < minimum_seeds:
        return None
    scale = 1.0 if unit is None else unit.value
    least = -math.inf if bound.low is None else bound.low * scale
    most = math.inf if bound.high is None else bound.high * scale
    low, high = finding.interval
    if least <= low and high <= most:
        return True
    return False if high < least or low > most else None


DECIDERS: dict[str, Decider] = {
    claim: Decider(
        name,
        partial(decide_by_rule, rule=rule),
        (rule.experiment, *((rule.witness.experiment,) if rule.witness else ())),
    )
    for name, rule in rules().named().items()
    if isinstance(rule, FindingRule)
    for claim in rule.claims
} | {
    "estimator-poor": Decider("estimator-poor", decide_estimator, (rules().estimator_poor.experiment,)),
}
"""By the claim's id."""
