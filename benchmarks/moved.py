"""A training of each net that is begun on one device, goes on on another and ends where it began.

    python -m benchmarks.moved [DEVICE [DATASET]]

Prints a line for each: how it ended, how often it went on from a checkpoint, after which updates its noise
was seeded anew, and its score.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.common import MODELS
from gan_repro import trials
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.spec import TrialSpec


def moved(spec: TrialSpec, devices: list[str], results: Path) -> TrialRecord:
    """Run a trial one update on each device, and on the last one to its end."""
    for device in devices[:-1]:
        trials.run(
            spec, RunOptions(results, device=device, progress_position=None, stop_requested=lambda: True)
        )
    return trials.run(spec, RunOptions(results, device=devices[-1], progress_position=None))


def main(device: str = "cuda", dataset: str = "mnist") -> int:
    """Move each net from the device to the CPU and back; 1 if one did not arrive."""
    lost = 0
    with tempfile.TemporaryDirectory() as results:
        for row in MODELS:
            spec = get_preset("smoke").spec(row, trials.source(dataset), 1)
            record = moved(spec, [device, "cpu", device], Path(results))
            score = record.score.log_likelihood if record.status == "done" else record.reason
            where = (
                f"resumed {record.provenance.resumed} times, seeded anew after {record.provenance.reseeded}"
            )
            print(f"{row}: {record.status}, {where}, {score}", flush=True)
            lost += record.status != "done" or record.provenance.resumed != 2
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
