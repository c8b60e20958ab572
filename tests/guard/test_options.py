"""Bad usage of every command: one sentence that names the option, before anything is done."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from gan_repro import figures, table1
from gan_repro.data.__main__ import main as data_main
from gan_repro.parzen.__main__ import main as parzen_main
from gan_repro.search import __main__ as search
from tests.guard.oracle import Refuses, cases

LONG = "9" * 5000

TABLE1 = {
    "an unknown preset": (["--preset", "huge"], "--preset"),
    "an empty preset": (["--preset", ""], "--preset"),
    "a preset with a line break": (["--preset", "quick\nsmoke"], "--preset"),
    "an unknown model": (["--models", "gam"], "did you mean gan"),
    "an empty model": (["--models", ""], "no row is called ''"),
    "a model that is a path": (["--models", "../../gan"], "no row is called"),
    "a model with terminal codes": (["--models", "\x1b[2Jgan"], "no row is called"),
    "a model in another alphabet": (["--models", "gаn"], "no row is called"),
    "no model": (["--rows"], "--rows"),
    "an unknown data set": (["--datasets", "imagenet"], "--datasets"),
    "a data set that is a path": (["--datasets", "../mnist"], "--datasets"),
    "no seeds": (["--seeds", "0"], "at least 1"),
    "negative seeds": (["--seeds", "-1"], "--seeds"),
    "half a seed": (["--seeds", "1.5"], "whole number"),
    "too many seeds": (["--seeds", "6"], "fixed in advance"),
    "absurdly many seeds": (["--seeds", LONG], "whole number"),
    "seeds in hexadecimal": (["--seeds", "0x2"], "whole number"),
    "no workers": (["--workers", "0"], "at least 1"),
    "negative workers": (["--workers", "-2"], "--workers"),
    "workers in words": (["--workers", "two"], "whole number"),
    "absurdly many workers": (["--workers", LONG], "whole number"),
    "a superscript as workers": (["--workers", "²"], "whole number"),
    "no budget": (["--budget", "0"], "positive number"),
    "a negative budget": (["--budget", "-1"], "--budget"),
    "a budget that is no number": (["--budget", "soon"], "positive number"),
    "a NaN budget": (["--budget", "nan"], "positive number"),
    "an infinite budget": (["--budget", "inf"], "positive number"),
    "a budget past the clock": (["--budget", "1e300"], "at most a year"),
    "an unknown device": (["--device", "tpu"], "--device"),
    "an unknown format": (["--format", "xml"], "--format"),
    "an unknown option": (["--jobs", "2"], "--jobs"),
    "a stray word": (["mnist"], "mnist"),
    "results in a file": (["--results", "{odd}/file"], "{odd}/file"),
    "results below a file": (["--results", "{odd}/file/results"], "{odd}/file/results"),
    "results in a pipe": (["--results", "{odd}/pipe"], "{odd}/pipe"),
    "results in a device": (["--results", "{odd}/zeros"], "{odd}/zeros"),
    "results in a loop of links": (["--results", "{odd}/loop"], "{odd}/loop"),
    "results with too long a name": (["--results", "{odd}/" + "x" * 300], "File name too long"),
    "trials that are a file": (["--results", "{blocked}/trials"], "{blocked}/trials/trials"),
    "checkpoints that are a file": (["--results", "{blocked}/checkpoints"], "{blocked}/checkpoints"),
    "locks that are a file": (["--results", "{blocked}/locks"], "{blocked}/locks/locks"),
}

PARZEN = {
    "no samples": (["--dataset", "digits"], "SAMPLES"),
    "no data set": (["{odd}/x.npy"], "--dataset"),
    "an unknown data set": (["{odd}/x.npy", "--dataset", "digit"], "did you mean digits?"),
    "an empty data set": (["{odd}/x.npy", "--dataset", ""], "no data set is called ''"),
    "a fold of a set without": (["{good}", "--dataset", "digits", "--fold", "0"], "no folds"),
    "an absurd fold": (["{good}", "--dataset", "digits", "--fold", "9" * 400], "no folds"),
    "a fold in words": (["{good}", "--dataset", "digits", "--fold", "first"], "--fold"),
    "an unknown protocol": (["{good}", "--dataset", "digits", "--protocol", "best"], "--protocol"),
    "an unknown device": (["{good}", "--dataset", "digits", "--device", "gpu"], "--device"),
    "two files": (["{good}", "{good}", "--dataset", "digits"], "unrecognized arguments"),
}

DATA = {
    "no verb": ([], "list | fetch | verify"),
    "an unknown verb": (["delete", "mnist"], "invalid choice"),
    "nothing to fetch": (["fetch"], "NAME"),
    "an unknown name to fetch": (["fetch", "minst"], "did you mean mnist?"),
    "a path to verify": (["verify", "../mnist"], "no data set is called"),
    "a name with a line break": (["verify", "mnist\nrm"], "no data set is called"),
    "list with a name": (["list", "mnist"], "unrecognized arguments"),
}

SEARCH = {
    "a model without candidates": (["--models", "kmeans"], "--rows"),
    "an unknown data set": (["--dataset", "svhn"], "--dataset"),
    "results in a file": (["--dataset", "digits", "--results", "{odd}/file"], "{odd}/file"),
    "results in a pipe": (["--dataset", "digits", "--results", "{odd}/pipe"], "{odd}/pipe"),
    "a log folder that is a file": (["--dataset", "digits", "--results", "{blocked}/search"], "/search"),
}

FIGURES = {
    "an unknown data set": (["--dataset", "svhn"], "--dataset"),
    "results that are not there": (["--results", "{odd}/nowhere"], "{odd}/nowhere"),
    "results in a file": (["--results", "{odd}/file"], "{odd}/file"),
    "results in a pipe": (["--results", "{odd}/pipe"], "{odd}/pipe"),
    "a figure folder that is a file": (["--results", "{blocked}/figures"], "{blocked}/figures/figures"),
}

COMMANDS = {"table1": TABLE1, "parzen": PARZEN, "data": DATA, "search": SEARCH, "figures": FIGURES}
MAINS = {
    "table1": table1.main,
    "parzen": parzen_main,
    "data": data_main,
    "search": search.main,
    "figures": figures.main,
}


@cases({f"{c}: {name}": (c, *case) for c, table in COMMANDS.items() for name, case in table.items()})
@pytest.mark.usefixtures("fast_digits")
def test_bad_usage_is_refused(
    case: tuple[str, list[str], str],
    refuses: Refuses,
    odd: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command, arguments, says = case
    monkeypatch.setenv("COLUMNS", "1000")  # argparse breaks its usage, and nothing else, into lines
    monkeypatch.chdir(tmp_path)
    places = {"odd": str(odd), "blocked": str(tmp_path / "blocked"), "good": str(tmp_path / "good.npy")}
    if "{good}" in arguments:
        save_good_samples(tmp_path / "good.npy")
    for name in ("trials", "checkpoints", "locks", "search", "figures"):
        if any(f"{{blocked}}/{name}" in argument for argument in arguments):
            for folder in ("trials", "checkpoints", "locks"):
                if folder != name and command == "table1":
                    os.makedirs(tmp_path / "blocked" / name / folder)
            (tmp_path / "blocked" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "blocked" / name / name).write_text("")
    filled = [argument.format(**places) if "{" in argument else argument for argument in arguments]
    refuses(MAINS[command], filled, says.format(**places) if "{" in says else says)


def save_good_samples(path: Path) -> None:
    import numpy as np

    np.save(path, np.full((120, 64), 0.5, np.float32))


def test_more_workers_than_trials_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = argparse.ArgumentParser()
    table1.configure(parser)
    options = parser.parse_args(["--workers", "999999999"])
    assert table1._workers(options, [None, None], "cpu") == 2  # type: ignore[list-item]
    assert table1._workers(options, [], "cpu") == 1
