"""The checkpoints that the repository keeps belong to recorded trainings, and stand where the records end."""

from pathlib import Path

import torch

from gan_repro.files import check_saved_tensors
from gan_repro.trials.records import CurvePoint, load_record

ROOT = Path(__file__).parents[2]
KEPT = sorted((ROOT / "checkpoints").glob("*"))


def test_each_is_that_of_a_training_recorded_as_interrupted():
    for path in KEPT:
        check_saved_tensors(path)
        record = load_record(ROOT / "results" / "trials" / f"{path.stem}.json")
        watch = torch.load(path, map_location="cpu", weights_only=True)["watch"]
        assert record.status == "interrupted", f"{path.name}: its trial is {record.status}; it can go"
        assert watch["spec"] == record.spec.canonical_json()
        assert [CurvePoint.model_validate_json(point) for point in watch["curve"]] == list(
            record.learning_curve
        )


def test_the_readme_says_how_to_go_on_if_there_is_one():
    assert ("cp checkpoints/*.pt results/checkpoints/" in (ROOT / "README.md").read_text()) == bool(KEPT)
