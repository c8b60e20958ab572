"""A comparison for people, as text, and for programs, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan_repro.audit.compare.causes import Changes, causes
from gan_repro.audit.compare.entries import Entry
from gan_repro.audit.compare.pairs import Joined, Pair
from gan_repro.audit.compare.sides import Side
from gan_repro.stats.intervals import Comparison
from gan_repro.util.text import one_line

_SPEC = ("data", "configuration", "samples")
_WIDTH = 12


@dataclass(frozen=True)
class Compared:
    """A pair with all that is told of it."""

    pair: Pair
    changes: Changes
    code: bool | None
    """`causes.code_matters`; None also where the commits are the same."""

    @property
    def causes(self) -> list[str]:
        """The kinds of facts that can account for a difference."""
        return causes(self.changes, self.code)


def text(a: Side, b: Side, joined: Joined, compared: Sequence[Compared], rows: dict[str, Comparison]) -> str:
    """Write the comparison in words: how many are the same, each pair that differs, and rows over seeds."""
    same = [each for each in compared if each.pair.identical]
    elsewhere = sum("machine" in each.changes for each in same)
    parts = [
        "\n".join(
            [
                f"A: {one_line(a.name)}, {len(a.entries)} {_plural('score', a)}",
                f"B: {one_line(b.name)}, {len(b.entries)} {_plural('score', b)}",
                f"{len(compared)} joined ({_how(compared)}), {len(joined.only_in_a)} only in A, "
                f"{len(joined.only_in_b)} only in B",
                f"{len(same)} the same to the bit"
                + (f", {elsewhere} of them from another machine" if elsewhere else ""),
            ]
        )
    ]
    parts += [_block(each) for each in compared if not each.pair.identical]
    if moved := {row: found for row, found in rows.items() if found.mean or found.interval.half_width}:
        lines = [
            f"  {one_line(row)}: {found.mean:+.1f} {found.interval} nats, seeds {_listed(found.seeds)}"
            for row, found in moved.items()
        ]
        parts.append("Over seeds, B - A, mean with its paired 95 % interval:\n" + "\n".join(lines))
    return "\n\n".join(parts)


def to_dict(
    a: Side, b: Side, joined: Joined, compared: Sequence[Compared], rows: dict[str, Comparison]
) -> dict[str, Any]:
    """Return the comparison as plain values; differences are B minus A, in nats."""
    return {
        "a": {"name": a.name, "scores": len(a.entries), "left_out": list(a.problems)},
        "b": {"name": b.name, "scores": len(b.entries), "left_out": list(b.problems)},
        "pairs": [_pair(each) for each in compared],
        "rows": [{"row": row, **_comparison(found)} for row, found in rows.items()],
        "only_in_a": [_entry(entry) for entry in joined.only_in_a],
        "only_in_b": [_entry(entry) for entry in joined.only_in_b],
    }


def _pair(each: Compared) -> dict[str, Any]:
    pair, images = each.pair, each.pair.over_images()
    look = pair.last_look
    return {
        "joined_by": pair.joined_by,
        "protocol": pair.protocol,
        "a": _entry(pair.a),
        "b": _entry(pair.b),
        "difference": pair.difference,
        "over_test_images": None if images is None else _comparison(images),
        "identical": pair.identical,
        "same_samples": pair.same_samples,
        "curves_part_at_epoch": pair.parted,
        "last_common_look": None if look is None else dict(zip(("epoch", "a", "b"), look, strict=True)),
        "changes": {
            kind: [{"what": what, "a": old, "b": new} for what, old, new in changed]
            for kind, changed in each.changes.items()
        },
        "code_that_trains_and_scores_differs": each.code,
        "possible_causes": each.causes,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "row": entry.row,
        "dataset": entry.dataset,
        "fold": entry.fold,
        "seed": entry.seed,
        "preset": entry.preset,
        "status": entry.status,
        "scores": {name: score.model_dump() for name, score in entry.scores.items()},
        "samples_sha256": entry.samples_sha256,
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    seeds = {} if len(found.seeds) > 50 else {"seeds": list(found.seeds)}  # not the numbers of test images
    return {
        "difference": found.mean,
        "interval": [found.interval.low, found.interval.high],
        "confidence": found.interval.confidence,
        "p_value": found.p_value,
        "n": found.interval.n,
        **seeds,
    }


def _block(each: Compared) -> str:
    pair = each.pair
    name = pair.a.title if pair.a.title == pair.b.title else f"{pair.a.title} and {pair.b.title}"
    said = [("A", _state(pair.a, pair.protocol)), ("B", _state(pair.b, pair.protocol))]
    if pair.difference is not None:
        images = pair.over_images()
        over = "" if images is None else f", paired over {images.interval.n:,} test images {images.interval}"
        # A difference that one decimal would hide is none of the size of a finding, but not none.
        size = f"{pair.difference:+.1f}" if abs(pair.difference) >= 0.05 else f"{pair.difference:+.1e}"
        said.append(("B - A", f"{size} nats under {pair.protocol}{over}"))
    if pair.a.curve and pair.b.curve:
        said.append(("training", _training(pair)))
    bits = {True: "the same bits", False: "other bits", None: "not on both sides"}[pair.same_samples]
    said.append(("samples", bits))
    for kind, changed in each.changes.items():
        told = "; ".join(f"{what}: {_short(old)} -> {_short(new)}" for what, old, new in changed)
        same = ", the same in all that trains and scores" if kind == "code" and each.code is False else ""
        said.append((kind, told + same))
    said.append(("so", _verdict(each)))
    identity = "" if pair.a.id is None or pair.a.id != pair.b.id else f" ({pair.a.id})"
    lines = [f"  {label:<{_WIDTH}}{one_line(words)}" for label, words in said]
    return "\n".join([one_line(name + identity), *lines])


def _verdict(each: Compared) -> str:
    found = each.causes
    spec = [kind for kind in found if kind in _SPEC]
    others = [kind for kind in found if kind not in _SPEC]
    if each.pair.agree:
        return "no number that both have differs"
    if spec:
        also = f", and beside it the {_listed(others)}" if others else ""
        return f"not the same thing was asked for: {_listed(spec)} differ{'s' * (len(spec) == 1)}{also}"
    if each.pair.a.seed is None and each.pair.same_samples is False:
        return f"other samples were scored{f'; besides differ: {_listed(others)}' if others else ''}"
    if not others:
        return "nothing explains a difference: spec, settings, versions and machine are the same"
    if others == ["machine"]:
        return "the machine is the difference: spec, settings, versions and code are the same"
    return f"the same was asked for; what differs: {_listed(others)}"


def _training(pair: Pair) -> str:
    both = min(pair.a.curve[-1].epoch, pair.b.curve[-1].epoch)
    told = (
        f"the same over {both} epochs" if pair.parted is None else f"other numbers from epoch {pair.parted}"
    )
    if pair.last_look is None or pair.parted is None:
        return told
    epoch, one, other = pair.last_look
    return f"{told}; validation after {epoch} epochs {one:.1f} and {other:.1f} nats, {other - one:+.1f}"


def _state(entry: Entry, protocol: str | None) -> str:
    if entry.scores:
        return f"{entry.scores[protocol or entry.protocol]} nats"
    after = f" after epoch {entry.curve[-1].epoch}" if entry.curve else ""
    return f"{entry.status}{after}, no score"


def _how(compared: Sequence[Compared]) -> str:
    ways = [each.pair.joined_by for each in compared]
    return ", ".join(f"{ways.count(way)} by {way}" for way in dict.fromkeys(ways))


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _short(value: Any) -> str:
    """A value in a sentence; of a hash its beginning."""
    if isinstance(value, str) and len(value) in (40, 64) and all(c in "0123456789abcdef" for c in value):
        return value[:12]
    return str(value)


def _plural(word: str, side: Side) -> str:
    return word if len(side.entries) == 1 else f"{word}s"
