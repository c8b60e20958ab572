"""What a wrong name is answered with."""

from __future__ import annotations

import pytest

from gan_repro import data, experiments, models
from gan_repro.measures.names import check_measures
from gan_repro.trials.rows import get_row
from gan_repro.util.text import suggestion


def test_the_nearest_names_are_offered_and_no_more_than_asked() -> None:
    known = ("kids", "kit", "frechet", "Kidd")
    assert suggestion("kid", known, "none", most=1) == "did you mean kids?"
    assert suggestion("kid", known, "none") == "did you mean kids or Kidd or kit?"


def test_case_does_not_matter_and_names_keep_theirs() -> None:
    assert suggestion("FRECHET", ("Frechet",), "none") == "did you mean Frechet?"


def test_a_name_like_no_other_gets_the_other_words() -> None:
    assert suggestion("zzz", ("kid",), "there are: kid") == "there are: kid"


@pytest.mark.parametrize(
    ("look_up", "wrong", "right"),
    [
        (data.entry, "MNITS", "mnist"),
        (models.check_name, "dbm", "dbn"),
        (get_row, "gan-serached", "gan-searched"),
        (experiments.module, "sample-qualty", "sample-quality"),
        (lambda name: check_measures(name, "mnist"), "presicion", "precision"),
    ],
    ids=["data set", "model", "row", "experiment", "measure"],
)
def test_every_wrong_name_gets_a_suggestion(look_up, wrong, right) -> None:
    with pytest.raises(ValueError, match=rf"'{wrong}'; did you mean .*\b{right}\b.*\?$"):
        look_up(wrong)
