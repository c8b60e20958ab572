"""What the published record of this repository holds."""

from functools import cache
from pathlib import Path

from gan_repro.experiments.results import Results, load_results
from gan_repro.trials.presets import row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.judge import judge

ROOT = Path(__file__).parents[2]


@cache
def published_record() -> Results:
    """All of it, read once for all tests; nobody is to change it."""
    return load_results(ROOT / "results")


@cache
def _rulings() -> dict[str, str]:
    return {verdict.claim: verdict.ruling for verdict in judge(Evidence.load(ROOT / "results"))}


def ruling(claim: str) -> str:
    """How a claim is judged by it."""
    return _rulings()[claim]


def adversarial_nets(preset: str) -> dict[int, TrialRecord]:
    """By seed, the adversarial nets on MNIST that ended under a preset; those that wait count."""
    found = published_record()
    return {
        record.spec.seed: record
        for record in (*found.trials, *found.waiting)
        if record.status == "done" and record.provenance.preset == preset
        if (record.spec.data.name, row_under(preset, record.spec)) == ("mnist", "gan")
    }
