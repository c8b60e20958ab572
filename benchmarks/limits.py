"""The limits that the speed of this project is held to, and the table of what was recorded beside them.

Medians are held to them, on CPUs: as long as launches take a card's time, a limit would be theirs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from benchmarks.common import MODELS, PLACES
from benchmarks.recorded import Run, spoken, table


class Limit(NamedTuple):
    """The most or the least that a number may be."""

    sign: str
    """≤ or ≥."""
    one_thread: float
    two_threads: float

    def __str__(self) -> str:
        """As the page shows it."""
        more = "" if self.two_threads == self.one_thread else f" (2 threads: {self.two_threads:g})"
        return f"{self.sign} {self.one_thread:g}{more}"

    def holds(self, value: float, threads: int = 1) -> bool:
        """Whether a value keeps to it on so many threads."""
        limit = self.one_thread if threads == 1 else self.two_threads
        return value <= limit if self.sign == "≤" else value >= limit

    def mark(self, shown: str, value: float | None, place: str = PLACES[0]) -> str:
        """What is shown of a value, in bold where that is beyond the limit; a card is held to none."""
        if value is None or math.isnan(value) or place == "cuda":
            return shown
        return shown if self.holds(value, PLACES.index(place) + 1) else f"**{shown}**"


def _most(one_thread: float, two_threads: float | None = None) -> Limit:
    return Limit("≤", one_thread, one_thread if two_threads is None else two_threads)


DENSITY_OVER_PRODUCTS = _most(0.6)
MANY_SAMPLES_OVER_PRODUCTS = _most(0.4)
STEP_OVER_PRODUCTS = _most(1.15, 1.25)
STEP_BY_BFLOAT16 = Limit("≥", 1.5, 1.5)
STEP_OVER_PLAIN = Limit("≥", 1.5, 1.5)
MEGABYTES_BEYOND_THE_FILE = _most(500)
TEN_TIMES_THE_SAMPLES = _most(12)
"""Times the seconds: linear time, and a fifth to spare."""
SECONDS_OF_HELP = _most(0.5)

_FROZEN = "plain, D frozen in G's step"
_SPEEDUP = "bench_training.AgainstPlainPyTorch.track_speedup"
_STEPS = [
    ("in times of its products", STEP_OVER_PRODUCTS, "track_ratio_to_products"),
    ("times faster by --products onednn", None, "track_speedup_by_onednn"),
    ("times faster in bfloat16", STEP_BY_BFLOAT16, "track_speedup_by_bfloat16"),
]
# What, the limit, the benchmark, and its parameters before place and statistic.
_ROWS: list[tuple[str, Limit | None, str, tuple[Any, ...]]] = [
    (
        "Parzen, the authors' protocol, in times of its dense matrix products",
        DENSITY_OVER_PRODUCTS,
        "bench_parzen.AuthorsProtocol.track_ratio_to_products",
        (),
    ),
    (
        "the same with 100,000 samples",
        MANY_SAMPLES_OVER_PRODUCTS,
        "bench_many_samples.ManySamples.track_ratio_to_products",
        (),
    ),
    *(
        (f"{model.upper()} step, {what}", limit, f"bench_training.AgainstProducts.{benchmark}", (model,))
        for what, limit, benchmark in _STEPS
        for model in MODELS
    ),
    ("GAN step, times faster than plain PyTorch", STEP_OVER_PLAIN, _SPEEDUP, ("plain",)),
    ("the same, if plain PyTorch spares D's gradients in G's step", None, _SPEEDUP, (_FROZEN,)),
    ("the same under torch.compile", None, _SPEEDUP, ("plain, compiled",)),
]

_OF_A_MILLION = [
    "Parzen, MB beyond a mapped file of 1,000,000 samples",
    "Parzen, 1,000,000 samples in a mapped file, in times of the seconds for 100,000",
]
_MEGABYTES = "bench_parzen.Memory.track_megabytes_beyond_the_file"
_COUNTED_TOO_LITTLE = (
    "The MB beyond a mapped file are of version 1 of the benchmark, which read too low: what had been freed "
    "before was taken first and not counted."
)


def limits(run: Run) -> str:
    """What a machine recorded beside its limits; a median beyond its limit is bold."""
    rows = []
    for what, limit, benchmark, first in _ROWS:
        cells = []
        for place in PLACES:
            shown = run.with_worst(benchmark, *first, place)
            median = run.value(benchmark, *first, place, "median")
            cells.append(limit.mark(shown, median, place) if limit else shown)
        rows.append([what, f"{limit or ''}", *cells])
    beyond = MEGABYTES_BEYOND_THE_FILE, run.show(_MEGABYTES, 1_000_000), run.value(_MEGABYTES, 1_000_000)
    sizes = "bench_parzen.Memory.time_density", [1_000_000], [100_000]
    growth = TEN_TIMES_THE_SAMPLES, run.times(*sizes), run.ratio(*sizes)
    for what, (limit, shown, value) in zip(_OF_A_MILLION, (beyond, growth), strict=True):
        rows.append([what, str(limit), limit.mark(shown, value), "", ""])
    note = f"\n\n{_COUNTED_TOO_LITTLE}" if run.versions.get(_MEGABYTES) == "1" else ""
    return table(["", "limit", *map(spoken, PLACES)], rows) + note
