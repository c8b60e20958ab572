"""Trials side by side on one card: in one process, each in a thread and a CUDA stream of its own.

    python -m benchmarks.one_card --row gan --seed 1 2 3 --minutes 8 --runs runs/on-a-card

One net of mnist.yaml leaves much of a card idle, which others use from streams of the same process
(docs/gpu.md has figures). After `--minutes` the trials save their checkpoints and stop; the same command goes
on from them. Of finished ones the weights are published into the same folder, for only the kind of device
that trained a net draws its recorded samples.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import torch

from gan_repro import trials
from gan_repro.audit.weights import export_weights
from gan_repro.experiments.base import Context
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.text import describe_error


def run_in_stream(spec: TrialSpec, options: RunOptions) -> TrialRecord:
    """Run a trial in a stream of its own, so that it waits for no other."""
    with torch.cuda.stream(torch.cuda.Stream()):
        return run(spec, options)


def main() -> int:
    """Run the trials; 1 if one is not finished."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--row", default="gan")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--runs", type=Path, default=Path("runs/on-a-card"))
    chosen = parser.parse_args()
    preset, images = get_preset(chosen.preset), trials.source(chosen.dataset)
    specs = [preset.spec(chosen.row, images, seed) for seed in chosen.seed]
    end = time.monotonic() + 60 * chosen.minutes
    options = RunOptions(
        chosen.runs,
        device="cuda",
        preset=chosen.preset,
        row=chosen.row,
        smaller=preset.cut(chosen.row, chosen.dataset).smaller,
        progress_position=None,
        stop_requested=lambda: time.monotonic() > end,
    )
    begun = time.monotonic()
    unfinished = 0
    with ThreadPoolExecutor(len(specs)) as threads:
        running = {threads.submit(run_in_stream, spec, options): spec for spec in specs}
        for future in as_completed(running):
            try:
                record = future.result()
                epochs = len(record.learning_curve)
                score = f"{record.score.log_likelihood}" if record.status == "done" else record.reason
                print(f"{record.spec.id}: {record.status}, {epochs} epochs, {score}", flush=True)
                unfinished += record.status != "done"
                if record.status == "done":
                    export_weights(record, Context(chosen.runs), chosen.runs)
            except Exception as error:  # the others go on, and are told of
                print(f"{running[future].id}: {describe_error(error)}", flush=True)
                unfinished += 1
    print(f"{time.monotonic() - begun:.0f} s")
    return int(unfinished > 0)


if __name__ == "__main__":
    sys.exit(main())
