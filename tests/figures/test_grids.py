"""Grids hold the very samples that were scored, and no photograph that may not be shown."""

import numpy as np
import pytest

from gan_repro import data
from gan_repro.audit.integrity import check_grids
from gan_repro.figures import grids
from gan_repro.figures.sample_grids import draw_grid
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec, EvaluationSpec, make_spec
from gan_repro.trials.store import RecordStore


@pytest.fixture
def trial(tmp_path, digits):
    spec = make_spec(
        "gan",
        DataSpec(name="digits", sha256=digits.sha256),
        seed=1,
        settings={"epochs": 2, "generator_hidden": [{"units": 16}], "discriminator_hidden": [8]},
        evaluation=EvaluationSpec(n_samples=100, track_every=1),
    )
    return run(spec, RunOptions(results=tmp_path, device="cpu", progress_position=None, preset="standard"))


def test_a_grid_is_of_the_recorded_samples_and_survives_the_file(trial, tmp_path, digits, capsys):
    assert grids.main(["--results", str(tmp_path)]) == 0
    path = grids.grid_path(tmp_path, trial.spec.id)
    assert capsys.readouterr().out.strip() == str(path)
    grid = grids.read_grid(path)
    assert grid.samples.shape == (20, 64)
    assert (grid.n_samples, grid.n_train) == (100, len(digits.train))
    # Each neighbour is a training image, and no training image is nearer.
    train = data.load("digits").train
    for row, (sample, neighbour) in enumerate(zip(grid.samples[4::5], grid.neighbours, strict=True)):
        assert np.abs(train - neighbour).max(axis=1).min() <= 0.5 / 255 + 1e-6
        nearest = np.square(train.astype(np.float64) - sample).sum(axis=1).min()
        assert grid.distances[row] == pytest.approx(nearest, abs=0.2)
    draw_grid(grid, (8, 8))
    before = path.read_bytes()
    path.unlink()
    assert grids.main(["--results", str(tmp_path)]) == 0
    assert path.read_bytes() == before


def test_samples_that_are_not_those_of_the_record_are_not_kept(trial, tmp_path, capsys):
    candidate = trial.candidates["best"].model_copy(update={"samples_sha256": "0" * 64})
    doctored = trial.model_copy(update={"candidates": {"best": candidate, "last": candidate}})
    RecordStore(tmp_path).path(trial.spec).unlink()
    RecordStore(tmp_path).write(doctored)
    assert grids.main(["--results", str(tmp_path)]) == 1
    assert "not those of the record" in capsys.readouterr().err
    assert not grids.grid_path(tmp_path, trial.spec.id).exists()


def test_a_grid_of_other_samples_is_told_and_made_again(trial, tmp_path, capsys):
    assert grids.main(["--results", str(tmp_path)]) == 0
    path = grids.grid_path(tmp_path, trial.spec.id)
    right = path.read_bytes()
    grids.write_grid(path, grids.read_grid(path), "0" * 64)
    assert grids.is_other(trial, path)
    assert [problem.what for problem in check_grids(tmp_path, [trial])] == [
        "is of other samples than the record's; remove it and run python -m gan_repro.figures.grids"
    ]
    assert grids.main(["--results", str(tmp_path)]) == 0
    assert path.read_bytes() == right
    assert not grids.is_other(trial, path)
    assert check_grids(tmp_path, [trial]) == []
    assert [problem.what for problem in check_grids(tmp_path, [])] == ["is of no finished trial; remove it"]
    path.write_bytes(b"no zip file")
    assert "holds no grid of samples" in check_grids(tmp_path, [trial])[0].what


def test_a_trial_whose_model_is_gone_is_passed_over(trial, tmp_path, capsys):
    checkpoint_path(tmp_path, trial.spec).unlink()
    assert grids.main(["--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_a_damaged_grid_is_named(tmp_path):
    path = tmp_path / "grid.npz"
    path.write_bytes(b"no zip file")
    with pytest.raises(ValueError, match=r"grid\.npz holds no grid of samples"):
        grids.read_grid(path)
