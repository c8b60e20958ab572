"""The sections of REPORT.md on other measures of the samples, and on the nets' own likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.experiments import quality_record, true_likelihood
from gan_repro.report.curves import in_short
from gan_repro.tables import measures
from gan_repro.tables.likelihood import likelihood_grid, notes
from gan_repro.tables.render import markdown
from gan_repro.trials.presets import row_under

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_ABOUT = """Samples of the nets that were scored, drawn again (other samples where the machine, the library of
products or, as published, the chains are others), and those of the reference rows, against the test images,
by measures of their quality, each of them described in
[docs/measures.md](docs/measures.md). Nearer to 0 is better by KID, Frechet and class balance, nearer to 1/2
by the two-sample test, and nearer to real images by the others. Means are over the seeds that are named; of
trainings of one length they differ a little from those of the first table where that has more seeds."""


def likelihood(material: Material) -> str:
    """The bounds of the nets' likelihood, with what has none; empty where none is recorded."""
    found = material.tables["mnist"].likelihoods
    if not found:
        return ""
    about = notes(found) + _other_nets(material, true_likelihood.NAME)
    return "\n\n".join(
        ["## The likelihood that Parzen windows estimate", markdown(*likelihood_grid(found)), about]
    )


def quality(material: Material) -> str:
    """The rows by all measures with their ranks, and Kendall's tau; empty where none is recorded."""
    found = material.tables["mnist"].measured
    if found is None:
        return ""
    lacking = measures.missing(found)
    about = _ABOUT + _other_nets(material, quality_record.NAME)
    parts = ["## The same samples by other measures", about, markdown(*measures.values_grid(found))]
    parts += [markdown(*measures.agreement_grid(found)), measures.notes(found)]
    if lacking:
        parts.append(f"Not measured yet: {', '.join(lacking)}.")
    return "\n\n".join(parts)


def _other_nets(material: Material, experiment: str) -> str:
    """Say which adversarial nets an experiment measured, where the first table has others; else empty."""
    column = material.tables["mnist"].column("as published")
    cell = column.cells.get("gan") if column else None
    shown = set(cell.trials) if cell else set()
    ids = set(material.experiments[experiment].trial_ids)
    nets = [r for r in material.trials if row_under(r.provenance.preset, r.spec) == "gan"]
    measured = [r for r in nets if r.spec.id in ids]
    if not measured or shown.issuperset(r.spec.id for r in measured):
        return ""
    table = in_short(r for r in nets if r.spec.id in shown)
    return (
        f" The adversarial nets of the released recipe were trained here for {in_short(measured)}, in the"
        f" first table for {table}."
    )
