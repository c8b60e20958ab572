"""A results folder is read once, whole and without a change on disk."""

import os

import pytest

import gan_repro
from gan_repro.experiments import results as reading
from gan_repro.measures.features import default_folder
from gan_repro.util import folders
from tests.factories.records import experiment, folder, trial
from tests.guard.oracle import tree


@pytest.fixture
def results(tmp_path):
    return folder(tmp_path, [trial("gan", 1, 200.0), trial("dbn", 1, 150.0)], (experiment("game-1d"),))


def test_it_holds_the_trials_and_experiments_of_the_folder(results):
    found = gan_repro.load_results(results)
    assert [record.spec.model for record in found.trials] == ["dbn", "gan"]
    assert found.experiments == {"game-1d": experiment("game-1d")}
    assert found.problems == ()
    assert gan_repro.load_results(str(results)) == found


def test_damaged_files_are_named_and_left_where_they_are(results, capsys):
    (record, *_) = sorted((results / "trials").glob("gan-*.json"))
    record.write_text("{}")
    (results / "experiments" / "helvetica.json").write_text("[]")
    before = tree(results)
    found = gan_repro.load_results(results)
    assert [problem.path.name for problem in found.problems] == [record.name, "helvetica.json"]
    assert all(problem.path.name in str(problem) for problem in found.problems)
    assert len(found.trials) == 1
    assert tree(results) == before
    assert capsys.readouterr() == ("", "")


def test_what_is_no_ordinary_file_is_a_problem_and_not_opened(results):
    os.mkfifo(results / "experiments" / "helvetica.json")  # to open it is to wait for a writer
    (results / "experiments" / "chains.json").mkdir()
    found = gan_repro.load_results(results)
    assert [str(problem) for problem in found.problems] == [
        f"{name}.json cannot be read: not an ordinary file" for name in ("chains", "helvetica")
    ]
    assert list(found.experiments) == ["game-1d"]


def test_an_empty_folder_is_empty_and_a_missing_one_refused(tmp_path):
    assert gan_repro.load_results(tmp_path).trials == ()
    with pytest.raises(ValueError, match="there is no folder"):
        gan_repro.load_results(tmp_path / "nowhere")


def test_without_a_path_the_published_records_are_read(results, monkeypatch):
    monkeypatch.setattr(folders, "published_folder", lambda: results)
    assert reading.published() == results
    assert len(gan_repro.load_results().trials) == 2
    monkeypatch.setattr(folders, "published_folder", lambda: None)
    with pytest.raises(ValueError, match="no published records"):
        gan_repro.load_results()


def test_records_and_the_net_are_published_in_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "gan_repro" / "util" / "folders.py"))
    results = tmp_path / "results"
    (results / "trials").mkdir(parents=True)
    # A folder of that name beside an installed package is somebody else's.
    with pytest.raises(ValueError, match="no published records"):
        reading.published()
    assert default_folder() == tmp_path / "cache" / "weights"
    (results / folders.SEAL).write_text("")
    assert reading.published() == results
    assert default_folder() == results / "weights"
