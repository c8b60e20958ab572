"""A score in words: a few lines for an interpreter, a table for a notebook, all of it for the command."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.measures.quality import Measure, Quality
from gan_repro.measures.spaces import Number
from gan_repro.parzen.protocols import ParzenResult, get_protocol
from gan_repro.util.text import one_line

if TYPE_CHECKING:
    from gan_repro.scoring.report import ScoreReport

_WIDTH = 16


def short_text(report: ScoreReport) -> str:
    """Return the score, sigma, the data set, the samples, and how it stands to the paper: a line each.

    Samples whose quality was measured have one more.
    """
    results = report.results.items()
    scores = ", ".join(f"{result.estimate} ({name})" for name, result in results)
    sigmas = ", ".join(f"{_sigma(result)} ({name})" for name, result in results)
    return _aligned(
        [
            ("log-likelihood", f"{scores} nats, standard error over {_n_test(report):,} test images"),
            ("sigma", sigmas),
            ("data set", _dataset(report)),
            ("samples", f"{_samples(report)}, SHA-256 {report.samples.sha256[:12]}"),
            ("in the paper", _paper(report)),
            *([] if report.quality is None else [("quality", _quality_in_short(report.quality))]),
        ]
    )


def html(report: ScoreReport) -> str:
    """Return the same as an HTML table."""
    rows = [(line[:_WIDTH].strip(), line[_WIDTH:]) for line in short_text(report).splitlines()]
    cells = "".join(
        f"<tr><th style='text-align: left'>{escape(name)}</th><td style='text-align: "
        f"left'>{escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table>{cells}</table>"


def full_text(report: ScoreReport) -> str:
    """Return everything but the curve, for people; what the command prints."""
    main, *others = report.results.values()
    protocol = get_protocol(main.protocol)
    lines = [
        ("log-likelihood", f"{main.estimate} nats, standard error over {_n_test(report):,} test images"),
        ("sigma", _sigma(main)),
        ("protocol", f"{protocol.name}, version {protocol.version}: {protocol.description}"),
    ]
    for other in others:
        protocol = get_protocol(other.protocol)
        lines.append(
            (
                f"  {protocol.name}",
                f"{other.estimate} nats, sigma {_sigma(other)}; version {protocol.version}: "
                f"{protocol.description}",
            )
        )
    lines += [
        ("data set", f"{_dataset(report)}; sigma chosen on {main.n_valid:,} images"),
        *(("", note) for note in report.dataset_notes),
        ("samples", f"{report.samples.n:,}, SHA-256 {report.samples.sha256}"),
        ("read as", _samples(report)),
    ]
    if paper.printed("gan", report.dataset) is not None:
        lines.append(("in the paper", _paper(report, marks=False)))
    if report.quality is not None:
        lines += _quality(report.quality)
    return _aligned(lines)


def _aligned(lines: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<{_WIDTH}}{one_line(text)}" for name, text in lines)


def _quality(quality: Quality) -> list[tuple[str, str]]:
    """A line for each measure, in each space, with the same of real images behind it."""
    head = (
        f"{quality.n_samples:,} samples against {quality.n_images:,} test images; in brackets "
        f"{quality.n_real:,} validation images in the samples' place"
    )
    by_name: dict[str, list[Measure]] = {}
    for measure in quality.measures:
        by_name.setdefault(measure.name, []).append(measure)
    lines = [
        (f"  {name}", "; ".join(f"{m.space} {_number(m.samples)} ({_number(m.real)})" for m in measures))
        for name, measures in by_name.items()
    ]
    return [("quality", head), *lines, *(("", note) for note in quality.notes)]


def _quality_in_short(quality: Quality) -> str:
    """The measures in the first space alone."""
    space = quality.measures[0].space
    values = [f"{m.name} {_number(m.samples)}" for m in quality.measures if m.space == space]
    return f"{', '.join(values)} (space of {space})"


def _number(number: Number) -> str:
    error = "" if number.standard_error is None else f" ± {number.standard_error:.1g}"
    return f"{number.value:.3g}{error}"


def _n_test(report: ScoreReport) -> int:
    return len(report.result.log_likelihood)


def _sigma(result: ParzenResult) -> str:
    return f"{result.sigma:.4f}{', at the edge of the grid' if result.at_grid_edge else ''}"


def _dataset(report: ScoreReport) -> str:
    return report.dataset if report.fold is None else f"{report.dataset}, fold {report.fold}"


def _samples(report: ScoreReport) -> str:
    facts = report.samples
    black, white = facts.value_range
    parts = [f"{facts.dtype} of shape ({', '.join(map(str, facts.shape))})"]
    if facts.layout is not None:
        parts.append(facts.layout)
    parts.append(f"{black:g} to {white:g} as black to white")
    if facts.n != facts.shape[0]:
        parts.append(f"{facts.n:,} of them drawn at random")
    return f"{facts.n:,} samples: {', '.join(parts)}"


def _paper(report: ScoreReport, *, marks: bool = True) -> str:
    printed = paper.printed("gan", report.dataset)
    if printed is None:
        text = f"nothing on {report.dataset}"
    else:
        text = f"{printed} nats, {paper.LABELS['gan']}, standard error over {printed.over}"
    if marks and report.marks:
        text += f"; not to be compared: {'; '.join(report.marks)}"
    return text
