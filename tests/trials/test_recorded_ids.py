"""What is recorded stays what it is: every record's id, and the row under which it stands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import gan_repro
from gan_repro.trials.presets import PRESETS
from gan_repro.trials.records import load_record, record_paths
from gan_repro.trials.spec import TrialSpec, make_spec

RECORDS = record_paths(Path(gan_repro.__file__).parents[1] / "results")

if not RECORDS:
    pytest.skip("the recorded trials are not beside the package", allow_module_level=True)

VARIANTS = {
    "1d265c16dd5b": "gan-convolutional",
    **dict.fromkeys(("0a05dd3e0a9d", "14b0b6f01a94"), "gan-no-early-stopping"),
    **dict.fromkeys(("a3f11aa347bd", "fb733288bea0"), "gan-early-stopping"),
    **dict.fromkeys(("45af578a8bef", "7d1a9fafdd44", "da419731cf84"), "gan-alternating"),
    **dict.fromkeys(("71496ec720d8", "8116b78ef676", "458549402ff6"), "gan-gaussian-noise"),
    **dict.fromkeys(("87125981b155", "df5784d4ad66", "5266c4727546"), "gan-searched"),
}
"""By the digest in its id, the row of a trial that stands in another than its model's."""


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_id_follows_from_the_spec(path: Path) -> None:
    spec = load_record(path).spec
    again = make_spec(spec.model, spec.data, seed=spec.seed, settings=spec.config, evaluation=spec.evaluation)
    assert again == spec
    assert again.id == TrialSpec.model_validate_json(spec.canonical_json()).id == path.stem


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_its_preset_still_runs_it_in_the_same_row_and_words(path: Path) -> None:
    record = load_record(path)
    preset = PRESETS[str(record.provenance.preset)]
    row = preset.row_of(record.spec)
    assert row == VARIANTS.get(path.stem.rpartition("-")[2], record.spec.model)
    assert preset.cut(row, record.spec.data.name).smaller == record.provenance.smaller


def test_every_variant_is_recorded() -> None:
    """Or the list above would prove nothing."""
    recorded = Counter(path.stem.rpartition("-")[2] for path in RECORDS)
    assert {digest: recorded[digest] for digest in VARIANTS} == dict.fromkeys(VARIANTS, 1)
