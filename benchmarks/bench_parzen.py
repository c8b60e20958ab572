"""The Parzen density: against the products of all its distances, against peers, and how its cost grows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import (
    BEST_PLACES,
    PLACES,
    STATISTICS,
    Seconds,
    against_products,
    at_each,
    cut,
    finish,
    images,
    in_turn,
    pick,
    ratios,
    summary,
    use,
)
from benchmarks.memory import mapped, megabytes_beyond

SIGMA = 0.17
"""Near the best for MNIST; the wider one is, the more terms matter."""
CENTERS = 10_000
_SAMPLES = Path("samples.npy")
"""In the folder where a class of benchmarks runs, its setup_cache included."""


class AuthorsProtocol:
    """10,000 samples, 1,000 validation images x 10 sigmas, 10,000 test images x 1 sigma: limit 0.6."""

    version = "1"
    params = [PLACES, STATISTICS]
    param_names = ["place", "statistic"]
    timeout = 900

    def setup_cache(self) -> dict[str, Seconds]:
        return at_each(PLACES, self.measure)

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    @staticmethod
    def measure(device: str) -> Seconds:
        return against_products(device, CENTERS)

    def setup(self, measured: dict[str, Seconds], place: str, statistic: str) -> None:
        self.seconds = pick(measured, place)

    def track_ratio_to_products(self, measured: dict[str, Seconds], place: str, statistic: str) -> float:
        return summary(ratios(self.seconds, "ours", "products"), statistic)

    track_ratio_to_products.unit = "times the products"  # type: ignore[attr-defined]

    def track_seconds(self, measured: dict[str, Seconds], place: str, statistic: str) -> float:
        return summary(self.seconds["ours"], statistic)

    track_seconds.unit = "s"  # type: ignore[attr-defined]


class Peers:
    """The same protocol as others compute it, on fewer points and scaled up; accuracy against float64."""

    version = "1"
    params = [
        [
            "gan_repro",
            "torch matmul and logsumexp",
            "formula of parzen_ll.py",
            "scikit-learn KernelDensity",
            "KeOps",
            "FAISS, 100 nearest",
            "scikit-learn KernelDensity, one leaf",
            "mlpack",
        ]
    ]
    param_names = ["peer"]
    timeout = 900

    def setup_cache(self) -> dict[str, dict[str, float]]:
        return at_each(["cpu-2-threads"], self.measure).get("cpu-2-threads", {})

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    @staticmethod
    def measure(device: str) -> dict[str, dict[str, float]]:
        import numpy as np
        import torch
        from threadpoolctl import threadpool_limits

        from benchmarks.peers import PEERS, reference
        from gan_repro.parzen.protocols import AUTHORS_SIGMAS

        centers, test = torch.from_numpy(images(CENTERS)), torch.from_numpy(images(10_000, "test"))
        exact = reference(test[:20].numpy(), centers.numpy(), SIGMA)
        scorers, found = {}, {}
        for name, peer in PEERS.items():
            try:
                scorers[name] = peer.prepare(centers)
            except NotImplementedError as reason:
                print(f"{name} is left out: {reason}")
        with threadpool_limits(torch.get_num_threads()):
            for name, score in scorers.items():
                few = test[: PEERS[name].points]

                def protocol(score: Any = score, few: Any = few) -> None:
                    score(few[: max(1, len(few) // 10)], AUTHORS_SIGMAS)
                    score(few, [SIGMA])

                seconds = in_turn({"peer": protocol}, device, repetitions=3)["peer"]
                error = np.abs(score(test[:20], [SIGMA])[:, 0] - exact).max()
                scale = cut(10_000) / len(few)
                found[name] = {
                    "seconds": scale * sorted(seconds)[len(seconds) // 2],
                    "error": float(error) if np.isfinite(error) else float("nan"),
                }
        return found

    def setup(self, measured: dict[str, dict[str, float]], peer: str) -> None:
        self.found = pick(measured, peer)

    def track_seconds(self, measured: dict[str, dict[str, float]], peer: str) -> float:
        return self.found["seconds"]

    track_seconds.unit = "s"  # type: ignore[attr-defined]

    def track_largest_error(self, measured: dict[str, dict[str, float]], peer: str) -> float:
        return self.found["error"]

    track_largest_error.unit = "nats"  # type: ignore[attr-defined]


class _Growth:
    """1,000 test images under one sigma on 10,000 samples of 784 pixels, and one of these numbers varied."""

    version = "1"
    timeout = 300

    def prepare(
        self, place: str, *, samples: int = CENTERS, dimensions: int = 784, sigmas: int = 1
    ) -> Callable[[], None]:
        import numpy as np
        import torch

        from gan_repro.parzen import log_density

        device = use(place)

        def matrix(rows: Any) -> torch.Tensor:
            copies = -(-dimensions // rows.shape[1])
            return torch.from_numpy(np.tile(rows, copies)[:, :dimensions].copy()).to(device)

        points, centers = matrix(images(1000, "test")), matrix(images(samples))
        widths = np.geomspace(SIGMA, 1, sigmas)

        def score() -> None:
            log_density(points, centers, widths)
            finish(device)

        score()
        return score


class Samples(_Growth):
    """How cost grows with the samples; beyond 50,000 they come again."""

    params = [BEST_PLACES, [1_000, 10_000, 100_000]]
    param_names = ["place", "samples"]

    def setup(self, place: str, samples: int) -> None:
        self.score = self.prepare(place, samples=samples)

    def time_density(self, place: str, samples: int) -> None:
        self.score()


class Dimensions(_Growth):
    """How cost grows with the pixels: the first ones of each image, or the image several times over."""

    params = [BEST_PLACES, [196, 784, 3136]]
    param_names = ["place", "dimensions"]

    def setup(self, place: str, dimensions: int) -> None:
        self.score = self.prepare(place, dimensions=cut(dimensions, 64))

    def time_density(self, place: str, dimensions: int) -> None:
        self.score()


class Sigmas(_Growth):
    """How cost grows with the sigmas, log-spaced from 0.17 to 1."""

    params = [BEST_PLACES, [1, 10, 100]]
    param_names = ["place", "sigmas"]

    def setup(self, place: str, sigmas: int) -> None:
        self.score = self.prepare(place, sigmas=cut(sigmas, 5))

    def time_density(self, place: str, sigmas: int) -> None:
        self.score()


class Memory:
    """50 points on samples in a memory-mapped file: at most 500 MB beyond the file, and linear time."""

    version = "2"
    params = [[100_000, 1_000_000]]
    param_names = ["samples"]
    timeout = 600

    def setup_cache(self) -> None:
        """Fill the file once for all that read it: a million images take a quarter of a minute."""
        mapped(_SAMPLES, cut(max(self.params[0]), 2000))

    def setup(self, samples: int) -> None:
        if not Path("/proc/self/status").exists():
            raise NotImplementedError("the system does not tell a process's own memory from mapped files")
        import numpy as np

        use("cpu-1-thread")
        self.points = images(50, "test")
        self.centers = np.load(_SAMPLES, mmap_mode="r")[: cut(samples, 2000)]

    def track_megabytes_beyond_the_file(self, samples: int) -> float:
        return megabytes_beyond(self.score)

    track_megabytes_beyond_the_file.unit = "MB"  # type: ignore[attr-defined]

    def time_density(self, samples: int) -> None:
        self.score()

    def peakmem_density(self, samples: int) -> None:
        self.score()

    def score(self) -> None:
        from gan_repro.parzen import log_density

        log_density(self.points, self.centers, [SIGMA])
