"""What a user waits for before anything happens: importing the package, and `--help`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.common import cut

COMMANDS = [
    "gan_repro.table1",
    "gan_repro.parzen",
    "gan_repro.data",
    "gan_repro.search",
    "gan_repro.figures",
]


def timeraw_import_package() -> str:
    """Without torch, which only its parts need."""
    return "import gan_repro"


timeraw_import_package.version = "1"  # type: ignore[attr-defined]


def timeraw_import_models() -> str:
    """With torch."""
    return "import gan_repro.models.gan.model"


timeraw_import_models.version = "1"  # type: ignore[attr-defined]


class Help:
    """``python -m COMMAND --help``, interpreter included. Limit: 0.5 s."""

    version = "1"
    params = [COMMANDS]
    param_names = ["command"]

    def track_seconds(self, command: str) -> float:
        seconds = []
        for _ in range(cut(5, 1)):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", command, "--help"], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    track_seconds.unit = "s"  # type: ignore[attr-defined]
