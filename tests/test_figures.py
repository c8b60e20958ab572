"""Figures are functions of the records: the same bytes every time, and every recorded point on the line."""

from gan_repro import figures
from gan_repro.trials.presets import get_preset, preset_spec
from gan_repro.trials.records import CurvePoint
from gan_repro.trials.spec import DataSpec
from tests.test_tables import record


def with_curve(model, seed, values):
    curve = tuple(
        CurvePoint(epoch=5 * k, losses={}, learning_rate=0.1, valid_mean=value)
        for k, value in enumerate(values, start=1)
    )
    return record(model=model, seed=seed).model_copy(update={"learning_curve": curve})


def test_every_trial_is_a_line_through_its_points_and_every_model_stands_in_the_legend_once():
    records = [
        with_curve("gan", 1, [1.0, 50.0, 99.0]),
        with_curve("gan", 2, [2.0, 51.0]),
        with_curve("dbn", 1, [3.0]),
    ]
    axes = figures.learning_curves(records, "mnist").axes[0]
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert drawn[:3] == [[1.0, 50.0, 99.0], [2.0, 51.0], [3.0]]
    assert list(axes.lines[0].get_xdata()) == [5, 10, 15]
    assert list(axes.lines[3].get_ydata()) == [225, 225]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "Adversarial nets (standard)", "DBN (standard)",
    ]  # fmt: skip


def test_failed_trials_and_other_data_sets_are_not_drawn():
    failed = with_curve("gan", 1, [1.0]).model_copy(update={"status": "diverged", "reason": "NaN"})
    spec = preset_spec(get_preset("standard"), "gan", DataSpec(name="digits", sha256="5" * 64), 1)
    other = with_curve("gan", 1, [1.0]).model_copy(update={"spec": spec})
    assert len(figures.learning_curves([failed, other], "mnist").axes[0].lines) == 1


def test_the_same_records_give_the_same_bytes(tmp_path):
    records = [with_curve("gan", 1, [1.0, 50.0])]
    for name in "ab":
        figures.save(figures.learning_curves(records, "mnist"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().startswith(b"\x89PNG")


def test_the_command_writes_and_names_the_file(tmp_path, capsys):
    assert figures.main(["--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "figures" / "learning_curves_mnist.png")
    assert (tmp_path / "figures" / "learning_curves_mnist.png").exists()
