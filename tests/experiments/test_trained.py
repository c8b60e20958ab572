"""Experiments take the trained nets of the row that they ask for, and say how to train what is missing."""

from types import SimpleNamespace

import pytest

from gan_repro.experiments.trained import NoModelError, load, recorded
from gan_repro.util.folders import SEAL
from tests.factories.records import trial

RELEASED, SEARCHED = trial("gan", 1, 156.0), trial("gan-searched", 1, 166.0)


def test_a_variant_does_not_stand_in_for_the_row_of_its_model():
    assert recorded([SEARCHED, RELEASED], "gan", "mnist") == [RELEASED]
    assert recorded([SEARCHED, RELEASED], "gan-searched", "mnist") == [SEARCHED]


def test_a_trial_of_two_presets_stands_under_the_completest():
    standard, paper = trial("dbn", 1, 240.0), trial("dbn", 4, 250.0, preset="paper")
    assert recorded([paper, standard], "dbn", "mnist") == [standard, paper]
    cut, full = trial("gan", 1, 156.0), trial("gan", 2, 207.0, preset="paper")
    assert recorded([cut, full], "gan", "mnist") == [full]


def test_a_trial_of_no_preset_stands_in_the_row_of_its_model():
    provenance = SEARCHED.provenance.model_copy(update={"preset": None})
    own = SEARCHED.model_copy(update={"provenance": provenance})
    assert recorded([own], "gan", "mnist") == [own]


@pytest.mark.parametrize(("record", "row"), [(RELEASED, "gan"), (SEARCHED, "gan-searched")])
def test_a_missing_net_names_the_command_for_its_row(record, row, tmp_path):
    with pytest.raises(NoModelError, match=f"--rows {row} --seed 1 --fresh --runs {tmp_path}"):
        load(record, SimpleNamespace(results=tmp_path))


def test_the_remedy_leads_to_a_folder_that_may_be_written(tmp_path):
    (tmp_path / SEAL).write_text("")
    with pytest.raises(NoModelError, match="--runs runs, then look there with --runs runs"):
        load(RELEASED, SimpleNamespace(results=tmp_path))
