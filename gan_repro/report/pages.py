"""REPORT.md and the pages behind it, from what was read: no clock, no machine, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gan_repro.report import (
    claims,
    errors,
    experiments,
    front,
    measures,
    methods,
    others,
    sampling,
    standings,
    training,
    variants,
)
from gan_repro.report.material import Material

NAME = "REPORT.md"
FOLDER = "report"
"""Of the pages, below the results folder."""

Section = Callable[[Material], str]

SECTIONS: tuple[Section, ...] = (
    front.front,
    claims.claims,
    errors.errors,
    measures.quality,
    sampling.sampling,
    training.training,
    others.protocol,
    others.other_tables,
    others.missing,
)
"""Of REPORT.md, in their order."""

PAGES: Mapping[str, tuple[str, Section]] = {
    "claims": ("What decided each claim, and which records", claims.claim_details),
    "training": ("What our stopping rule chose, and what it cut off", training.training_details),
    "variants": ("Variants of the adversarial nets' recipe", variants.variants),
    "experiments": ("The findings of the experiments", experiments.experiments),
    "standings": ("Where a score stands: ceilings, floors and later numbers", standings.standings),
    "deviations": ("Deviations from the references", methods.deviations),
    "trials": ("Every trial, and the commands that run it again", methods.trials),
    "figures": ("Figures", methods.figures),
}
"""By name, a page's title and what writes it."""


def report(material: Material) -> str:
    """REPORT.md, whole."""
    sections = [section(material) for section in SECTIONS]
    links = [f"- [{title}](results/{FOLDER}/{name}.md)" for name, (title, _) in _pages(material).items()]
    return _joined([*sections, "## More\n\n" + "\n".join(links)])


def pages(material: Material) -> dict[str, str]:
    """By name, each page behind it that has something to say."""
    return {name: _joined([f"# {title}", text]) for name, (title, text) in _pages(material).items()}


def _pages(material: Material) -> dict[str, tuple[str, str]]:
    written = {name: (title, section(material)) for name, (title, section) in PAGES.items()}
    return {name: page for name, page in written.items() if page[1]}


def _joined(sections: list[str]) -> str:
    return "\n\n".join(section.strip() for section in sections if section) + "\n"
