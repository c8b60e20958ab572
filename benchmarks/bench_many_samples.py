"""The Parzen density of more samples than a table uses: the more there are, the fewer of them matter."""

from __future__ import annotations

from benchmarks.common import (
    BEST_PLACES,
    PLACES,
    STATISTICS,
    Seconds,
    against_products,
    at_each,
    pick,
    ratios,
    summary,
)


class ManySamples:
    """The same protocol on 100,000 samples, the training images twice: limit 0.4."""

    version = "1"
    params = [[*BEST_PLACES, "cpu-1-thread"], STATISTICS]
    param_names = ["place", "statistic"]
    timeout = 900

    def setup_cache(self) -> dict[str, Seconds]:
        return at_each(PLACES, self.measure)

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    @staticmethod
    def measure(device: str) -> Seconds:
        return against_products(device, 100_000, repetitions=3)

    def setup(self, measured: dict[str, Seconds], place: str, statistic: str) -> None:
        self.seconds = pick(measured, place)

    def track_ratio_to_products(self, measured: dict[str, Seconds], place: str, statistic: str) -> float:
        return summary(ratios(self.seconds, "ours", "products"), statistic)

    track_ratio_to_products.unit = "times the products"  # type: ignore[attr-defined]
