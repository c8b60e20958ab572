from __future__ import annotations

from pathlib import Path

import pytest

from gan_repro import data
from gan_repro.data.__main__ import main
from gan_repro.data.fetch.sources import Files

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def own(tiny: Files, tmp_path: Path) -> Path:
    """A folder of the user's with the tiny MNIST."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, content in tiny.items():
        (folder / name).write_bytes(content)
    return folder


def test_list_prints_one_line_each(capsys: Capture) -> None:
    assert main(["list"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == data.names()


def test_fetch_prints_what_there_is(own: Path, capsys: Capture) -> None:
    assert main(["fetch", "mnist", "--root", str(own)]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[:4] for row in rows] == [
        ["mnist", "train", "3", "28x28"],
        ["mnist", "valid", "2", "28x28"],
        ["mnist", "test", "2", "28x28"],
    ]


def test_a_failed_fetch_is_exit_code_1_and_says_what_to_do(tiny: Files, capsys: Capture) -> None:
    assert main(["fetch", "mnist"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "train-images-idx3-ubyte: 3,936 bytes, SHA-256 " in captured.err


def test_verify_needs_every_file_to_be_right(own: Path, capsys: Capture) -> None:
    assert main(["verify", "mnist"]) == 1
    assert "fetch mnist" in capsys.readouterr().err
    assert main(["verify", "mnist", "--root", str(own)]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "ok"]
    damaged = own / "t10k-images-idx3-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert main(["verify", "mnist", "--root", str(own)]) == 1
    assert f"corrupt\t{damaged}\thas SHA-256" in capsys.readouterr().out


def test_digits_verify_without_files() -> None:
    assert main(["verify", "digits"]) == 0


@pytest.mark.parametrize(
    "arguments", [[], ["fetch"], ["burn", "mnist"], ["fetch", "mnits"], ["verify", "mnits"]]
)
def test_bad_usage_is_exit_code_2(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert ("did you mean mnist?" in capsys.readouterr().err) == ("mnits" in arguments)


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load", interrupt)
    assert main(["fetch", "mnist"]) == 130
