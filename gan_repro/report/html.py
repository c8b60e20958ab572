"""The report as one HTML file: no network, the same bytes for the same records.

The text is REPORT.md and its pages, put into HTML by markdown-it; tables can be sorted, curves pointed at and
zoomed (plotly, whose script stands in the file), and each number of the first table leads to its records:
trials, or the experiment that sampled their nets as published.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files as package_files
from typing import Any

from gan_repro.experiments import chains
from gan_repro.report import front
from gan_repro.report.plots import plots
from gan_repro.report.printed import Material, pages, report
from gan_repro.tables import words
from gan_repro.tables.cell import Cell
from gan_repro.tables.render import escape, html, render_details
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.rows import label
from gan_repro.verdicts.published import WITH_CHAINS

_TITLE = "Generative Adversarial Nets, Table 1: do the numbers hold?"


def page(material: Material) -> str:
    """Write the page.

    Raises:
        ImportError: plotly or markdown-it-py is not installed (the extra `html`).
    """
    from markdown_it import MarkdownIt
    from plotly.offline import get_plotlyjs

    markdown = MarkdownIt("commonmark").enable("table")
    # The curves stand in the page as such.
    pictures = tuple(name for name in material.pictures if not name.startswith(("learning_", "sigma_")))
    written = {
        name: markdown.render(text) for name, text in pages(replace(material, pictures=pictures)).items()
    }
    body = markdown.render(report(material))
    body = body.replace(_first_table(body), _headline(material), 1)
    sections = [f"<section id='report'>{body}</section>", _curves(material)]
    sections += [f"<section id='page-{name}'>{text}</section>" for name, text in written.items()]
    sections += [
        f"<section id='table-{name}'><h1>{escape(words.title(table))}, cell by cell</h1>"
        f"{markdown.render(render_details(table))}</section>"
        for name, table in material.tables.items()
        if any(column.cells for column in table.columns)
    ]
    sections += [_seeds(material), _records(material)]
    text = _embed_pictures(material, _linked("\n".join(sections), _places(material)))
    assets = package_files("gan_repro.report")
    style, script = (assets.joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{escape(_TITLE)}</title>\n<style>\n{style}</style>\n"
        f"<script>{get_plotlyjs()}</script>\n</head>\n<body>\n{_menu(written)}\n<main>\n{text}\n</main>\n"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _menu(written: Mapping[str, str]) -> str:
    links = [("report", "Report"), ("curves", "Curves")]
    links += [(f"page-{name}", name.capitalize()) for name in written]
    links += [("seeds", "Seed by seed"), ("records", "Records")]
    return "<nav>" + " ".join(f"<a href='#{anchor}'>{text}</a>" for anchor, text in links) + "</nav>"


def _first_table(body: str) -> str:
    found = re.search(r"<table>.*?</table>", body, re.DOTALL)
    return found[0] if found else ""


def _headline(material: Material) -> str:
    """The first table again, each number of ours with a link to its seeds."""
    header, rows = front.headline(material)
    table = material.tables["mnist"]
    columns = [table.column("as published"), table.column("best by search")]
    linked = []
    for row, cells in zip(front.ROWS, rows, strict=True):
        safe = [escape(text) for text in cells]
        for place, column in enumerate(columns, start=2):
            if column and row in column.cells and column.cells[row].score:
                safe[place] = f"<a href='#{_anchor(row, column.kind)}'>{safe[place]}</a>"
        linked.append(safe)
    return html(header, linked)


def _seeds(material: Material) -> str:
    """Every cell of every table seed by seed; each score leads to its record."""
    rows, found = [], material.experiments
    for table in material.tables.values():
        for row, column, cell in table.cells():
            anchor = f" id='{_anchor(row, column.kind)}'" if column.dataset == "mnist" else ""
            for number, seed in enumerate(cell.seeds):
                score = escape(seed.score if seed.score is not None else seed.status)
                # Chains that were run anew as published are in no trial's record.
                anew = column.kind == "as published" and row in WITH_CHAINS and chains.NAME in found
                places = [_experiment(chains.NAME)] if anew else seed.trials
                links = ", ".join(f"<a href='#{escape(place)}'>{score}</a>" for place in places)
                name = f"<span{'' if number else anchor}>{escape(label(row))}</span>"
                heading = escape(f"{column.dataset}, {words.heading(column)}")
                collapsed = {True: f"collapsed ({seed.collapsed_is})"}.get(bool(seed.collapsed), "")
                rows.append([name, heading, str(seed.seed), links, collapsed, _cut(cell)])
    header = ["Row", "Column", "Seed", "Nats, ± of one net", "Outcome", "Cut"]
    return f"<section id='seeds'><h1>Seed by seed</h1>{html(header, rows)}</section>"


def _cut(cell: Cell) -> str:
    return escape("; ".join(cell.smaller))


def _anchor(row: str, kind: str) -> str:
    return f"cell-{row}-{kind.replace(' ', '-')}"


def _curves(material: Material) -> str:
    parts = [
        f"<figure><div class='plot' id='{name}'></div><figcaption>{escape(caption)}</figcaption>"
        f"<script type='application/json' data-plot='{name}'>{_in_script(text)}</script></figure>"
        for name, caption, text in plots(material)
    ]
    about = "<p>Point at a line for its trial; draw a box to zoom, double-click to go back.</p>"
    return f"<section id='curves'><h1>Curves</h1>{about}{''.join(parts)}</section>"


def _records(material: Material) -> str:
    """Each counted record but its curves, which stand above."""
    parts = [
        f"<details id='{escape(record.spec.id)}'><summary>{escape(record.spec.id)}</summary>"
        f"<pre>{_without_curves(record)}</pre></details>"
        for record in material.trials
    ]
    parts += [
        f"<details id='{_experiment(name)}'><summary>experiment {escape(name)}</summary>"
        f"<pre>{_indented(record.model_dump(mode='json', exclude={'series': True}))}</pre></details>"
        for name, record in material.experiments.items()
    ]
    about = "<p>The files of results/trials and results/experiments, without their curves and series.</p>"
    return f"<section id='records'><h1>Records</h1>{about}{''.join(parts)}</section>"


def _without_curves(record: TrialRecord) -> str:
    whole = record.model_dump(mode="json", exclude={"learning_curve": True})
    for candidate in whole["candidates"].values():
        for score in candidate["scores"].values():
            score.pop("sigma_curve", None)
            for fold in score.get("folds", ()):
                fold.pop("sigma_curve", None)
    return _indented(whole)


def _indented(whole: dict[str, Any]) -> str:
    lines = json.dumps(whole, indent=1, ensure_ascii=False).split("\n")
    return "\n".join(escape(line) for line in lines)


def _experiment(name: str) -> str:
    return f"experiment-{name}"


def _places(material: Material) -> dict[str, str]:
    """By what is named, where in the page it stands: trials, experiments, claims."""
    experiments = {name: _experiment(name) for name in material.experiments}
    claims = {claim: f"claim-{claim}" for claim in material.verdicts}
    return claims | experiments | {record.spec.id: record.spec.id for record in material.trials}


def _linked(text: str, places: Mapping[str, str]) -> str:
    """Names of trials, experiments and claims lead to them, links to files of the report into the page."""

    def to_place(found: re.Match[str]) -> str:
        place = places.get(found[1])
        return found[0] if place is None else f"<a href='#{place}'><code>{found[1]}</code></a>"

    # A claim's own heading is where the others lead.
    text = re.sub(
        r"<h2><code>([\w-]+)</code>",
        lambda found: f"<h2 id='{places[found[1]]}'>{found[1]}" if found[1] in places else found[0],
        text,
    )
    text = re.sub(r"<code>([\w-]+)</code>", to_place, text)
    text = re.sub(r'href="(?:results/report/)?(\w+)\.md"', r'href="#page-\1"', text)
    return re.sub(r'href="results/table1_(\w+)\.md"', r'href="#table-\1"', text)


def _embed_pictures(material: Material, text: str) -> str:
    folder = material.results.folder / "figures"

    def embedded(found: re.Match[str]) -> str:
        if found[1] not in material.pictures:
            return found[0]
        data = base64.b64encode((folder / found[1]).read_bytes()).decode()
        return f'src="data:image/png;base64,{data}"'

    return re.sub(r'src="\.\./figures/([\w.-]+)"', embedded, text)


def _in_script(text: str) -> str:
    """JSON that no HTML parser takes for the end of its script."""
    return text.replace("<", "\\u003c")
