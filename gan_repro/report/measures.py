"""The sections of REPORT.md on other measures of the samples, and on the nets' own likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.tables import measures
from gan_repro.tables.likelihood import NOTE, likelihood_grid
from gan_repro.tables.render import markdown

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_ABOUT = """The samples that were scored, against the test images, by measures of their quality, each of
them described in [docs/measures.md](docs/measures.md). Nearer to 0 is better by KID, Frechet and class
balance, nearer to 1/2 by the two-sample test, and nearer to real images by the others. Means are over the
seeds that are named, and so differ a little from those of the first table where that has more."""


def likelihood(material: Material) -> str:
    """The bounds of the nets' likelihood, with what has none; empty where none is recorded."""
    found = material.tables["mnist"].likelihoods
    if not found:
        return ""
    return "\n\n".join(
        ["## The likelihood that Parzen windows estimate", markdown(*likelihood_grid(found)), NOTE]
    )


def quality(material: Material) -> str:
    """The rows by all measures with their ranks, and Kendall's tau; empty where none is recorded."""
    found = material.tables["mnist"].measured
    if found is None:
        return ""
    lacking = measures.missing(found)
    parts = ["## The same samples by other measures", _ABOUT, markdown(*measures.values_grid(found))]
    parts += [markdown(*measures.agreement_grid(found)), measures.notes(found)]
    if lacking:
        parts.append(f"Not measured yet: {', '.join(lacking)}.")
    return "\n\n".join(parts)
