"""REPORT.md, whole, from the results folder: no clock, no machine, the same bytes every time.

Every sentence with a number of ours in it is computed. What is not recorded is said to be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.tables.markdown import sentence

if TYPE_CHECKING:
    from gan_repro.verdicts.evidence import Evidence
    from gan_repro.verdicts.judge import Verdict

NAME = "REPORT.md"

_HEAD = """
# Do the numbers in Table 1 of "Generative Adversarial Nets" hold, and what do they mean?

The paper ([arXiv 1406.2661](https://arxiv.org/abs/1406.2661), 2014) scores four generative models by the mean
log-likelihood of test images, in nats, under Gaussians on 10,000 samples of the model. Here the models are
trained again and scored under one protocol, and each claim gets a verdict that is computed from the records.

`python -m gan_repro.report` writes this file from `results/` and nothing else; with `--check` it says whether
it is what the records give. A trial is named by its id, the name of its record in `results/trials/`. Only
trials under the presets `standard` and `paper` (the references' sizes) are counted.
"""


def render(results: Path) -> str:
    """The report of a results folder, in Markdown."""
    from gan_repro.report import findings, methods, training, variants
    from gan_repro.verdicts.evidence import Evidence
    from gan_repro.verdicts.judge import judge

    evidence = Evidence.load(results)
    verdicts = {verdict.claim: verdict for verdict in judge(evidence)}
    sections = [
        _HEAD,
        _answer(evidence, verdicts),
        findings.tables(evidence, results),
        training.training(evidence),
        variants.variants(evidence, results),
        findings.standings(evidence, results),
        findings.claims(verdicts),
        findings.protocol(evidence),
        findings.experiments(evidence),
        methods.figures(evidence, results),
        methods.deviations(evidence),
        methods.provenance(evidence),
        methods.missing(evidence, verdicts),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _answer(evidence: Evidence, verdicts: dict[str, Verdict]) -> str:
    from gan_repro.report.training import outlook

    numbers = [claim.id for claim in paper.CLAIMS if claim.id.split("-")[-1] in _ROWS]
    beside = [claim.id for claim in paper.CLAIMS if claim.kind == "argued" and claim.id not in _ABOUT_SCORES]
    of_225 = verdicts["mnist-gan"]
    scores = [
        f"{paper.LABELS[model]}: {trials.reached()}"
        for model in ("kmeans", "train-set", "gan")
        if (trials := evidence.trials("mnist", model)).records
    ]
    lines = [
        f"**225 ± 2 nats on MNIST: {of_225.ruling}.** {sentence(of_225.reason)}. {outlook(evidence)}".strip(),
        f"**The order of the four on MNIST: {verdicts['mnist-order'].ruling}; on TFD:"
        f" {verdicts['tfd-order'].ruling}.** Of the {len(numbers)} numbers of Table 1,"
        f" {_count(verdicts, numbers)}. Three of the four rows were copied from papers that leave settings"
        " out; verdicts on those are about our nets.",
        "**The ±.** That on MNIST it is the standard error across test images:"
        f" {verdicts['error-over-examples'].ruling}. That another training would land within it:"
        f" {verdicts['error-covers-training'].ruling}.",
        "**The measure.** That it is a poor one in high dimension, as the authors warn:"
        f" {verdicts['estimator-poor'].ruling}. {'; '.join(scores) or 'No reference has been scored'}.",
        f"**Beside the table.** Of {len(beside)} statements of the text, {_count(verdicts, beside)}.",
    ]
    return "## The answer\n\n" + "\n".join(f"{n}. {line}" for n, line in enumerate(lines, start=1))


_ROWS = frozenset(row.model for row in paper.TABLE_1)
_ABOUT_SCORES = frozenset({"error-over-examples", "estimator-poor"})


def _count(verdicts: dict[str, Verdict], claims: Sequence[str]) -> str:
    by_ruling: dict[str, list[str]] = {"holds": [], "does not hold": []}
    for claim in claims:
        by_ruling.setdefault(verdicts[claim].ruling, []).append(f"`{claim}`")
    held, failed, *untold = by_ruling.values()
    return (
        f"{len(held)} held{_listed(held)}, {len(failed)} did not{_listed(failed)}, and of"
        f" {sum(map(len, untold))} it cannot be told"
    )


def _listed(claims: Sequence[str]) -> str:
    return f" ({', '.join(claims)})" if claims else ""
