from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from gan_repro import data


def test_the_names() -> None:
    assert {"mnist", "digits"} <= set(data.names())


@pytest.mark.parametrize(
    ("name", "hint"), [("mnits", "Did you mean 'mnist'"), ("MNIST", "Did you mean 'mnist'")]
)
def test_an_unknown_name_gets_close_matches(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}.*{hint}.*There are: mnist, digits"):
        data.load(name)


def test_a_name_like_no_other_gets_the_list_alone() -> None:
    with pytest.raises(ValueError, match=r"^no data set is called 'zzz'\. There are: mnist, digits"):
        data.load("zzz")


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_a_fold_of_a_set_without_folds_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has one fixed cut and no folds; leave out fold=0"):
        data.load(name, fold=0)


@pytest.mark.parametrize("fold", [None, -1, 5])
def test_a_fold_that_is_not_there_is_refused(fold: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(data._ENTRIES, "folded", data.Entry("nowhere", "", folds=5))
    with pytest.raises(ValueError, match=f"folds 0 to 4; choose one of them, not fold={fold}"):
        data.load("folded", fold=fold)


def test_the_fold_reaches_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(load=lambda fold, root: (fold, root))
    monkeypatch.setitem(sys.modules, "gan_repro.data.folded", module)  # type: ignore[arg-type]
    monkeypatch.setitem(data._ENTRIES, "folded", data.Entry("folded", "", folds=5))
    assert data.load("folded", fold=4) == (4, None)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, gan_repro.data.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "sklearn", "pooch", "requests", "scipy", "pandas"} & set(done.stdout.split())
