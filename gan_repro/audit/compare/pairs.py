"""Which entry of one side belongs to which of the other, and how the two differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from gan_repro.audit.compare.entries import Entry
from gan_repro.audit.compare.sides import Side
from gan_repro.audit.differences import differences
from gan_repro.stats.intervals import Comparison, TooFewSeedsError, paired

SOFT = ("settings", "versions", "machine", "code")
"""Kinds of facts of which only those are compared that both sides tell."""


@dataclass(frozen=True)
class Pair:
    """Two entries that were joined; differences are B minus A, in nats."""

    a: Entry
    b: Entry
    joined_by: str

    @property
    def protocol(self) -> str | None:
        """The protocol under which the two are compared: A's main one, or else the first that both have."""
        shared = [name for name in (self.a.protocol, *self.a.scores) if name in self.a.scores]
        return next((name for name in shared if name in self.b.scores), None)

    @property
    def difference(self) -> float | None:
        """Between the scores under `protocol`; None where one of the two has none."""
        if self.protocol is None:
            return None
        return self.b.scores[self.protocol].value - self.a.scores[self.protocol].value

    @property
    def same_samples(self) -> bool | None:
        """Whether the samples are the same to the bit; None where one of the two has none."""
        if self.a.samples_sha256 is None or self.b.samples_sha256 is None:
            return None
        return self.a.samples_sha256 == self.b.samples_sha256

    @property
    def parted(self) -> int | None:
        """The first epoch of training of which any number differs; None if none that both have does."""
        both = zip(self.a.curve, self.b.curve, strict=False)
        return next((one.epoch for one, other in both if one != other), None)

    @property
    def last_look(self) -> tuple[int, float, float] | None:
        """(epoch, A's and B's validation mean in nats) of the last epoch at which both were looked at."""
        seen = {point.epoch: point.valid_mean for point in self.a.curve if point.valid_mean is not None}
        both = [
            (point.epoch, seen[point.epoch], point.valid_mean)
            for point in self.b.curve
            if point.valid_mean is not None and point.epoch in seen
        ]
        return both[-1] if both else None

    @property
    def identical(self) -> bool:
        """Whether status, samples, scores and learning curve are the same to the bit."""
        return self.same_samples is not False and (self.a.status, self.a.scores, self.a.curve) == (
            self.b.status,
            self.b.scores,
            self.b.curve,
        )

    @property
    def agree(self) -> bool:
        """Whether of all that both have nothing differs: one of the two may have got less far."""
        return self.same_samples is not False and self.parted is None and not self.difference

    @property
    def lost(self) -> bool:
        """Whether A has a score and B has none that could be compared with it."""
        return bool(self.a.scores) and self.protocol is None

    def over_images(self) -> Comparison | None:
        """Compare image by image; None where a file lacks these values, or they are of other images."""
        name = self.protocol
        if name is None or name not in self.a.log_likelihoods or name not in self.b.log_likelihoods:
            return None
        first, second = self.a.log_likelihoods[name], self.b.log_likelihoods[name]
        if self.a.facts["data"] != self.b.facts["data"] or len(first) != len(second):
            return None
        return paired(dict(enumerate(second)), dict(enumerate(first)))

    def changes(self) -> dict[str, list[tuple[str, Any, Any]]]:
        """List what differs of that on which the scores hang, by kind: (what, A's, B's)."""
        found: dict[str, list[tuple[str, Any, Any]]] = {}
        for kind in dict.fromkeys([*self.a.facts, *self.b.facts]):
            old, new = dict(self.a.facts.get(kind, {})), dict(self.b.facts.get(kind, {}))
            if kind in SOFT:
                told = [key for key in old if old[key] is not None and new.get(key) is not None]
                old, new = {key: old[key] for key in told}, {key: new[key] for key in told}
            if changed := list(differences(old, new)):
                found[kind] = changed
        return found


@dataclass(frozen=True)
class Joined:
    """All entries of two sides."""

    pairs: tuple[Pair, ...]
    only_in_a: tuple[Entry, ...]
    only_in_b: tuple[Entry, ...]


def join(a: Side, b: Side) -> Joined:
    """Join the entries of two sides by spec id, else by row, data set and seed.

    Where several trials of a row, a data set and a seed are left on a side, the preset tells them apart; what
    is still not told apart is joined with nothing. Two single files are joined whatever they hold.

    Raises:
        ValueError: two single files are scores on other images, or no entry of A belongs to one of B.
    """
    if a.is_file and b.is_file:
        one, other = a.entries[0], b.entries[0]
        if (one.dataset, one.fold) != (other.dataset, other.fold):
            raise ValueError(
                f"{a.name} is scored on {one.dataset} and {b.name} on {other.dataset}, or on another fold of "
                "it; compare scores on the same images"
            )
        return Joined((Pair(one, other, "name on the command line"),), (), ())
    left, right = list(a.entries), list(b.entries)
    pairs: list[Pair] = []
    for joined_by, key in _KEYS:
        first, second = _unique(left, key), _unique(right, key)
        found = [(entry, second[name]) for name, entry in first.items() if name in second]
        pairs += [Pair(one, other, joined_by) for one, other in found]
        gone_left, gone_right = {id(one) for one, _ in found}, {id(other) for _, other in found}
        left = [entry for entry in left if id(entry) not in gone_left]
        right = [entry for entry in right if id(entry) not in gone_right]
    if not pairs:
        raise ValueError(
            f"{a.name} and {b.name} have no trial or score in common, neither by spec id nor by row, data "
            "set and seed"
        )
    return Joined(tuple(pairs), tuple(left), tuple(right))


def over_seeds(pairs: Sequence[Pair]) -> dict[str, Comparison]:
    """Compare rows of which both sides have two or more of the same seeds, by a paired t interval.

    The same seed means the same order of the training images and the same noise, which pairs the trainings.
    Of a data set with folds the mean difference over the folds counts.
    """
    rows: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        if pair.difference is not None and pair.a.seed is not None and pair.a.seed == pair.b.seed:
            presets = " to ".join(dict.fromkeys(str(entry.preset) for entry in (pair.a, pair.b)))
            rows[f"{pair.a.row} {pair.a.dataset} {presets}"][pair.a.seed].append(pair.difference)
    found = {}
    for row, seeds in rows.items():
        means = {seed: sum(values) / len(values) for seed, values in seeds.items()}
        try:
            found[row] = paired(means, dict.fromkeys(means, 0.0))
        except TooFewSeedsError:
            continue
    return found


_Key = Callable[[Entry], Hashable]


def _place(entry: Entry) -> tuple[Hashable, ...]:
    return entry.row, entry.dataset, entry.fold, entry.seed


_KEYS: tuple[tuple[str, _Key], ...] = (
    ("spec id", lambda entry: entry.id),
    ("row, data set, seed and preset", lambda entry: (*_place(entry), entry.preset)),
    ("row, data set and seed", _place),
)


def _unique(entries: Sequence[Entry], key: _Key) -> dict[Hashable, Entry]:
    """The entries by key, without those that share theirs or have none."""
    found: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (name := key(entry)) is not None:
            found[name].append(entry)
    return {name: same[0] for name, same in found.items() if len(same) == 1}
