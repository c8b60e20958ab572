"""Rules "order", "tfd-order" and "tfd-bold": which rows of Table 1 stand above which.

Differences are paired over training seeds. On MNIST they are taken twice, with all rows as published and
with all rows at the best of an equal search, and Holm's correction runs over the pairs of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from gan_repro import paper
from gan_repro.experiments.chains import NAME as CHAINS
from gan_repro.experiments.quality_record import AS_PUBLISHED, BEST_BY_SEARCH
from gan_repro.stats.intervals import Comparison, closeness, holm, paired
from gan_repro.verdicts.decision import (
    CHAINS_DECIDE,
    FAILS,
    HOLDS,
    UNTOLD,
    Decider,
    Decision,
    Ruling,
)
from gan_repro.verdicts.evidence import Evidence, printed
from gan_repro.verdicts.published import (
    ROWS,
    RowScores,
    as_published,
    best_by_search,
)
from gan_repro.verdicts.rules import SeedRule, TieRule, rules

Pair = tuple[str, str]
"""Two rows, of which the first is printed above the second."""
Scores = Mapping[str, Mapping[int, float]]
"""By row and seed, nats."""


@dataclass(frozen=True)
class Pairs:
    """The planned pairs in one way of running the rows: p values are corrected over all ways."""

    results: Mapping[Pair, tuple[Comparison, float]] = field(default_factory=dict)
    """Comparisons with their corrected p values; a pair that lacks seeds is not there."""

    def signs(self, significance: float) -> dict[Pair, int]:
        """Give +1 for pairs in the printed order, -1 for pairs in the reverse, 0 where it is not settled."""
        return {
            pair: 0 if p_value >= significance else (1 if result.mean > 0 else -1)
            for pair, (result, p_value) in self.results.items()
        }


def compare(ways: Mapping[str, Scores], pairs: Sequence[Pair], minimum_seeds: int) -> dict[str, Pairs]:
    """Compare the pairs in every way; one that is missing or lacks seeds counts as p = 1."""
    results: dict[tuple[str, Pair], Comparison] = {}
    for way, scores in ways.items():
        for first, second in pairs:
            common = scores.get(first, {}).keys() & scores.get(second, {}).keys()
            if len(common) >= max(minimum_seeds, 2):
                results[way, (first, second)] = paired(scores[first], scores[second])
    missing = len(ways) * len(pairs) - len(results)
    adjusted = holm([result.p_value for result in results.values()] + [1.0] * missing)
    corrected = dict(zip(results, adjusted, strict=False))
    return {
        way: Pairs({pair: (r, corrected[w, pair]) for (w, pair), r in results.items() if w == way})
        for way in ways
    }


def ruling(compared: Mapping[str, Pairs], pairs: Sequence[Pair], significance: float) -> Ruling:
    """Decide from the pairs of every way."""
    signs = [each.signs(significance) for each in compared.values()]
    if all(way.get(pair) == 1 for way in signs for pair in pairs):
        return HOLDS
    if any(all(way.get(pair) == -1 for way in signs) for pair in pairs):
        return FAILS
    if any({1, -1} <= {way.get(pair) for way in signs} for pair in pairs):
        return CHAINS_DECIDE
    return UNTOLD


def decide_order(evidence: Evidence, dataset: str, pairs: Sequence[Pair], rule: SeedRule) -> Decision:
    """Decide whether the first of each pair scores above the second."""
    wanted = {row for pair in pairs for row in pair}
    found: dict[str, dict[str, RowScores]] = {
        AS_PUBLISHED: {row: as_published(evidence, dataset, row) for row in ROWS if row in wanted}
    }
    if dataset == "mnist":
        best = best_by_search(evidence, dataset)
        found[BEST_BY_SEARCH] = {row: best[row] for row in ROWS if row in wanted}
    ways = {way: {row: f.scores for row, f in rows.items()} for way, rows in found.items()}
    compared = compare(ways, pairs, rule.minimum_seeds)
    parts = [
        f"{way}: {_said(compared[way], pairs, rows, rule)}"
        if len(found) > 1
        else _said(compared[way], pairs, rows, rule)
        for way, rows in found.items()
    ]
    judged = [f for rows in found.values() for f in rows.values()]
    return Decision(
        ruling(compared, pairs, rule.significance),
        "; ".join(parts),
        tuple(dict.fromkeys(id for f in judged for id in f.trials)),
        tuple(dict.fromkeys(name for f in judged for name in f.experiments)),
    )


def decide_tie(evidence: Evidence, dataset: str, first: str, second: str) -> Decision:
    """Decide whether two rows are alike, to within a margin."""
    rule = rules().tfd_bold
    one, other = (as_published(evidence, dataset, row) for row in (first, second))
    ids = one.trials + other.trials
    beside = _printed_difference(dataset, first, second)
    for each in (one, other):
        if each.missing:
            return Decision(UNTOLD, f"{each.missing}; {beside}", ids)
    common = sorted(one.scores.keys() & other.scores.keys())
    if len(common) < rule.minimum_seeds:
        return Decision(UNTOLD, f"{len(common)} of {rule.minimum_seeds} paired seeds; {beside}", ids)
    said = f"{_difference(first, second, paired(one.scores, other.scores))}, margin {rule.margin:g}; {beside}"
    return Decision(tie_ruling([one.scores[s] - other.scores[s] for s in common], rule), said, ids)


def tie_ruling(differences: Sequence[float], rule: TieRule) -> Ruling:
    """Decide from the differences of two rows, nats, one a seed."""
    close = closeness(differences, 0.0, rule.margin)
    if close.inside < rule.significance:
        return HOLDS
    return FAILS if close.outside < rule.significance else UNTOLD


def printed_order(dataset: str) -> list[Pair]:
    """Give the neighbours of Table 1, the highest first."""
    return list(pairwise(sorted(ROWS, key=lambda row: -printed(row, dataset))))


def _said(compared: Pairs, pairs: Sequence[Pair], rows: Mapping[str, RowScores], rule: SeedRule) -> str:
    missing = dict.fromkeys(f.missing for f in rows.values() if f.missing)
    parts = list(missing)
    for pair in pairs:
        if pair in compared.results:
            result, p_value = compared.results[pair]
            parts.append(f"{_difference(*pair, result)}, p = {p_value:.2g}")
        elif not any(rows[row].missing for row in pair):
            common = rows[pair[0]].scores.keys() & rows[pair[1]].scores.keys()
            names = " and ".join(paper.LABELS[row] for row in pair)
            parts.append(
                f"{names} have {len(common)} of the {rule.minimum_seeds} paired seeds that are needed"
            )
    left = [f"{f.label}{f.left_out}" for f in rows.values() if f.left_out]
    cut = ", ".join(f"{f.label} ({'; '.join(f.cut)})" for f in rows.values() if f.cut and f.scores)
    return "; ".join([*parts, *left, *([f"of nets that were cut short: {cut}"] if cut else [])])


def _difference(first: str, second: str, result: Comparison) -> str:
    return (
        f"{paper.LABELS[first]} minus {paper.LABELS[second]} {result.mean:+.1f} nats, 95 % interval"
        f" {result.interval} over {len(result.seeds)} paired seeds"
    )


def _printed_difference(dataset: str, first: str, second: str) -> str:
    from scipy.stats import ttest_ind_from_stats

    a, b = paper.printed(first, dataset), paper.printed(second, dataset)
    if a is None or b is None or a.standard_error is None or b.standard_error is None or not (a.n and b.n):
        return "nothing is printed"
    spreads = a.standard_error * a.n**0.5, b.standard_error * b.n**0.5
    test = ttest_ind_from_stats(a.value, spreads[0], a.n, b.value, spreads[1], b.n, equal_var=False)
    error = (a.standard_error**2 + b.standard_error**2) ** 0.5
    return (
        f"the printed numbers alone differ by {a.value - b.value:.0f} ± {error:.0f} (p = {test.pvalue:.2g}"
        f" if their errors over {a.over} are taken as independent)"
    )


def _order(claim: str, name: str, dataset: str, pairs: Sequence[Pair], rule: SeedRule) -> tuple[str, Decider]:
    decide = partial(decide_order, dataset=dataset, pairs=pairs, rule=rule)
    return claim, Decider(name, decide, (CHAINS,) if dataset == "mnist" else ())


DECIDERS: dict[str, Decider] = dict(
    [
        _order("mnist-order", "order", "mnist", printed_order("mnist"), rules().order),
        _order("mnist-bold", "order", "mnist", [("gan", r) for r in ("gsn", "dbn", "cae")], rules().order),
        _order("tfd-order", "tfd-order", "tfd", printed_order("tfd"), rules().tfd_order),
        ("tfd-bold", Decider("tfd-bold", partial(decide_tie, dataset="tfd", first="cae", second="gan"))),
    ]
)
"""By the claim's id."""
