"""Claims and verdicts: a line each in REPORT.md, and what decided each in results/report/claims.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro import paper
from gan_repro.report.curves import in_short
from gan_repro.tables.render import CODE, PROSE, markdown, sentence
from gan_repro.tables.words import in_todays_words
from gan_repro.util.text import markdown_cell
from gan_repro.verdicts.controls import WITHOUT
from gan_repro.verdicts.judge import Verdict

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_ABOUT = """A verdict is computed from the records and changes with them; training seeds are the unit, save
where the rule asks for one net (`estimator-poor`; its reason says so). It is *confirmatory* where every
trial that it judges began after its rule was fixed, and *exploratory* otherwise; *nothing judged*: what its
rule asks for is not recorded. A verdict on a printed number judges the column *As published* alone. *Holds*
and *does not hold* are what the rule says at its rate of errors; *cannot be told*: the records do not
suffice for either; *not determined by the source*: what the source leaves open was seen to move the number
from one side of the printed one to the other; *depends on how the chains are run*: the two ways of running
a row give opposite answers (of adversarial nets, two rates and lengths of training). A control is a case
whose right answer is known, put through the same rule. *Sees* is the smallest effect that the rule tells in
nine of ten simulated cases: nothing smaller is ruled out by *holds*, and where it is large, *cannot be told*
is the likely answer. What decided each, and which records, stands in
[results/report/claims.md](results/report/claims.md)."""

_WITHOUT_TFD = """Of the claims on the Toronto Face Database nothing is judged: its images are given out on
request alone, and the stand-in further below decides none of these claims."""

_READING = "not said by the paper, but often read out of its table"


def claims(material: Material) -> str:
    """Every claim in a line: its verdict, how far that carries, and what the controls of its rule gave."""
    rows = {
        claim.id: [
            sentence(claim.says) + (f" ({_READING})" if claim.kind == "reading" else ""),
            claim.place,
            f"**{verdict.ruling}**",
            _kind(verdict),
            *controls(material, claim.id),
            f"`{claim.id}`",
        ]
        for claim in paper.CLAIMS
        for verdict in [material.verdicts[claim.id]]
    }
    header = ["Claim", "Where", "Verdict", "Kind", "Controls right", "Sees", "Id"]
    on_tfd = [id for id in rows if id.startswith("tfd-")]
    unjudged = on_tfd if all(material.verdicts[id].standing.kind == "nothing judged" for id in on_tfd) else []
    judged = markdown(header, [row for id, row in rows.items() if id not in unjudged], keep=CODE)
    parts = ["## Claims and verdicts", _ABOUT, judged]
    if unjudged:
        parts += [_WITHOUT_TFD, markdown(header, [rows[id] for id in unjudged], keep=CODE)]
    return "\n\n".join(parts)


def claim_details(material: Material) -> str:
    """Of every claim the rule, what the records say, and which records."""
    told = {material.verdicts[claim.id].rule: claim.id for claim in reversed(paper.CLAIMS)}
    return "\n\n".join(_details(claim, material, told) for claim in paper.CLAIMS)


def controls(material: Material, claim: str) -> tuple[str, str]:
    """How many controls of a claim's rule were answered rightly, and how small an effect it sees.

    Empty where none was kept; of controls that an earlier version of the rule answered, that alone is said.
    """
    made = [control for control in material.controls if control.claim == claim and not control.skipped]
    if not made:
        return "", ""
    if any(control.stale for control in made):
        return "not run since the rule was changed", ""
    seen = dict.fromkeys(control.sees for control in made if control.sees)
    return f"{sum(control.right for control in made)} of {len(made)}", "; ".join(seen)


def _kind(verdict: Verdict) -> str:
    """How far a verdict carries; one that holds without a trial rests on what was printed alone."""
    kind = verdict.standing.kind
    return "no trial needed" if kind == "nothing judged" and verdict.ruling != "cannot be told" else kind


def _details(claim: paper.Claim, material: Material, told: Mapping[str, str]) -> str:
    """A claim's paragraph; the words of a rule stand with the first claim that it decides."""
    verdict = material.verdicts[claim.id]
    first = told[verdict.rule]
    rule = sentence(verdict.decided_by) if first == claim.id else f"as of `{first}`"
    reason = markdown_cell(sentence(in_todays_words(verdict.reason)), keep=PROSE)
    lines = [
        f"- Claim ({claim.place}): {sentence(claim.says)}.",
        f"- Rule `{verdict.rule}`: {rule}.",
        f"- {sentence(_kind(verdict))}: {verdict.standing.reason}.",
        f"- What the records say: {reason}.",
    ]
    if claim.kind == "reading":
        lines[0] = f"- {sentence(_READING)}: {claim.says}."
    evidence = [f"`{id}`" for id in verdict.trials] + [f"experiment `{name}`" for name in verdict.experiments]
    if evidence:
        lines.append(f"- Evidence: {', '.join(evidence)}.")
    if nets := _adversarial_nets(verdict, material):
        lines.append(f"- The adversarial nets among them were trained for {nets}.")
    lines += [f"- {line}" for line in _controls(material, claim.id)]
    return f"## `{claim.id}`: {verdict.ruling}\n\n" + "\n".join(lines)


def _adversarial_nets(verdict: Verdict, material: Material) -> str:
    """For how many epochs the nets behind a verdict on MNIST were trained, and of which seeds."""
    read = [material.experiments[name] for name in verdict.experiments if name in material.experiments]
    ids = {*verdict.trials, *(id for record in read for id in record.trial_ids)}
    return in_short(r for r in material.trials if r.spec.id in ids and r.spec.model == "gan")


def _controls(material: Material, claim: str) -> list[str]:
    """A line for each control of the claim's rule, or why it has none."""
    lines = []
    found = [control for control in material.controls if control.claim == claim]
    if any(control.stale for control in found):
        return ["Controls: not run since the rule was changed; `gan-repro report --controls` runs them."]
    for control in found:
        answer = f"answered {control.answer}" if control.answer else f"not made: {control.skipped}"
        wrong = "" if control.right else ", **wrongly**"
        sees = f"; sees {control.sees}" if control.sees else ""
        text = markdown_cell(f"{control.case}: {control.expected} is right, {answer}", keep=PROSE)
        lines.append(f"Control, {text}{wrong}{markdown_cell(sees, keep=PROSE)}.")
    if not lines and material.controls and claim in WITHOUT:
        lines.append(f"No control of its own: {WITHOUT[claim]}.")
    return lines
