"""The section on the authors' variants says what the search's log and the learning curves say."""

import shutil
from pathlib import Path

import pytest

from gan_repro.audit.evidence import Evidence
from gan_repro.report.variants import variants
from gan_repro.search import SearchLog, Tried, log_path
from gan_repro.trials.records import CurvePoint
from tests.audit.made_up import table_rows, trial

RECORDED = Path(__file__).parents[2] / "results"


def log(*scores):
    tried = tuple(
        Tried(settings={"learning_rate": number / 10}, valid_mean=score, sigma=0.2, seconds=1.0)
        for number, score in enumerate(scores, start=1)
    )
    return SearchLog(
        model="gan", model_version=1, dataset="mnist", data_sha256="0", seed=9, n_samples=10_000,
        common={"epochs": 3}, tried=tried,
    )  # fmt: skip


@pytest.fixture
def results(tmp_path):
    path = log_path(tmp_path, "gan", "mnist")
    path.parent.mkdir()
    path.write_text(log(10.0, 25.5, None).model_dump_json())
    return tmp_path


def curve(row, seed, values):
    points = tuple(
        CurvePoint(epoch=epoch, losses={}, learning_rate=0.1, valid_mean=value, sigma=0.2)
        for epoch, value in values.items()
    )
    return trial(row, seed, 100.0).model_copy(update={"learning_curve": points})


def test_candidates_stand_beside_the_released_recipe(results):
    text = variants(Evidence(), results)
    assert "after 3 epochs from seed 9" in text
    assert table_rows(text)["learning rate 0.1"] == ["10.0", ""]
    assert table_rows(text)["learning rate 0.2"] == ["25.5", "+15.5"]
    assert table_rows(text)["learning rate 0.3"] == ["diverged", ""]
    assert "gan-searched" not in text


def test_the_best_is_followed_where_it_trained_on_beside_the_same_seed(results):
    released = curve("gan", 1, {5: 10.0, 10: 20.0, 30: 40.0, 40: 50.0, 100: 90.0})
    searched = curve("gan-searched", 1, {5: 30.0, 10: 45.0, 30: 60.0, 40: 48.0})
    unpaired = curve("gan-searched", 2, {5: 1.0})
    table = table_rows(variants(Evidence([released, searched, unpaired]), results))
    assert table["Epochs"] == ["Seed 1", "Mean lead, ± over seeds"]
    assert table["40"] == ["48.0 (-2.0)", "-2.0"]
    assert table["10"] == ["45.0 (+25.0)", "25.0"]
    assert "30" not in table, "only what halves the last"


def test_leads_are_averaged_over_the_seeds_that_have_them(results):
    released = [curve("gan", seed, {5: 10.0, 10: 20.0}) for seed in (1, 2)]
    searched = [curve("gan-searched", 1, {5: 14.0, 10: 23.0}), curve("gan-searched", 2, {5: 12.0})]
    table = table_rows(variants(Evidence([*released, *searched]), results))
    assert table["Epochs"] == ["Seed 1", "Seed 2", "Mean lead, ± over seeds"]
    assert table["5"] == ["14.0 (+4.0)", "12.0 (+2.0)", "3.0 ± 1.0"]
    assert table["10"] == ["23.0 (+3.0)", "", "3.0"]


def test_without_a_log_or_with_a_damaged_one_there_is_no_section(results, capsys):
    path = log_path(results, "gan", "mnist")
    path.write_text("{")
    assert variants(Evidence(), results) == ""
    assert "is not a search log" in capsys.readouterr().err
    path.unlink()
    assert variants(Evidence(), results) == ""
    assert capsys.readouterr().err == ""


def test_the_recorded_log_is_told_candidate_for_candidate(tmp_path):
    shutil.copytree(RECORDED / "search", tmp_path / "search")
    assert table_rows(variants(Evidence(), tmp_path))["update alternating"] == ["-303.3", "-329.3"]
