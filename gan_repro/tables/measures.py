"""The rows by measures other than the Parzen score: values, ranks, and how far the measures agree.

From experiment `sample-quality`, beside the Parzen scores of the same nets. Better is: higher by the Parzen
score; nearer to 0 by KID, Frechet distance and class balance; nearer to 1/2 by the two-sample test; and by
precision, recall, density and coverage nearer to what real images have, which is not their largest value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict
from scipy.stats import rankdata

from gan_repro.experiments import chains
from gan_repro.experiments.quality_record import (
    AS_PUBLISHED,
    BASELINE,
    NAME,
    SETS,
    QualityPoint,
    SampleSet,
    series_name,
    trials_of,
)
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.measures.names import NAMES, NEIGHBOURS
from gan_repro.stats.agreement import FEWEST, LARGEST, Agreement, agreement
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import CUT
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.rows import label
from gan_repro.verdicts.published import WITH_CHAINS
from gan_repro.verdicts.rules import rules

PARZEN = "parzen"
HEADINGS: Mapping[str, str] = {
    PARZEN: "Parzen, nats", "kid": "KID", "precision": "Precision", "recall": "Recall",
    "density": "Density", "coverage": "Coverage", "two-sample": "Two-sample", "frechet": "Frechet",
    "class-balance": "Class balance",
}  # fmt: skip
_SPACES = ("network", "pixels")


class MeasuredSet(BaseModel):
    """Samples of a row made in one way, over the training seeds that are recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: str
    row: str
    seeds: tuple[int, ...]
    trials: tuple[str, ...]
    """By id."""
    values: Mapping[str, Estimate]
    """By measure, over seeds; `PARZEN` is left out where no score of these samples is recorded."""
    cut: bool = False
    """Whether nets are smaller or trained for less than the reference's."""


class Measured(BaseModel):
    """All sets of a data set by all measures, in one space of features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    space: str
    sets: tuple[MeasuredSet, ...]
    real: Mapping[str, float]
    """By measure, validation images in the samples' place."""

    @property
    def names(self) -> list[str]:
        """The measures, the Parzen score first."""
        return [PARZEN, *self.real]

    def goodness(self, name: str) -> dict[int, float]:
        """By number of the set, how good it is by a measure: higher is better."""
        values = {n: each.values[name].value for n, each in enumerate(self.sets) if name in each.values}
        if name == PARZEN:
            return values
        best = self.real[name] if name in NEIGHBOURS else 0.5 if name == "two-sample" else 0.0
        # An unbiased estimate of a distance may fall below 0, and is then no worse for it.
        return {n: -value if name == "kid" else -abs(value - best) for n, value in values.items()}

    def ranks(self, name: str) -> dict[int, int]:
        """By number of the set, its place by a measure, from 1; equal ones share the better place."""
        good = self.goodness(name)
        return dict(zip(good, map(int, rankdata([-v for v in good.values()], "min")), strict=True))

    def agreement(self, one: str, other: str) -> Agreement | None:
        """Compare two measures over the sets that have both; None where there is no order."""
        first, second = self.goodness(one), self.goodness(other)
        both = [n for n in first if n in second]
        return agreement([first[n] for n in both], [second[n] for n in both])


def measured(
    records: Iterable[TrialRecord],
    experiments: Mapping[str, ExperimentRecord],
    dataset: str,
    *,
    beside: bool = False,
) -> Measured | None:
    """Put the measures of a data set's rows together; None where none is recorded.

    Args:
        records: the trials, of any data set.
        experiments: by name.
        dataset: whose table it is for.
        beside: in the second space that they were measured in (pixels), not in the main one.
    """
    record = experiments.get(NAME)
    if record is None or record.settings.get("dataset") != dataset:
        return None
    spaces = [space for space in _SPACES if series_name("kid", space) in record.series]
    if not spaces[beside:]:
        return None
    space = spaces[beside]
    points = {
        name: record.points(series_name(name, space), QualityPoint)
        for name in NAMES
        if series_name(name, space) in record.series
    }
    trials = [r for r in records if r.spec.id in record.trial_ids]
    sets = []
    for number, wanted in enumerate(SETS):
        of_set = {name: [p for p in found if p.set == number] for name, found in points.items()}
        seeds = tuple(sorted({int(p.seed) for p in of_set["kid"]}))
        if not seeds:
            continue
        values = {
            name: Estimate.from_values([p.value for p in found], "training seeds")
            for name, found in of_set.items()
        }
        nets = [net for net in trials_of(wanted, trials, dataset) if net.spec.seed in seeds]
        parzen = list(_parzen(wanted, nets, experiments.get(chains.NAME)))
        if len(parzen) == len(seeds):
            values = {PARZEN: Estimate.from_values(parzen, "training seeds")} | values
        cut = any(net.provenance.smaller for net in nets)
        ids = tuple(net.spec.id for net in nets)
        sets.append(
            MeasuredSet(way=wanted.way, row=wanted.row, seeds=seeds, trials=ids, values=values, cut=cut)
        )
    real = {name: next(p.value for p in found if p.set == -1) for name, found in points.items()}
    return Measured(space=space, sets=tuple(sets), real=real)


def _parzen(
    wanted: SampleSet, nets: Iterable[TrialRecord], sampled: ExperimentRecord | None
) -> Iterator[float]:
    """The scores of the samples that were measured, or of chains drawn in the same way, where recorded."""
    if wanted.way == AS_PUBLISHED and wanted.row in WITH_CHAINS:
        if sampled is not None:
            sigma = next(iter(rules().as_published.row(wanted.row).sigmas), None)
            scores = chains.published_scores(sampled, chains.ONE_CHAIN, wanted.row, sigma)
            of_these = (net.spec for net in nets if net.spec.id in sampled.trial_ids)
            yield from (scores[spec.seed] for spec in of_these if spec.seed in scores)
        return
    yield from (net.score.log_likelihood.value for net in nets)


def values_grid(found: Measured, *, errors: bool = False) -> tuple[list[str], list[list[str]]]:
    """A row a set, with its place by each measure behind the value; real images below."""
    ranks = {name: found.ranks(name) for name in found.names}
    rows = []
    for number, each in enumerate(found.sets):
        way = ("" if each.way == BASELINE else f", {each.way}") + (f" {CUT}" if each.cut else "")
        cells = [
            f"{_value(name, each.values[name], errors)} ({ranks[name][number]})"
            if name in each.values
            else ""
            for name in found.names
        ]
        rows.append([f"{label(each.row)}{way}", ", ".join(map(str, each.seeds)), *cells])
    rows.append(["Real images", "", "", *(f"{value:.3g}" for value in found.real.values())])
    return ["Samples", "Seeds", *(HEADINGS[name] for name in found.names)], rows


def agreement_grid(found: Measured) -> tuple[list[str], list[list[str]]]:
    """A row a measure: Kendall's tau with the Parzen score and with KID, and over how many sets."""
    rows = []
    for name in found.real:
        pairs = [found.agreement(name, PARZEN), found.agreement(name, "kid") if name != "kid" else None]
        if any(pairs):
            counts = ", ".join(dict.fromkeys(str(pair.n) for pair in pairs if pair))
            rows.append([HEADINGS[name], *("" if pair is None else str(pair) for pair in pairs), counts])
    return ["Measure", "Tau with the Parzen score", "Tau with KID", "Sets"], rows


def notes(found: Measured) -> str:
    """What the two tables say, in sentences."""
    space = "features of our network for digits" if found.space == "network" else "pixels"
    cut = [each.cut for each in found.sets]
    return (
        f"Measures in the space of {space}, means over training seeds; in brackets the place by each. Of"
        " precision, recall, density and coverage, what is nearest to real images is best. Real images: as"
        " many validation images in place of samples. Tau: Kendall's, over the sets, with its 95 % interval"
        f" from {FEWEST} sets on and up to a tau of {LARGEST:g}, beyond which it is not known to hold. The"
        f" sets are few and chosen{_same_nets(found)}, so that an interval says what these measures"
        " would give on others like them, and no more."
        + (f" {CUT}: nets that are smaller or trained for less than the reference's." if any(cut) else "")
    )


def _same_nets(found: Measured) -> str:
    """Say which rows stand there twice with the same nets; empty where none does."""
    ways: dict[tuple[str, ...], list[str]] = {}
    for each in found.sets:
        ways.setdefault(each.trials, []).append(each.row)
    twice = [label(rows[0]) for trials, rows in ways.items() if trials and len(rows) > 1]
    return f" (of {', '.join(twice)} the same nets, as published and by search)" if twice else ""


def _value(name: str, value: Estimate, errors: bool) -> str:
    if name == PARZEN:
        return f"{value}" if errors else f"{value.value:.1f}"
    error = f" ± {value.standard_error:.1g}" if errors and value.standard_error is not None else ""
    return f"{value.value:.3g}{error}"


def missing(found: Measured) -> list[str]:
    """Name the sets of the rows that no record holds yet, one a way and row."""
    there = {(each.way, each.row) for each in found.sets}
    return [f"{label(s.row)} {s.way}" for s in SETS if (s.way, s.row) not in there]
