"""Claims and verdicts: a line each in REPORT.md, and what decided each in results/report/claims.md."""

from __future__ import annotations

from gan_repro import paper
from gan_repro.report.material import Material
from gan_repro.tables.collect import in_todays_words
from gan_repro.tables.render import CODE, PROSE, markdown, sentence
from gan_repro.util.text import markdown_cell
from gan_repro.verdicts.judge import Verdict

_ABOUT = """A verdict is computed from the records and changes with them; training seeds are the unit. It is
*confirmatory* where every trial that it judges began after its rule was fixed, and *exploratory* otherwise.
A control is a case whose right answer is known, put through the same rule. What decided each, and which
records, stands in [results/report/claims.md](results/report/claims.md)."""

_READING = "not said by the paper, but often read out of its table"


def claims(material: Material) -> str:
    """Every claim in a line: its verdict, how far that carries, and what the controls of its rule gave."""
    rows = [
        [
            sentence(claim.says) + (f" ({_READING})" if claim.kind == "reading" else ""),
            claim.place,
            f"**{verdict.ruling}**",
            verdict.standing.kind,
            controls(verdict),
            f"`{claim.id}`",
        ]
        for claim in paper.CLAIMS
        for verdict in [material.verdicts[claim.id]]
    ]
    header = ["Claim", "Where", "Verdict", "Kind", "Controls", "Id"]
    return "\n\n".join(["## Claims and verdicts", _ABOUT, markdown(header, rows, keep=CODE)])


def claim_details(material: Material) -> str:
    """Of every claim the rule, what the records say, and which records."""
    return "\n\n".join(_details(claim, material.verdicts[claim.id]) for claim in paper.CLAIMS)


def controls(verdict: Verdict) -> str:
    """How many controls of the verdict's rule gave the right answer; empty where it has none."""
    found = getattr(verdict, "controls", ())
    return f"{sum(control.right for control in found)} of {len(found)} right" if found else ""


def _details(claim: paper.Claim, verdict: Verdict) -> str:
    reason = markdown_cell(sentence(in_todays_words(verdict.reason)), keep=PROSE)
    lines = [
        f"- Claim ({claim.place}): {sentence(claim.says)}.",
        f"- Rule `{verdict.rule}`: {sentence(verdict.decided_by)}.",
        f"- {sentence(verdict.standing.kind)}: {verdict.standing.reason}.",
        f"- What the records say: {reason}.",
    ]
    if claim.kind == "reading":
        lines[0] = f"- {sentence(_READING)}: {claim.says}."
    evidence = [f"`{id}`" for id in verdict.trials] + [f"experiment `{name}`" for name in verdict.experiments]
    if evidence:
        lines.append(f"- Evidence: {', '.join(evidence)}.")
    return f"## `{claim.id}`: {verdict.ruling}\n\n" + "\n".join(lines)
