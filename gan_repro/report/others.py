"""The sections of REPORT.md on other data sets, on the protocol's choices, and on what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.experiments import chains
from gan_repro.experiments.recorded import recorded
from gan_repro.report.curves import in_short, length
from gan_repro.tables import words
from gan_repro.tables.cell import CUT, seed_count
from gan_repro.tables.render import CODE, PROSE, first_table
from gan_repro.tables.table import PRINTED_ROWS, REFERENCE_ROWS, Kind, headline
from gan_repro.trials.rows import label
from gan_repro.util.text import markdown_cell
from gan_repro.verdicts import sensitivity
from gan_repro.verdicts.evidence import UNAVAILABLE
from gan_repro.verdicts.judge import experiments_read

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

PROTOCOL_EXPERIMENTS = ("sensitivity", "sample-count", "chain-habits", "chains")
"""Experiments on the protocol's choices."""
_VIEWS: tuple[Kind, ...] = ("as published", "best by search")


def other_tables(material: Material) -> str:
    """The tables of faces and of what other data sets have trials, the rows of the paper only."""
    parts = ["## Other images"]
    for name, table in material.tables.items():
        if name == "mnist":
            continue
        shown = headline(table)
        cells = [cell for _, _, cell in shown.cells()]
        notes = words.error_notes(cells)
        if any(cell.smaller for cell in cells):
            notes.append(f"{CUT}: smaller or trained for less than the reference.")
        if any(column.stand_in for column in shown.columns):
            notes.append("A stand-in reproduces nothing of the paper's.")
        if not cells:
            notes.append(f"No trial on this data set is recorded{UNAVAILABLE.get(name, '')}.")
        whole = f"[results/table1_{name}.md](results/table1_{name}.md)"
        parts += [
            f"### {name.upper()}",
            first_table(shown),
            " ".join([*notes, *([f"Cell by cell: {whole}."] if cells else [])]),
        ]
    return "\n\n".join(parts)


def protocol(material: Material) -> str:
    """What each choice of the protocol moves, beside the margins that Table 1 draws conclusions from."""
    found = [material.experiments[name] for name in PROTOCOL_EXPERIMENTS if name in material.experiments]
    rows = sensitivity.table(*found, trials=material.trials)
    if not rows:
        return ""
    return "\n\n".join(
        [
            "## What the protocol's choices move",
            "Nats by which a choice moves a row's score on MNIST. What moves all rows alike leaves their"
            " order as it is. The column *between models* has what could change it, the largest effect less"
            " the smallest. The last column has the neighbours in Table 1 of whose margin, such as 225 - 214"
            " = 11, the choice moves the largest part; it is empty for spreads and for what was measured on"
            " one model or on no neighbours. Lines marked *records* come from the trials' own records, the"
            " others from experiments, with other draws of samples and of the nets that were recorded when"
            " they ran, so that they may differ. ± is a standard error: over seeds in lines marked *records*"
            " and in that on chains run as published, over test images in that on 100 times as many samples,"
            f" over draws of samples and test images in the others.{_nets(material)}",
            sensitivity.markdown(rows),
        ]
    )


def _nets(material: Material) -> str:
    """Say which trainings the lines rest on, of rows where they are of several lengths; else empty."""
    lines = {"sample-count": "that on 100 times as many samples", "sensitivity": "the others"}
    lines[chains.NAME] = "that on chains run as published"
    said = []
    for row in PRINTED_ROWS:
        own = [record for record in recorded(material.trials, row, "mnist") if not record.collapsed]
        found = {"lines marked *records*": own}
        for name, where in lines.items():
            ids = material.experiments[name].trial_ids if name in material.experiments else ()
            found[where] = [r for r in material.trials if r.spec.model == row and r.spec.id in ids]
        told: dict[str, list[str]] = {}
        for where, records in found.items():
            if records:
                told.setdefault(in_short(records), []).append(where)
        if len({length(record) for records in found.values() for record in records}) > 1:
            nets_of = "; for ".join(f"{nets} in {' and '.join(where)}" for nets, where in told.items())
            said.append(f" {label(row)}: trained for {nets_of}.")
    return "".join(said)


def missing(material: Material) -> str:
    """What would have to be recorded before more can be said."""
    lines: list[str] = []
    for dataset in ("mnist", "tfd"):
        table = material.tables[dataset]
        if not any(
            cell.done
            for column in table.columns
            if column.dataset == dataset
            for cell in column.cells.values()
        ):
            lines.append(f"{dataset.upper()}: no finished trial of any row")
            continue
        for row in (*PRINTED_ROWS, *(REFERENCE_ROWS if dataset == "mnist" else ())):
            lacking = []
            for kind in _VIEWS[:1] if row in REFERENCE_ROWS else _VIEWS:
                column = table.column(kind, dataset)
                cell = column.cells.get(row) if column else None
                if cell is None or not cell.done:
                    lacking.append(f"{kind}: no finished trial")
                else:
                    lacking += [f"{kind}: {cut}" for cut in cell.smaller[:1]]
                    if len(cell.done) < cell.planned:
                        lacking.append(f"{kind}: {seed_count(cell)} seeds")
            if lacking:
                lines.append(f"{label(row)} on {dataset.upper()}: {'; '.join(lacking)}")
    lines += [
        f"`{r.spec.id}` is {r.status}: {markdown_cell(r.reason or 'no reason', keep=PROSE)}"
        for r in material.trials
        if r.status not in ("done", "interrupted")
    ]
    begun = [r for r in material.trials if r.status == "interrupted"]
    if begun:
        lines.append(
            f"{len(begun)} trainings are not finished:"
            " [results/report/trials.md](results/report/trials.md) says how far each has come"
        )
    lines += [
        f"experiment `{name}` has not been recorded"
        for name in experiments_read()
        if name not in material.experiments
    ]
    lines += [f"not read: {markdown_cell(text, keep=CODE)}" for text in material.damaged]
    return "## What is missing\n\n" + (
        "\n".join(f"- {line}" for line in lines) or "Nothing that was planned."
    )
