"""What the published record of this repository holds."""

from pathlib import Path

from gan_repro.experiments.results import load_results
from gan_repro.trials.presets import row_under
from gan_repro.trials.records import TrialRecord

ROOT = Path(__file__).parents[2]


def adversarial_nets(preset: str) -> dict[int, TrialRecord]:
    """By seed, the adversarial nets on MNIST that ended under a preset; those that wait count."""
    found = load_results(ROOT / "results")
    return {
        record.spec.seed: record
        for record in (*found.trials, *found.waiting)
        if record.status == "done" and record.provenance.preset == preset
        if (record.spec.data.name, row_under(preset, record.spec)) == ("mnist", "gan")
    }
