"""The search never sees test images, gives every model the same chances, and can be taken up again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan_repro.search import __main__ as module
from gan_repro.search.__main__ import search
from gan_repro.search.log import SearchLog, Tried, log_path, read_log
from gan_repro.search.space import SPACES, Space
from gan_repro.trials.presets import get_preset
from gan_repro.trials.spec import DataSpec

TINY = Space(
    common={"epochs": 1, "generator_hidden": [{"units": 8}], "discriminator_hidden": [4]},
    candidates=({"learning_rate": 0.1}, {"learning_rate": 1e30}, {"learning_rate": 0.2}),
    chained=False,
)
CHAINED = Space(
    common={"epochs": 1, "layers": [12], "chains": 4, "burn_in": 2},
    candidates=({"learning_rate": 0.01}, {"learning_rate": 0.02}),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(module, "SPACES", {"gan": TINY})
    monkeypatch.setattr(module, "N_SAMPLES", 200)


def test_every_candidate_is_logged_and_the_best_is_the_best(digits, tmp_path):
    log = search("gan", digits, tmp_path)
    assert [tried.settings for tried in log.tried] == list(TINY.candidates)
    assert log.tried[1].valid_mean is None, "a diverged candidate has no score"
    assert log.best.valid_mean == max(log.tried[0].valid_mean, log.tried[2].valid_mean)
    assert read_log(log_path(tmp_path, "gan", "digits")) == log


def test_chains_are_searched_on_the_best_net_and_taken_up_again(digits, tmp_path, monkeypatch):
    ways = ({"chains": 4, "burn_in": 2}, {"chains": 200, "burn_in": 2}, {"chains": 200, "burn_in": 3})
    monkeypatch.setattr(module, "SPACES", {"dbn": CHAINED})
    monkeypatch.setattr(module, "CHAINS", ways)
    log = search("dbn", digits, tmp_path)
    assert [tried.settings for tried in log.chains] == list(ways)
    assert log.chains[0].valid_mean == log.best.valid_mean, "the first way is that of the first round"
    assert len({tried.valid_mean for tried in log.chains}) == 3
    assert log.best_chains.valid_mean == max(tried.valid_mean for tried in log.chains)
    path = log_path(tmp_path, "dbn", "digits")
    path.write_text(log.model_copy(update={"chains": log.chains[:1]}).model_dump_json())
    again = search("dbn", digits, tmp_path)
    assert [t.valid_mean for t in again.chains] == [t.valid_mean for t in log.chains]


def test_data_sets_with_folds_are_not_offered(capsys):
    with pytest.raises(SystemExit, match="2"):
        module.main(["--dataset", "fer2013"])
    said = capsys.readouterr().err
    assert "invalid choice: 'fer2013'" in said
    assert "mnist" in said


def test_the_test_images_do_not_matter(digits, tmp_path):
    blank = replace(digits, test_pixels=np.zeros_like(digits.test_pixels))
    with_test = search("gan", digits, tmp_path / "a")
    without = search("gan", blank, tmp_path / "b")
    assert [t.valid_mean for t in with_test.tried] == [t.valid_mean for t in without.tried]


def test_a_search_cut_short_goes_on_where_it_was(digits, tmp_path, monkeypatch):
    whole = search("gan", digits, tmp_path)
    path = log_path(tmp_path, "gan", "digits")
    cut = whole.model_copy(update={"tried": whole.tried[:2]})
    path.write_text(cut.model_dump_json())
    calls = []
    real = module.fit_candidate
    monkeypatch.setattr(module, "fit_candidate", lambda *a: calls.append(a) or real(*a))
    again = search("gan", digits, tmp_path)
    assert len(calls) == 1
    assert [t.valid_mean for t in again.tried] == [t.valid_mean for t in whole.tried]


def test_a_log_of_other_images_is_not_mixed_in(digits, tmp_path):
    search("gan", digits, tmp_path)
    other = replace(digits, train_pixels=digits.train_pixels[::-1])
    with pytest.raises(ValueError, match="move it away"):
        search("gan", other, tmp_path)


def test_a_damaged_log_is_refused_by_name(digits, tmp_path):
    path = log_path(tmp_path, "gan", "digits")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ValueError, match=path.name):
        search("gan", digits, tmp_path)


def test_every_model_has_the_same_number_of_candidates():
    assert len({len(space.candidates) for space in SPACES.values()}) == 1


RECORDED = sorted((Path(__file__).parents[2] / "results" / "search").glob("*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_standard_preset_uses_what_the_recorded_search_found(path):
    log = read_log(path)
    space = SPACES[log.model]
    assert log.common == space.common
    assert [tried.settings for tried in log.tried] == list(space.candidates)
    spec = get_preset("standard").spec(log.model, DataSpec(name="mnist", sha256="0" * 64), 1)
    assert log.model_version == spec.model_version
    used = log.tried[0] if space.published else log.best
    assert used.settings.items() <= spec.config.items()
    if space.published:
        images = DataSpec(name="mnist", sha256="0" * 64)
        searched = get_preset("standard").spec(f"{log.model}-searched", images, 1)
        assert searched.config == spec.config | log.best.settings
    assert [tried.settings for tried in log.chains] == list(module.CHAINS if space.chained else ())
    assert log.best_chains is None or log.best_chains.settings.items() <= spec.config.items()


def test_a_score_of_exactly_nought_is_a_score():
    scores = (-5.0, 0.0, None)
    log = SearchLog(
        model="gan", model_version=1, dataset="digits", data_sha256="0", seed=1, n_samples=1, common={},
        tried=tuple(Tried(settings={}, valid_mean=mean, sigma=None, seconds=0) for mean in scores),
    )  # fmt: skip
    assert log.best.valid_mean == 0.0
