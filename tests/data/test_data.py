from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gan_repro import data


def test_the_names() -> None:
    assert {"mnist", "digits", "tfd", "fer2013", "orl", "own_faces"} <= set(data.names())


def test_what_is_said_of_the_face_sets() -> None:
    entries = {name: data.entry(name) for name in ("tfd", "fer2013", "orl", "own_faces")}
    assert {entry.folds for entry in entries.values()} == {5}
    assert [name for name, entry in entries.items() if entry.shared_training] == [
        "tfd",
        "fer2013",
        "own_faces",
    ]
    assert [name for name, entry in entries.items() if entry.stand_in] == ["fer2013", "orl", "own_faces"]
    assert not data.entry("mnist").stand_in


def test_faces_are_the_best_set_that_is_there(tmp_path: Path) -> None:
    assert data.resolve("faces") == "orl"
    (tmp_path / "fer2013_48x48.npz").write_bytes(b"not looked into")
    assert data.resolve("faces", tmp_path) == "fer2013"
    (tmp_path / "TFD_48x48.mat").write_bytes(b"not looked into")
    assert data.resolve("faces", str(tmp_path)) == "tfd"
    with pytest.raises(data.DataUnavailable, match=r"TFD_48x48\.mat cannot be read"):
        data.load_folds("tfd", root=tmp_path)


@pytest.mark.parametrize("name", ["mnist", "orl", "tfd", "nonsense"])
def test_other_names_are_left_alone(name: str) -> None:
    assert data.resolve(name) == name


def test_there_are_no_folds_of_a_set_without() -> None:
    with pytest.raises(
        ValueError, match=r"mnist has one fixed cut and no folds; load it with load\('mnist'\)"
    ):
        data.load_folds("mnist")


@pytest.mark.parametrize(
    ("name", "hint"), [("mnits", r"did you mean mnist\?"), ("MNIST", r"did you mean mnist\?")]
)
def test_an_unknown_name_gets_close_matches(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"^no data set is called '{name}'; {hint}$"):
        data.load(name)


def test_a_name_like_no_other_gets_the_list_alone() -> None:
    with pytest.raises(ValueError, match=r"^no data set is called 'zzz'; known data sets: mnist, digits"):
        data.load("zzz")


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_a_fold_of_a_set_without_folds_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has one fixed cut and no folds; leave out fold=0"):
        data.load(name, fold=0)


@pytest.mark.parametrize("fold", [None, -1, 5])
def test_a_fold_that_is_not_there_is_refused(fold: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(data._ENTRIES, "folded", data.Entry(".nowhere", "", folds=5))
    with pytest.raises(ValueError, match=f"folds 0 to 4; choose one of them, not fold={fold}"):
        data.load("folded", fold=fold)


def test_the_fold_reaches_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(load=lambda fold, root: (fold, root))
    monkeypatch.setitem(sys.modules, "gan_repro.data.folded", module)  # type: ignore[arg-type]
    monkeypatch.setitem(data._ENTRIES, "folded", data.Entry(".folded", "", folds=5))
    assert data.load("folded", fold=4) == (4, None)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, gan_repro.data.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "PIL", "h5py", "sklearn", "pooch", "requests", "scipy", "pandas"} & set(
        done.stdout.split()
    )
