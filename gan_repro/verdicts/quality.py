"""Rule "sample_quality": whether samples are at least as good as those of the best earlier row, by KID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gan_repro.experiments.quality_record import (
    AS_PUBLISHED,
    BASELINE,
    MARGIN,
    NAME,
    SETS,
    kid_name,
    trials_of,
)
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.paper import LABELS
from gan_repro.stats.intervals import mean_interval
from gan_repro.stats.sums import mean
from gan_repro.verdicts.decision import FAILS, HOLDS, UNTOLD, Decider, Decision, Ruling
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.published import WAYS, WITH_CHAINS
from gan_repro.verdicts.rules import QualityRule, rules


@dataclass(frozen=True)
class Difference:
    """KID of the adversarial nets minus that of the best earlier row, in one way."""

    best: str
    """The earlier row whose mean KID is lowest."""
    low: float
    """Lower end of the one-sided 95 % interval over seeds."""
    high: float
    """Upper end of the one-sided 95 % interval over seeds."""
    n: int


def difference(kid: Mapping[str, Mapping[int, float]], rule: QualityRule) -> Difference | None:
    """Compare the adversarial nets with the best earlier row, paired over seeds; None without enough of them.

    Args:
        kid: by row and seed; lower is better.
        rule: the significance of each one-sided interval, and how many seeds are enough.
    """
    earlier = {row: kid[row] for row in WITH_CHAINS if kid.get(row)}
    if len(earlier) < len(WITH_CHAINS) or not kid.get("gan"):
        return None
    best = min(earlier, key=lambda row: mean(earlier[row].values()))
    seeds = sorted(kid["gan"].keys() & earlier[best].keys())
    if len(seeds) < rule.minimum_seeds:
        return None
    interval = mean_interval([kid["gan"][s] - earlier[best][s] for s in seeds], 1 - 2 * rule.significance)
    return Difference(best, interval.low, interval.high, len(seeds))


def ruling(found: Mapping[str, Difference | None], margin: float) -> Ruling:
    """Decide from the difference in each way."""
    differences = [d for d in found.values() if d is not None]
    if len(differences) < len(WAYS):
        return UNTOLD
    if all(d.high <= margin for d in differences):
        return HOLDS
    return FAILS if all(d.low > margin for d in differences) else UNTOLD


def decide_quality(evidence: Evidence) -> Decision:
    """Decide whether the samples are competitive."""
    record = evidence.experiments.get(NAME)
    if record is None or MARGIN not in record.findings:
        return Decision(UNTOLD, f"the experiment {NAME} has not been run")
    margin, rule = record.findings[MARGIN].value, rules().sample_quality
    found: dict[str, Difference | None] = {}
    said = []
    for way in WAYS:
        kid: dict[str, dict[int, float]] = {}
        for row in ("gan", *WITH_CHAINS):
            names = {seed: kid_name(way, row, seed) for seed in rules().as_published.seeds}
            kid[row] = {s: record.findings[n].value for s, n in names.items() if n in record.findings}
        d = difference(kid, rule)
        if d is None:
            text = f"not all four rows have {rule.minimum_seeds} seeds"
        else:
            interval = f"one-sided 95 % limits {d.low:.3g} and {d.high:.3g} over {d.n} seeds"
            text = f"KID minus that of {LABELS[d.best]}, {interval}"
        cut = _cut_short(evidence, record, way)
        if cut and way == AS_PUBLISHED:
            d, text = None, f"not judged, since nets were cut short: {cut} ({text})"
        elif cut:
            text += f"; of nets that were cut short: {cut}"
        found[way] = d
        said.append(f"{way}: {text}")
    said.append(f"margin {margin:.3g} (real images against real ones)")
    compared = compared_trials(evidence, record)
    judged = (record.name,) if compared else ()
    return Decision(ruling(found, margin), "; ".join(said), compared, judged)


def _cut_short(evidence: Evidence, record: ExperimentRecord, way: str) -> str:
    """Name the rows of which nets were smaller or trained for less than the reference, and by how much."""
    said = []
    trials = [trial for trial in evidence.records if trial.spec.id in record.trial_ids]
    for wanted in SETS:
        if wanted.way == way:
            nets = [net.spec.id for net in trials_of(wanted, trials, "mnist")]
            cut = evidence.cut("mnist", wanted.trials_of, nets)
            said += [f"{LABELS[wanted.row]} ({'; '.join(cut)})"] if cut else []
    return ", ".join(said)


def compared_trials(evidence: Evidence, record: ExperimentRecord) -> tuple[str, ...]:
    """Give the trials of a record of sample quality that the rule compares: not those of the baselines."""
    baselines = {wanted.trials_of for wanted in SETS if wanted.way == BASELINE}
    rows = evidence.rows_by_trial()
    return tuple(id for id in record.trial_ids if rows.get(id) not in baselines)


DECIDERS: dict[str, Decider] = {"competitive-samples": Decider("sample_quality", decide_quality, (NAME,))}
"""By the claim's id."""
