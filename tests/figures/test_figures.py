"""Figures are functions of the records: the same bytes every time, and every recorded point on the line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_repro import experiments, figures
from gan_repro.experiments import game_1d
from gan_repro.experiments.loss_early import LOSSES
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord
from gan_repro.experiments.results import load_results
from gan_repro.experiments.update_order import RECIPES
from gan_repro.figures import style
from gan_repro.figures.__main__ import drawable
from gan_repro.figures.grids import grid_path, write_grid
from gan_repro.figures.sample_grids import Grid
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.trials import rows
from gan_repro.trials.presets import get_preset
from gan_repro.trials.records import CurvePoint
from gan_repro.trials.spec import DataSpec
from gan_repro.trials.store import RecordStore
from tests.factories.records import record, trial

PRINTED = "225: the paper (test images, coarse grid)"


def with_curve(model, seed, values, value=160.0):
    curve = tuple(
        CurvePoint(epoch=5 * k, losses={}, learning_rate=0.1, valid_mean=value)
        for k, value in enumerate(values, start=1)
    )
    return record(model=model, seed=seed, value=value).model_copy(update={"learning_curve": curve})


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_each_trial_is_a_line_and_each_model_once_in_the_legend():
    records = [
        with_curve("gan", 1, [1.0, 50.0, 99.0]),
        with_curve("gan", 2, [2.0, 51.0]),
        with_curve("dbn", 1, [3.0]),
    ]
    figure = figures.learning_curves(records, "mnist")
    axes = figure.axes[0]
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert drawn[:3] == [[1.0, 50.0, 99.0], [2.0, 51.0], [3.0]]
    assert list(axes.lines[0].get_xdata()) == [5, 10, 15]
    assert list(axes.lines[3].get_ydata()) == [225, 225]
    # What the preset standard runs of a DBN is no less than the preset paper's.
    assert legend(figure) == ["Adversarial nets (preset standard)", "DBN (preset paper)", PRINTED]


def test_variants_are_drawn_as_rows_of_their_own():
    records = [with_curve("gan", 1, [1.0]), with_curve("gan-searched", 1, [2.0])]
    figure = figures.learning_curves(records, "mnist")
    assert figure.axes[0].lines[0].get_color() != figure.axes[0].lines[1].get_color()
    assert legend(figure) == [
        "Adversarial nets (preset standard)", "Adversarial nets, rate searched (preset standard)", PRINTED,
    ]  # fmt: skip
    records = [record(model="gan", value=160), record(model="gan-searched", value=190)]
    axes = figures.all_scores(records, "mnist").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "Adversarial nets,\nrate searched"
    places = {float(line.get_xdata()[0]): line.get_ydata()[0] for line in axes.lines if len(line.get_xdata())}
    assert places[190] > places[160] + 0.5
    curves = figures.sigma_curves(records, "mnist").axes[0].lines
    assert curves[0].get_color() != curves[2].get_color()


@pytest.mark.parametrize("values", [[-900.0, -300.0, -220.0], [-900.0, 50.0, 190.0], [90.0, 120.0]])
def test_the_last_look_is_within_the_picture_and_up_is_more(values):
    spec = get_preset("standard").spec("gan", DataSpec(name="digits", sha256="5" * 64), 1)
    curve = with_curve("gan", 1, values).model_copy(update={"spec": spec})
    # Without the paper's number, which only MNIST has.
    bottom, top = figures.learning_curves([curve], "digits").axes[0].get_ylim()
    assert bottom < values[-1] < top


def test_a_collapse_is_named_and_leaves_the_rest_its_room():
    low = with_curve("gan-alternating", 1, [-300.0, -400.0])
    figure = figures.learning_curves([with_curve("gan", 1, [1.0, 50.0]), low], "mnist")
    assert figure.axes[0].get_ylim()[0] == -100
    assert "Adversarial nets, alternating updates (preset standard), below" in legend(figure)
    assert "Adversarial nets (preset standard)" in legend(figure)
    both = [with_curve("gan-alternating", 2, [10.0, 20.0]), low, with_curve("gan", 1, [1.0])]
    assert not any("below" in text for text in legend(figures.learning_curves(both, "mnist")))

    noise = [
        record(model="gan-gaussian-noise", seed=seed, value=value) for seed, value in ((1, -307), (2, 165))
    ]
    records = [record(value=160), *noise]
    axes = figures.all_scores(records, "mnist").axes[0]
    assert axes.get_xlim()[0] > 0
    assert [text.get_text() for text in axes.texts] == ["◂ off to the left: -307"]


def test_a_score_cut_short_is_not_averaged_with_a_full_one():
    records = [
        record(value=160),
        record(preset="paper", value=200),
        record(preset="paper", seed=2, value=210),
    ]
    axes = figures.all_scores(records, "mnist").axes[0]
    places = {float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata())}
    assert {200, 210, 205} <= places
    assert not {160, 190} & places


def test_failed_trials_and_other_data_sets_are_not_drawn():
    failed = with_curve("gan", 1, [1.0]).model_copy(update={"status": "diverged", "reason": "NaN"})
    spec = get_preset("standard").spec("gan", DataSpec(name="digits", sha256="5" * 64), 1)
    other = with_curve("gan", 1, [1.0]).model_copy(update={"spec": spec})
    assert len(figures.learning_curves([failed, other], "mnist").axes[0].lines) == 1


def test_the_same_records_give_the_same_bytes(tmp_path):
    records = [with_curve("gan", 1, [1.0, 50.0])]
    for name in "ab":
        figures.save(figures.learning_curves(records, "mnist"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().startswith(b"\x89PNG")


def test_the_command_draws_every_data_set_that_has_records(tmp_path, capsys):
    for dataset in ("mnist", "fer2013"):
        RecordStore(tmp_path).write(trial("gan", 1, 160.0, dataset=dataset))
    assert figures.main(["--results", str(tmp_path)]) == 0
    drawn = capsys.readouterr().out.split()
    assert {Path(line).name for line in drawn} >= {"scores_mnist.png", "scores_fer2013.png"}
    assert all(Path(line).exists() for line in drawn)


def test_a_damaged_record_is_named_and_left_where_it_is(tmp_path, capsys):
    RecordStore(tmp_path).write(trial("gan", 1, 160.0))
    damaged = tmp_path / "trials" / "gan-mnist-seed9-000000000000.json"
    damaged.write_text("{")
    assert figures.main(["--results", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert damaged.name in told.err
    assert "scores_mnist.png" in told.out
    assert damaged.read_text() == "{"


def test_a_damaged_grid_is_named_and_the_rest_is_drawn(tmp_path, capsys):
    made_up = trial("gan", 1, 160.0)
    RecordStore(tmp_path).write(made_up)
    path = grid_path(tmp_path, made_up.spec.id)
    path.parent.mkdir()
    path.write_bytes(b"no zip file")
    assert figures.main(["--results", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert path.name in told.err
    assert "scores_mnist.png" in told.out


def test_a_folder_that_cannot_be_written_is_status_2(tmp_path, capsys):
    RecordStore(tmp_path).write(trial("gan", 1, 160.0))
    (tmp_path / "figures").write_text("in the way")
    assert figures.main(["--results", str(tmp_path)]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["inline", "module://matplotlib_inline.backend_inline", "TkAgg"])
def test_a_notebooks_back_end_does_not_stop_a_drawing(tmp_path, backend):
    """In a process of its own, since matplotlib reads the variable as it is imported."""
    RecordStore(tmp_path).write(trial("gan", 1, 160.0))
    command = [sys.executable, "-m", "gan_repro.figures", "--results", str(tmp_path)]
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "figures" / "scores_mnist.png").exists()


def test_rows_nobody_knows_are_drawn_apart_and_always_alike():
    assert style.look("somebody-elses") != style.look("mine")
    assert style.look("somebody-elses") == ("#E69F00", "-.")  # in every process: by no hash of Python's


def test_a_row_without_a_colour_does_not_vanish(monkeypatch):
    bare = rows.ROWS["gan-searched"].model_copy(update={"style": None})
    monkeypatch.setattr(rows, "ROWS", {**rows.ROWS, "gan-searched": bare})
    figure = figures.learning_curves([with_curve("gan-searched", 1, [1.0, 2.0])], "mnist")
    assert list(figure.axes[0].lines[0].get_ydata()) == [1.0, 2.0]
    assert legend(figure)[0] == "Adversarial nets, rate searched (preset standard)"
    assert figure.axes[0].lines[0].get_color() == style.look("gan-searched").colour


def test_collapsed_nets_are_named_in_the_legend():
    floor = trial("gaussian", 1, -150.0)
    low = with_curve("gan", 1, [-300.0] * 10, value=-300.0)
    shown = figures.learning_curves([floor, low, with_curve("gan", 2, [1.0, 50.0])], "mnist")
    assert "Adversarial nets (preset standard), collapsed, below" in legend(shown)
    assert "Adversarial nets (preset standard)" in legend(shown)
    variant = [trial("gan-alternating", seed, value) for seed, value in ((1, -300.0), (2, 165.0), (3, 167.0))]
    axes = figures.all_scores([floor, trial("gan", 1, 160.0), *variant], "mnist").axes[0]
    assert [text.get_text() for text in axes.texts] == ["◂ off to the left: -300 (collapsed)"]
    places = {float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata())}
    assert 166 in places, "the mean of the others"


def test_a_trial_without_a_curve_takes_no_place_in_the_legend():
    records = [record(model="gan", seed=1), with_curve("gan", 2, [5.0])]
    assert legend(figures.learning_curves(records, "mnist")) == [
        "Adversarial nets (preset standard)",
        PRINTED,
    ]


def test_a_training_that_is_not_finished_ends_in_a_ring():
    """Only those of the picture's data set, so that the legend names what is to be seen."""
    done, begun = with_curve("gan", 1, [1.0, 50.0]), with_curve("gan", 2, [2.0, 40.0])
    begun = begun.model_copy(update={"status": "interrupted", "reason": "stopped"})
    figure = figures.learning_curves([done, begun], "mnist")
    rings = [line for line in figure.axes[0].lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert [(list(ring.get_xdata()), list(ring.get_ydata())) for ring in rings] == [([10], [40.0])]
    assert legend(figure) == ["Adversarial nets (preset standard)", "training not finished", PRINTED]
    spec = get_preset("standard").spec("gan", DataSpec(name="digits", sha256="5" * 64), 1)
    elsewhere = begun.model_copy(update={"spec": spec})
    assert "training not finished" not in legend(figures.learning_curves([done, elsewhere], "mnist"))


def test_sigma_curves_show_every_sigma_and_the_authors_choice():
    drawn = record(value=160.0)
    axes = figures.sigma_curves([drawn], "mnist").axes[0]
    curve, ring = axes.lines[:2]
    assert tuple(zip(*curve.get_data(), strict=True)) == drawn.scored.scores["refined"].sigma_curve
    assert tuple(map(list, ring.get_data())) == ([drawn.score.sigma], [drawn.score.valid_mean])
    marked = sorted(float(line.get_xdata()[0]) for line in axes.lines[2:])
    assert marked == [float(sigma) for sigma in AUTHORS_SIGMAS]


def test_every_score_is_drawn_and_every_error_says_over_what():
    records = [
        record(model="gan", seed=1, value=160), record(model="gan", seed=2, value=170),
        record(model="kmeans", value=335), record(model="gaussian", value=-150),
    ]  # fmt: skip
    figure = figures.all_scores(records, "mnist")
    axes = figure.axes[0]
    places = {float(line.get_xdata()[0]) for line in axes.lines}
    assert {138, 121, 214, 225, 160, 170, 165, 335} <= places
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == [
        "k-means centroids: 335",
        "Gaussian per pixel: -150 (off to the left)",
        "the paper; ± over test examples",
        "a recorded trial; ± over test examples",
        "mean of its trials; ± over training seeds",
    ]


def test_one_seed_has_no_mean_over_seeds():
    said = figures.all_scores([record(model="gan")], "mnist").legends[0].get_texts()
    assert not any("training seeds" in text.get_text() for text in said)


def test_the_command_draws_the_experiments_that_are_recorded(tmp_path, capsys):
    settings = game_1d.Settings(
        seeds=(1,), updates=2, early=1, discriminator_updates=2, generator_moves=1, hidden=4, batch_size=8
    )
    experiments.run("game-1d", settings, results=tmp_path)
    RecordStore(tmp_path).write(record())
    assert figures.main(["--results", str(tmp_path)]) == 0
    drawn = [Path(line).name for line in capsys.readouterr().out.split()]
    assert drawn == [
        "sigma_curves_mnist.png", "scores_mnist.png", "game_1d.png",
    ]  # fmt: skip


def test_figure_1_shows_the_recorded_panels(tmp_path):
    row = [[0.0, 0.4, 0.3, 0.5, 0.6], [1.0, 0.2, 0.1, 0.4, 0.7]]
    series = {
        f"{kind} {p}": row if kind == "panel" else [[0.0, 1.0]] for p in "abcd" for kind in ("panel", "map")
    }
    figure = figures.game(made_experiment("game-1d", series))
    lines = figure.axes[0].lines
    assert [list(line.get_ydata()) for line in lines] == [[0.4, 0.2], [0.3, 0.1], [0.5, 0.4], [0.6, 0.7]]


def test_curves_of_experiments_go_through_their_points():
    curve = [[1000.0, 90.0, 0.2, 88.0, 0.215, 2.0], [10_000.0, 160.0, 0.19, 150.0, 0.215, -1.0]]
    axes = figures.sample_count(made_experiment("sample-count", {"curve": curve})).axes[0]
    assert list(axes.lines[0].get_ydata()) == [90, 160]
    assert list(axes.lines[1].get_ydata()) == [88, 150]
    series = {
        f"{what} {loss}": [[1.0, 2.0], [2.0, 3.0]] for what in ("gradient", "likelihood") for loss in LOSSES
    }
    left, right = figures.loss_gradients(made_experiment("loss-early", series)).axes
    assert (len(left.lines), len(right.lines)) == (2, 2)
    series = {f"discriminator loss {recipe}": [[1, i + 0.5], [2, 0.1]] for i, recipe in enumerate(RECIPES)}
    axes = figures.update_order(made_experiment("update-order", series)).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [[i + 0.5, 0.1] for i in range(4)]


def test_a_results_folder_that_is_not_there_is_bad_usage(tmp_path, capsys):
    assert figures.main(["--results", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def made_experiment(name, series):
    provenance = ExperimentProvenance(commit=None, dirty=None, started="", finished="", environment={})
    return ExperimentRecord(name=name, settings={}, provenance=provenance, findings={}, series=series)


def test_samples_are_of_the_first_seed_and_completest_preset(tmp_path):
    chosen = [trial("dbn", 1, 240.0), trial("gan", 2, 207.0, preset="paper")]
    others = [trial("dbn", 4, 250.0, preset="paper"), trial("gan", 1, 156.0)]
    for made_up in (*chosen, *others):
        RecordStore(tmp_path).write(made_up)
        path = grid_path(tmp_path, made_up.spec.id)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    of_another = trial("gan-searched", 1, 164.0)
    RecordStore(tmp_path).write(of_another)
    grid = Grid(np.zeros((20, 784), np.float32), np.zeros(4), None, n_samples=20, n_train=1, seed=1)
    write_grid(grid_path(tmp_path, of_another.spec.id), grid, "0" * 64)
    drawn = {
        name: draw
        for name, draw in drawable(load_results(tmp_path), ["mnist"])
        if name.startswith("samples_")
    }
    assert {name: draw.args[0] for name, draw in drawn.items()} == {
        "samples_dbn_mnist": grid_path(tmp_path, chosen[0].spec.id),
        "samples_gan_mnist": grid_path(tmp_path, chosen[1].spec.id),
    }
