"""Findings carry the right errors, and a run leaves one record and nothing else."""

import json
import math
import os

import numpy as np
import pytest
import torch

from gan_repro import experiments
from gan_repro.experiments import __main__ as command
from gan_repro.experiments import base, game_1d
from gan_repro.experiments.record import load_experiment
from gan_repro.trials import environment
from gan_repro.util import folders

TINY_GAME = game_1d.Settings(
    seeds=(1,), updates=4, early=2, discriminator_updates=3, generator_moves=1, hidden=4, batch_size=8
)


def test_a_mean_has_students_interval_a_single_value_none():
    found = base.mean_of([1.0, 2.0, 6.0], over="training seeds", unit="nats", what="x")
    error = math.sqrt(7 / 3)
    assert (found.value, found.standard_error, found.n) == (3, pytest.approx(error), 3)
    assert found.interval == pytest.approx((3 - 4.302653 * error, 3 + 4.302653 * error), rel=1e-5)
    alone = base.mean_of([5.0], over="training seeds", unit="nats", what="x")
    assert (alone.standard_error, alone.interval) == (None, None)


def test_ratios_are_averaged_as_logarithms():
    found = base.geometric_mean_of([0.5, 2.0, 1.0], over="training seeds", what="x")
    assert found.value == pytest.approx(1)
    low, high = found.interval
    assert low * high == pytest.approx(1)


def test_a_share_of_nought_has_an_interval_but_no_error():
    found = base.share_of(np.zeros(20), over="samples", what="x")
    assert found.standard_error is None
    assert found.interval == pytest.approx((0, 0.1611), abs=1e-4)  # Wilson's for 0 of 20


def test_a_single_value_has_a_share_and_a_difference():
    found = base.share_of(np.ones(1), over="training seeds", what="x")
    assert (found.value, found.n, found.standard_error, found.interval) == (1, 1, None, None)
    one, two = np.array([3.0]), np.array([1.0, 2.0])
    for first, second, value in ((one, two, 1.5), (two, one, -1.5)):
        found = base.difference_of(first, second, over="images", unit="nats", what="x")
        assert (found.value, found.standard_error, found.interval) == (value, None, None)


def test_images_are_spaced_evenly_from_the_first():
    images = np.arange(11)[:, None] * np.ones(2)
    assert base.evenly_spaced(images, 3)[:, 0].tolist() == [0, 3, 7]
    assert base.evenly_spaced(images[:9], 3)[:, 0].tolist() == [0, 3, 6]
    assert base.evenly_spaced(images, 6)[:, 0].tolist() == [0, 1, 3, 5, 7, 9], "over all, not the first six"
    assert (
        base.evenly_spaced(images, 11).tolist() == base.evenly_spaced(images, 50).tolist() == images.tolist()
    )


class Numbers(base.Part):
    values: tuple[float, ...]
    other: float | None


def kept(folder, made):
    """The part, made now where there is none to be read."""
    make = iter([made])
    return base.Context(folder).kept("game-1d", "part", "asked", Numbers, lambda: next(make))


def test_a_kept_part_comes_back_with_every_number(tmp_path):
    made = Numbers(values=(1.5, math.inf, -math.inf), other=math.inf)
    kept(tmp_path, made)
    assert kept(tmp_path, None) == made
    kept(tmp_path / "nan", Numbers(values=(), other=math.nan))
    assert math.isnan(kept(tmp_path / "nan", None).other)


@pytest.mark.parametrize("damage", ["empty", "cut short", "other", "pipe", "dead link", "huge"])
def test_a_damaged_part_is_named_and_made_again(damage, tmp_path, capsys):
    made = Numbers(values=(1.5,), other=None)
    kept(tmp_path, made)
    (path,) = (tmp_path / "checkpoints" / "game-1d").iterdir()
    whole = path.read_text()
    path.unlink()
    if damage == "pipe":
        os.mkfifo(path)
    elif damage == "dead link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        content = {"empty": "", "cut short": whole[:-3], "other": '{"a": 1}', "huge": whole + " " * 2**20}
        path.write_text(content[damage])
    assert kept(tmp_path, made) == made
    said = capsys.readouterr().err
    assert said.startswith(f"game-1d: {path} cannot be read (")
    assert (said.count("\n"), said.endswith("it is made again\n")) == (1, True)
    assert json.loads(path.read_text())["part"] == json.loads(whole)["part"]
    assert kept(tmp_path, None) == made


@pytest.mark.usefixtures("_threads_restored")
def test_a_run_leaves_a_record_that_reads_back(tmp_path):
    torch.set_num_threads(2)
    record = experiments.run("game-1d", TINY_GAME, results=tmp_path)
    assert load_experiment(tmp_path / "experiments" / "game-1d.json") == record
    assert record.seeds == (1,)
    assert record.settings["updates"] == 4
    assert record.provenance.environment["threads"] == 1
    assert [path.name for path in (tmp_path / "experiments").iterdir()] == ["game-1d.json"]


@pytest.mark.usefixtures("_threads_restored")
def test_a_record_names_where_kept_parts_came_from(tmp_path, monkeypatch):
    run_game = game_1d.run

    def with_parts(settings, context):
        for part in ("one", "two"):
            context.kept("game-1d", part, "asked", Numbers, lambda: Numbers(values=(1.5,), other=None))
        return run_game(settings, context)

    def at(commit):
        monkeypatch.setattr(environment, "code_version", lambda: (commit * 40, False))
        return experiments.run("game-1d", TINY_GAME, results=tmp_path).provenance

    monkeypatch.setattr(game_1d, "run", with_parts)
    first = at("a")
    assert (first.commit, first.earlier) == ("a" * 40, ())
    (two,) = (tmp_path / "checkpoints" / "game-1d").glob("two-*")
    two.unlink()
    parts = [json.loads(path.read_text()) for path in (tmp_path / "checkpoints" / "game-1d").iterdir()]
    second = at("b")
    assert (second.commit, [origin.commit for origin in second.earlier]) == ("b" * 40, ["a" * 40])
    assert [second.started] == [part["began"] for part in parts]
    assert [origin.commit for origin in at("c").earlier] == ["a" * 40, "b" * 40]


def test_the_same_settings_give_the_same_findings(tmp_path):
    first, second = (experiments.run("game-1d", TINY_GAME, results=tmp_path / name) for name in "ab")
    assert first.findings == second.findings
    assert first.series == second.series


def test_the_command_says_which_command_makes_a_missing_model(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(folders, "published_folder", lambda: None)
    assert command.main(["memorisation", "--results", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "no finished trial of gan on mnist" in said
    assert "gan-repro table --preset" in said
    assert not list((tmp_path / "experiments").glob("*.json"))


def test_an_unknown_name_is_bad_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["nonsense"])
    with pytest.raises(ValueError, match="game-1d"):
        experiments.module("nonsense")


def test_a_record_says_who_took_the_products(tmp_path, monkeypatch):
    switch = torch.backends.mkldnn.matmul
    seen = []
    run_game = game_1d.run
    monkeypatch.setattr(game_1d, "run", lambda *given: seen.append(switch.fp32_precision) or run_game(*given))
    try:
        record = experiments.run("game-1d", TINY_GAME, results=tmp_path, products="onednn")
    except ValueError as error:
        pytest.skip(str(error))
    assert record.provenance.environment["products"] == "onednn"
    assert seen == ["bf16"]
    assert switch.fp32_precision != "bf16"
