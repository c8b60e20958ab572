"""Where a score stands: ceilings, floors, the paper's numbers and later ones (a page of results/report)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.tables import words
from gan_repro.tables.cell import cell_text, seed_count
from gan_repro.tables.render import CODE, markdown
from gan_repro.tables.table import REFERENCE_ROWS
from gan_repro.trials.rows import label

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_ABOUT = """Training images as samples are what a perfect memory scores, k-means centroids what blurred
prototypes score, Gaussians per pixel the floor. Later numbers are as their papers print them; they differ
in splits and sigma grids, so they show where a number stands, and rank nothing. ± is here over training
seeds, and of papers as they print it, on MNIST mostly over test images; *: cut short, as the notes say."""

_CRITICS = """Theis, van den Oord and Bethge (ICLR 2016) find that log-likelihood, Parzen estimates and the
look of images are largely independent in high dimension, and advise against such estimates. Wu, Burda,
Salakhutdinov and Grosse (ICLR 2017) hold Parzen windows against annealed importance sampling on continuous
MNIST: a GAN with 50 noise dimensions scores 300.3 by windows on a million samples and 627.3 ± 8.8 by
importance sampling, and windows rank two of their VAEs the wrong way round."""


def standings(material: Material) -> str:
    """Every score, ours and others', in one list a data set of Table 1, highest first."""
    parts = [_ABOUT]
    for dataset in ("mnist", "tfd"):
        rows = sorted([*_ours(material, dataset), *_printed(dataset)], key=lambda row: -row[0])
        header = ["Samples from", "Nats", "Measured by", "Notes"]
        parts += [f"## {dataset.upper()}, highest first", markdown(header, [r[1:] for r in rows], keep=CODE)]
    return "\n\n".join([*parts, _CRITICS])


def _ours(material: Material, dataset: str) -> list[tuple[float, str, str, str, str]]:
    found = []
    for row, column, cell in material.tables[dataset].cells():
        if row in paper.LABELS and column.dataset == dataset and cell.score is not None:
            how = "here" if row in REFERENCE_ROWS else f"here, {words.kind_of(column)}"
            name = f"**{label(row)}**"
            seeds = f"{how}, seeds: {seed_count(cell)}"
            found.append((cell.score.value, name, cell_text(cell), seeds, "; ".join(cell.smaller)))
    return found


def _printed(dataset: str) -> list[tuple[float, str, str, str, str]]:
    rows = []
    for row in paper.TABLE_1:
        estimate = row.mnist if dataset == "mnist" else row.tfd
        source = "the paper" if row.model == "gan" else f"{row.source}; copied in the paper"
        rows.append((estimate.value, row.label, words.as_printed(estimate), source, "Table 1"))
    for later in paper.LATER_RESULTS:
        printed = later.mnist if dataset == "mnist" else later.tfd
        if printed is not None:
            said = [part for part in later.note.split("; ") if dataset == "mnist" or "MNIST" not in part]
            rows.append((float(printed.split(" ± ")[0]), later.label, printed, later.source, "; ".join(said)))
    return rows
