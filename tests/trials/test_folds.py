"""Folds: one model scored on several, or a model for each; two kinds of error that are never confused."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from gan_repro import data
from gan_repro.parzen import evaluate
from gan_repro.stats.estimate import Estimate
from gan_repro.tables import words
from gan_repro.tables.collect import cell_from, recorded_table
from gan_repro.tables.render import render
from gan_repro.tables.table import Column, table_name
from gan_repro.trials import images, monitor
from gan_repro.trials.records import Score, load_record
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import EvaluationSpec, make_spec
from gan_repro.trials.store import RecordStore
from tests.factories.tfd_file import MadeUp


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    MadeUp.make().write(folder / "TFD_48x48.mat")
    return folder


@pytest.fixture
def faces(folder, monkeypatch):
    monkeypatch.setenv("GAN_REPRO_DATA", str(folder))
    return folder


def trial(where, tmp_path, model="gaussian", preset=None, **settings):
    spec = make_spec(
        model,
        where,
        seed=1,
        settings=settings,
        evaluation=EvaluationSpec(protocol="authors-folds", n_samples=100),
    )
    return run(spec, RunOptions(results=tmp_path, device="cpu", progress_position=None, preset=preset))


def test_one_model_is_trained_and_scored_on_all_folds(faces, tmp_path, capsys):
    (where,) = images.sources("tfd")
    assert where.fold is None
    folds = data.load_folds("tfd")
    assert where.sha256 == hashlib.sha256("".join(fold.sha256 for fold in folds).encode()).hexdigest()
    record = trial(where, tmp_path)
    score = record.score
    assert len(score.folds) == 5
    assert (score.sigma, score.sigma_curve) == (None, ())
    values = [fold.log_likelihood.value for fold in score.folds]
    assert score.log_likelihood == Estimate.from_values(values, "folds")
    assert {fold.log_likelihood.over for fold in score.folds} == {"test examples"}
    # Fold 3 by hand, from samples drawn as the trial draws them.
    from gan_repro import models
    from gan_repro.util.seeds import generator

    model = models.get("gaussian", seed=1).fit(folds[3].train)
    samples = model.sample(100, generator=generator(1, "gaussian", "samples"))
    by_hand = evaluate(samples, folds[3].valid, folds[3].test, protocol="authors-folds")
    assert score.folds[3].log_likelihood == by_hand.estimate
    assert score.folds[3].sigma == by_hand.sigma
    assert load_record(RecordStore(tmp_path).path(record.spec)) == record


def test_where_folds_share_images_the_last_state_is_scored(faces, tmp_path, capsys, monkeypatch):
    falling = iter([90.0, 80.0])
    choose = monitor.choose_sigma
    monkeypatch.setattr(
        monitor,
        "choose_sigma",
        lambda *a, **options: replace(choose(*a, **options), valid_mean=next(falling)),
    )
    (where,) = images.sources("tfd")
    tiny = {
        "epochs": 6,
        "generator_hidden": [{"units": 8}],
        "discriminator_hidden": [4],
        "learning_rate": 1.0,
    }
    record = trial(where, tmp_path, "gan", **tiny)
    assert [point.valid_mean for point in record.learning_curve if point.valid_mean] == [90.0, 80.0]
    assert record.candidates["best"] == record.candidates["last"]
    assert record.candidates["best"].epoch == 6


def test_folds_with_own_training_parts_give_a_trial_each(monkeypatch):
    folds = [replace(data.load("digits"), fold=fold) for fold in range(5)]
    read = []
    monkeypatch.setattr(data, "load_folds", lambda name, root: read.append(name) or folds)
    assert [where.fold for where in images.sources("orl")] == [0, 1, 2, 3, 4]
    assert read == ["orl"], "all folds are in the one file"


def test_a_fold_of_its_own_can_be_asked_for(faces, tmp_path, capsys):
    record = trial(images.source("tfd", fold=2), tmp_path)
    assert not record.score.folds
    assert record.score.log_likelihood.over == "test examples"


def score(value, error=2.0):
    return Score(
        sigma=0.2,
        log_likelihood=Estimate(value=value, standard_error=error, over="test examples", n=80),
        valid_mean=value,
        sigma_curve=((0.1, 0.0), (0.2, value)),
        at_grid_edge=False,
    )


def per_fold(template, values, seed=1):
    records = []
    for fold, value in enumerate(values):
        where = template.spec.data.model_copy(update={"name": "orl", "fold": fold})
        spec = template.spec.model_copy(update={"data": where, "seed": seed})
        candidate = template.candidates["best"].model_copy(
            update={"scores": {"authors-folds": score(value), "refined": score(value + 1)}}
        )
        candidates = {"best": candidate, "last": candidate}
        records.append(template.model_copy(update={"spec": spec, "candidates": candidates}))
    return records


@pytest.fixture
def template(faces, tmp_path, capsys):
    return trial(images.source("tfd", fold=0), tmp_path)


def test_single_folds_make_one_cell_with_the_error_across_folds(template):
    values = [10.0, 12.0, 14.0, 16.0, 18.0]
    cell = cell_from(per_fold(template, values))
    assert cell.score.value == pytest.approx(14)
    assert (cell.score.over, cell.score.n) == ("folds", 5)
    assert cell.score.standard_error == pytest.approx(np.std(values, ddof=1) / 5**0.5)
    assert cell.error_within_fold == 2.0
    assert len(cell.done) == 1
    assert cell.refined.value == pytest.approx(15)


def test_a_seed_that_lacks_a_fold_is_left_out_and_named(template):
    whole, part = per_fold(template, [1.0] * 5), per_fold(template, [99.0] * 4, seed=2)
    cell = cell_from([*whole, *part])
    assert (cell.score.value, len(cell.done)) == (1.0, 1)
    assert cell.problem == "seed 2: no trial of fold 4"
    assert cell_from(part).score is None


def test_the_face_table_names_stand_ins_and_why_tfd_is_empty():
    text = render(recorded_table([], "tfd"), "md")
    assert "Paper (TFD)" in text
    assert "1909 ± 66" in text
    assert "given out on request" in text
    column = Column(kind="preset", dataset="fer2013", preset="standard", cells={})
    assert words.heading(column) == "fer2013 (stand-in), preset standard"
    assert table_name("own_faces") == table_name("tfd") == "tfd"


def test_with_the_file_in_place_the_tfd_column_fills(faces, tmp_path, capsys):
    from gan_repro import table1

    where = ["--results", str(tmp_path / "results"), "--preset", "smoke", "--workers", "1"]
    assert table1.main(["--datasets", "faces", "--models", "gaussian", "gan", *where]) == 0
    table = recorded_table(RecordStore(tmp_path / "results"), "tfd")
    columns = {words.heading(column): column for column in table.columns}
    assert columns["TFD, preset smoke"].cells["gan"].score.over == "folds"
    assert "given out on request" not in render(table, "md")
    assert (tmp_path / "results" / "table1_tfd.md").exists()
