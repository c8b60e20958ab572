"""The score against how the Markov chains are run: from experiment `chains`, or from the search before it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from gan_repro.experiments import chains
from gan_repro.experiments.chains import EnvelopePoint
from gan_repro.experiments.record import ExperimentRecord
from gan_repro.tables.render import markdown
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.rows import label
from gan_repro.verdicts.published import WITH_CHAINS

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_MEASURED = """Each trained net sampled in every way, 10,000 states: mean test log-likelihood on MNIST in
nats (the authors' protocol), mean over training seeds. Samples are others than those of the first table. In
brackets the largest split R-hat and the smallest effective sample size over nets; the size is never less than
one a chain, by construction. Chains have converged where R-hat is below 1.01. Of chains with one state each,
as 10,000 are, neither can be told."""
_CONVERGED = "✓: converged, for every net."
_SEARCHED = """One net a row (seed 1000, a few epochs), sampled in six ways: mean log-likelihood of
validation images in nats, sigma optimised. Whether these chains have converged was not measured."""


def sampling(material: Material) -> str:
    """A row a way of running the chains, a column a row of the table; empty where nothing is recorded."""
    record = material.experiments.get(chains.NAME)
    if record is None:
        return _from_search(material)
    found = {row: _means(material, record, row) for row in WITH_CHAINS}
    ways = sorted({way for cells in found.values() for way in cells})
    rows = [[*(f"{n:,.0f}" for n in way), *(found[row].get(way, "") for row in WITH_CHAINS)] for way in ways]
    if not rows:
        return ""
    converged = any("✓" in cell for row in rows for cell in row)
    return _section(f"{_MEASURED} {_CONVERGED if converged else 'None of the others has converged.'}", rows)


def _means(material: Material, record: ExperimentRecord, row: str) -> dict[tuple[float, float], str]:
    ids = {r.spec.id for preset in FULL_SIZE for r in material.placed.of("mnist", row, preset)}
    points = [
        point
        for id in record.trial_ids
        if id in ids
        for point in record.points(chains.envelope_series(id), EnvelopePoint)
    ]
    shown = {}
    for way in {(point.chains, point.burn_in) for point in points}:
        same = [point for point in points if (point.chains, point.burn_in) == way]
        shown[way] = f"{fmean(point.test_authors for point in same):.1f}{_mixing(same)}"
    return shown


def _mixing(points: Sequence[EnvelopePoint]) -> str:
    """How the chains of several nets have mixed, the worst of them; empty where none can tell."""
    if any(point.r_hat < 0 for point in points):
        return ""
    worst, size = max(point.r_hat for point in points), min(point.effective_sample_size for point in points)
    converged = " ✓" if worst < chains.CONVERGED_BELOW else ""
    return f" ({worst:.2f}, {size:,.0f}){converged}"


def _from_search(material: Material) -> str:
    found = {
        row: {
            (int(tried.settings["chains"]), int(tried.settings["burn_in"])): f"{tried.valid_mean:.1f}"
            for tried in log.chains
            if tried.valid_mean is not None
        }
        for row, log in material.searches.items()
    }
    ways = sorted({way for cells in found.values() for way in cells})
    rows = [[*(f"{n:,}" for n in way), *(found.get(r, {}).get(way, "") for r in WITH_CHAINS)] for way in ways]
    return _section(_SEARCHED, rows) if rows else ""


def _section(about: str, rows: list[list[str]]) -> str:
    header = ["Chains", "Burn-in, steps", *map(label, WITH_CHAINS)]
    return "\n\n".join(["## The score against how the chains are run", about, markdown(header, rows)])
