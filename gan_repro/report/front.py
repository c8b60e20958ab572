"""The first half page of REPORT.md: what was asked, one table, and three sentences on what moves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.experiments import chains
from gan_repro.report.curves import furthest, is_collapsed, waiting_trainings, whole_trainings
from gan_repro.report.training import GOAL
from gan_repro.tables import words
from gan_repro.tables.cell import CUT, Cell, cell_text, seed_count
from gan_repro.tables.render import CODE, markdown, sentence
from gan_repro.tables.table import PRINTED_ROWS, REFERENCE_ROWS, Column, Table
from gan_repro.trials.rows import label
from gan_repro.util.folders import RESULTS
from gan_repro.verdicts import sensitivity
from gan_repro.verdicts.decision import FAILS
from gan_repro.verdicts.published import WITH_CHAINS
from gan_repro.verdicts.rules import rules

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

ROWS = (*PRINTED_ROWS, *REFERENCE_ROWS)

HEAD = """
# Do the numbers in Table 1 of "Generative Adversarial Nets" hold, and what do they mean?

The paper ([arXiv 1406.2661](https://arxiv.org/abs/1406.2661), 2014) scores four generative models by the mean
log-likelihood of test images, in nats, under Gaussians of one width, sigma, around each of 10,000 samples of
the model (Parzen windows); sigma is chosen on validation images. Here they are trained again and scored under
one protocol. Every number and every verdict below is computed from the records in `{folder}/` by
`{command}`; `--check` says whether this page is what they give.
"""


def front(material: Material) -> str:
    """The table of MNIST with seeds and status, the notes that it needs, and the three sentences."""
    table = material.tables["mnist"]
    cells = [cell for row, _, cell in table.cells() if row in paper.LABELS]
    notes = [*words.error_notes(cells), "The paper's ± is over test images."]
    if any(cell.smaller for cell in cells):
        notes.append(f"{CUT}: smaller or trained for less than the reference, or set for short training.")
    notes += words.short_trainings(cells)
    candidates = rules().best_by_search.candidates
    notes.append(
        "As published: ours, run as the row's source says (DBN and stacked CAE: Bengio et al., ICML 2013;"
        " deep GSN: Bengio et al., ICML 2014, and its code; adversarial nets: the settings of the authors'"
        " code), and by our choice where that is silent: the chains of DBN and stacked CAE are one of"
        " consecutive states. Best by search: ours, with settings searched for on validation images,"
        f" of {candidates} candidates for each row, and for those with Markov chains of as many ways of"
        f" sampling{_same_nets(table)}. Seeds: as published / by search, of those that the rules name."
    )
    return "\n\n".join(
        [
            HEAD.strip().format(folder=material.name, command=_command(material)),
            _short(material),
            "## MNIST",
            markdown(*headline(material), keep=CODE),
            " ".join(notes),
            "\n".join(f"- {line}" for line in (_sampler(material), _stopping(material), _sigma(table))),
        ]
    )


def _same_nets(table: Table) -> str:
    """Say of which rows with Markov chains both columns have the same trained nets, and of which not."""
    columns = [table.column(kind) for kind in ("as published", "best by search")]
    nets = {
        row: [set(cell.trials) for column in columns if column and (cell := column.cells.get(row))]
        for row in WITH_CHAINS
    }
    both = {row: found[0] & found[1] for row, found in nets.items() if len(found) == len(columns)}
    same = [label(row) for row, shared in both.items() if shared]
    other = [label(row) for row, shared in both.items() if not shared]
    said = [f"; both columns have the same nets, and other chains, of {', '.join(same)}"] if same else []
    said += [f"; the nets, too, are others of {', '.join(other)}"] if other else []
    return "".join(said)


def _command(material: Material) -> str:
    """What writes this report, said from the folder that the records' own lies in."""
    own = "" if material.name == str(RESULTS) else f" --results {material.name}"
    return f"python -m gan_repro.report{own}"


def _short(material: Material) -> str:
    """The answer in a list: what was ruled on the printed numbers, and what the measure rewards."""
    of_rows: dict[str, list[str]] = {}
    for row in PRINTED_ROWS:
        of_rows.setdefault(material.verdicts[f"mnist-{row}"].ruling, []).append(label(row))
    of_four = "; ".join(f"{ruling}: {', '.join(of_ruling)}" for ruling, of_ruling in of_rows.items())
    lines = [f"Do the four numbers printed for MNIST hold? {sentence(of_four)}."]
    table = material.tables["mnist"]
    published, best = table.column("as published"), table.column("best by search")
    if best and (apart := _apart(table, best)):
        lines.append(
            "With settings and chains chosen on validation images, scores are away from the printed ones by,"
            f" nats: {apart}."
        )
    if whole := whole_trainings(material):
        said = [
            f"{r.score.log_likelihood.value:.1f} (seed {r.spec.seed}"
            f"{', collapsed' if is_collapsed(material, r) else ''})"
            for r in whole
        ]
        lines.insert(
            1,
            "Trained by the released recipe for their whole length, adversarial nets score"
            f" {', '.join(said)}, where {GOAL:g} is printed.",
        )
    scores = {row: c.score.value for row, c in published.cells.items() if c.score} if published else {}
    if {"kmeans", "train-set"} <= scores.keys():
        lines.append(
            f"The measure puts the centroids of k-means, {scores['kmeans']:.0f}, above the training images"
            f" themselves, {scores['train-set']:.0f}."
        )
    of_all = _counted(material.verdicts, material)
    lines.append(f"Of all {len(material.verdicts)} claims, in words that are explained below: {of_all}.")
    return "**In short:**\n\n" + "\n".join(f"- {line}" for line in lines)


def _counted(claims: Iterable[str], material: Material) -> str:
    """How many of these claims got which ruling, and how many of those by a rule older than its trials."""
    rulings: dict[str, list[str]] = {}
    for claim in claims:
        rulings.setdefault(material.verdicts[claim].ruling, []).append(claim)
    readings = {claim.id for claim in paper.CLAIMS if claim.kind == "reading"}
    counted = []
    for ruling, ids in sorted(rulings.items(), key=lambda item: -len(item[1])):
        kinds, said = [material.verdicts[id].standing.kind for id in ids], []
        if ruling == FAILS and readings.issuperset(ids):
            said.append("a common reading of the table, not a claim of the paper")
        if confirmatory := kinds.count("confirmatory"):
            said.append(f"{confirmatory} confirmatory")
        if ruling == "cannot be told" and (unjudged := kinds.count("nothing judged")):
            said.append(f"{unjudged} for want of any trial")
        counted.append(f"{ruling} {len(kinds)}" + (f" ({', '.join(said)})" if said else ""))
    return ", ".join(counted)


def _apart(table: Table, column: Column) -> str:
    """How far each row's score in a column is from the printed number, in words; empty without any."""
    parts = []
    for row in PRINTED_ROWS:
        cell, printed = column.cells.get(row), table.printed(row)
        if cell and cell.score and printed:
            cut = " (cut short)" if cell.smaller else ""
            parts.append(f"{label(row)} {cell.score.value - printed.value:+.0f}{cut}")
    return ", ".join(parts)


def headline(material: Material) -> tuple[list[str], list[list[str]]]:
    """The table itself: a header, and a row for each of `ROWS`."""
    table = material.tables["mnist"]
    published, best = table.column("as published"), table.column("best by search")
    rows = []
    for row in ROWS:
        cells = [column.cells.get(row) if column else None for column in (published, best)]
        printed = row in PRINTED_ROWS
        shown = [cell_text(cell) if cell or printed else "" for cell in cells]
        seeds = " / ".join(seed_count(cell) if cell else "0" for cell in cells[: 2 if printed else 1])
        status = material.verdicts[f"mnist-{row}"].ruling if printed else "reference"
        rows.append([label(row), words.as_printed(table.printed(row)), *shown, seeds, status])
    return ["Row", "Paper", "As published", "Best by search", "Seeds", "Does the printed number hold?"], rows


def _sampler(material: Material) -> str:
    """What the way of running the chains is worth, of one and the same trained nets."""
    record = material.experiments.get(chains.NAME)
    effects = sensitivity.as_published(record, material.trials) if record else {}
    if not effects:
        return "**Sampler.** What the way of running the chains is worth has not been recorded."
    gains = ", ".join(f"{label(row)} {-effect:+.0f}" for row, (effect, _) in effects.items())
    silent = [label(row) for row in WITH_CHAINS if "chains" in rules().as_published.row(row).silent_on]
    return (
        "**Sampler.** How the Markov chains are run moves the score of one and the same net. With many"
        " chains, as the search found best, instead of one, as published, the same nets score higher by,"
        f" nats: {gains}. The sources of {' and '.join(silent)} do not say how they ran theirs."
    )


def _stopping(material: Material) -> str:
    """How long the adversarial nets were to be trained, and how far the longest training has come."""
    head = (
        "**Stopping.** The released recipe names no end of training; ours is 2,000 epochs, fixed before"
        f" those trainings began, and the last generator is scored.{_not_there_yet(material)}"
    )
    reached = furthest(material)
    if reached is None:
        return f"{head} None of full size has been recorded."
    seed, epoch, value = reached
    how_much = " (by how much stands below)" if whole_trainings(material) else ""
    return (
        f"{head} Of all trainings by this recipe, earlier and unfinished ones included, the highest"
        f" validation likelihood is {value:.1f} nats, after {epoch:,} epochs of seed {seed}: with sigma"
        f" optimised on these images, which is kinder than the measure of the table's {GOAL:g}{how_much}."
    )


def _not_there_yet(material: Material) -> str:
    """Say in sentences which of those trainings are still to be judged; empty once none is."""
    column = material.tables["mnist"].column("as published")
    cell = column.cells.get("gan") if column else None
    ended = waiting_trainings(material)
    shorter = " The nets in the table were trained for less." if cell and cell.smaller else ""
    if not ended:
        return f" None of these trainings has ended.{shorter}" if shorter else ""
    seeds = ", ".join(str(seed.seed) for seed in cell.done) if cell and not shorter else ""
    judged = f" In the table: seed {seeds}." if seeds else ""
    scores = ", ".join(f"seed {r.spec.seed} scores {r.score.log_likelihood}" for r in ended)
    return (
        f"{judged} Ended and not judged yet: {scores} (± across test images). Seeds are judged in their"
        f" order, once all before them have ended.{shorter}"
    )


def _sigma(table: Table) -> str:
    """What the coarse grid of sigmas takes from each row's score."""
    lost = {}
    for row in PRINTED_ROWS:
        cell = _longest(table, row)
        if cell and cell.score and cell.refined:
            lost[row] = cell.refined.value - cell.score.value
    if not lost:
        return "**Sigma.** What the authors' ten sigmas take from a score has not been recorded."
    listed = ", ".join(f"{label(row)} {value:.1f}" for row, value in lost.items())
    return (
        "**Sigma.** The authors' ten sigmas lie 29 % apart; a continuous one, chosen on all validation"
        f" images, would give more, nats: {listed}."
    )


def _longest(table: Table, row: str) -> Cell | None:
    cells = [column.cells[row] for column in table.columns if row in column.cells]
    return next((cell for cell in cells if cell.score is not None and cell.refined is not None), None)
