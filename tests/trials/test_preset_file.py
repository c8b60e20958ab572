"""A preset of one's own is a TOML file; what is wrong in it is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_repro import table1
from gan_repro.trials.presets import PRESETS, get_preset
from gan_repro.trials.spec import DataSpec

OWN = """
seeds = 2

[[cuts]]
rows = ["gan", "gan-searched"]
images = "digits"
minutes = 1
smaller = ["3 epochs"]
[cuts.settings]
epochs = 3

[[cuts]]
rows = ["gaussian"]
minutes = 0.1
[cuts.evaluation]
n_samples = 500
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "paper.toml"
    path.write_text(OWN)
    return path


def digits(name: str = "digits") -> DataSpec:
    return DataSpec(name=name, sha256="5" * 64)


def test_it_says_what_is_run_and_how(own: Path) -> None:
    preset = get_preset(str(own))
    assert preset.seeds == (1, 2)
    assert preset.rows("digits") == ["gan", "gaussian"]
    spec = preset.spec("gan-searched", digits(), 1)
    assert (spec.config["epochs"], spec.config["learning_rate"]) == (3, 0.2)
    assert preset.row_of(spec) == "gan-searched"
    assert preset.spec("gaussian", digits("cifar10"), 1).evaluation.n_samples == 500
    assert not preset.has("gan", "cifar10")


def test_its_name_is_never_that_of_a_built_in_preset(own: Path) -> None:
    assert get_preset(str(own)).name == "paper.toml"
    assert "paper.toml" not in PRESETS


def test_without_words_the_settings_themselves_are_recorded(own: Path) -> None:
    preset = get_preset(str(own))
    assert preset.cut("gan", "digits").smaller == ("3 epochs",)
    assert preset.cut("gaussian", "digits").smaller == ("n_samples = 500",)


def test_the_main_command_takes_it(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--preset", str(own), "--datasets", "digits", "--rows", "gaussian", "--seeds", "1"]
    arguments += ["--results", str(tmp_path / "results"), "--workers", "1"]
    assert table1.main(arguments) == 0
    assert "This run (paper.toml)" in capsys.readouterr().out


FAULTS = {
    "no TOML": (lambda text: "seeds: 2", "Expected '='"),
    "an unknown row": (lambda text: text.replace('"gan-searched"', '"gam"'), "no row is called 'gam'"),
    "a row without a place": (lambda text: text.replace('"digits"', '"faces"'), "gan-searched has no place"),
    "an unknown kind of images": (lambda text: text.replace('"digits"', '"birds"'), "cuts.0.images: "),
    "two cuts for one row": (lambda text: text.replace('["gaussian"]', '["gan", "gan"]'), "has two cuts"),
    "an unknown setting": (
        lambda text: text.replace("epochs = 3", "epochz = 3"),
        "row gan on digits: epochz is unknown; did you mean epochs?",
    ),
    "a setting of the wrong type": (
        lambda text: text.replace("epochs = 3", 'epochs = "many"'),
        "row gan on digits: epochs: Input should be a valid integer",
    ),
    "a setting out of range": (lambda text: text.replace("= 3", "= -3"), "epochs: Input should be greater"),
    "an unknown entry of the scoring": (
        lambda text: text.replace("n_samples", "samples"),
        "row gaussian on digits: samples is unknown; did you mean n_samples?",
    ),
    "an unknown key": (lambda text: text.replace("minutes = 1\n", "minute = 1\n"), "did you mean minutes?"),
    "no minutes": (lambda text: text.replace("minutes = 1\n", ""), "cuts.0.minutes: Field required"),
    "minutes that are no number": (
        lambda text: text.replace("minutes = 1\n", "minutes = nan\n"),
        "cuts.0.minutes: Input should be a finite number",
    ),
    "endless minutes": (lambda text: text.replace("= 0.1", "= inf"), "cuts.1.minutes: Input should be a fin"),
    "minutes below 0": (
        lambda text: text.replace("= 0.1", "= -1"),
        "cuts.1.minutes: Input should be greater",
    ),
    "too many seeds": (lambda text: text.replace("seeds = 2", "seeds = 6"), "seeds: Input should be less"),
    "seeds in words": (lambda text: text.replace("seeds = 2", 'seeds = "2"'), "seeds: Input should be"),
    "no rows": (lambda text: text.replace('["gaussian"]', "[]"), "cuts.1.rows: "),
    "nothing": (lambda text: "", "seeds: Field required"),
    "other bytes": (lambda text: text + "\udcff", "codec can't decode"),
    "patience without looks": (
        lambda text: text.replace("n_samples = 500", "patience = 5\ntrack_every = 0"),
        "patience needs track_every",
    ),
}


@pytest.mark.parametrize(("change", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_sentence_and_exit_status_2(
    change, says: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_bytes(change(OWN).encode("utf-8", "surrogateescape"))
    with pytest.raises(SystemExit) as stopped:
        table1.main(["--preset", str(own), "--datasets", "digits"])
    assert stopped.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(own) in last
    assert says in last


def test_a_file_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        table1.main(["--preset", "nowhere.toml"])
    assert stopped.value.code == 2
    assert "preset nowhere.toml cannot be read: No such file" in capsys.readouterr().err
