"""Search logs that are damaged or foreign: refused by name, and never written over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_repro import data
from gan_repro.search import __main__ as search
from tests.guard.oracle import Refuses, cases

NAN = float("nan")


def log(digits: data.Dataset, **changes: Any) -> bytes:
    whole = search.SearchLog(
        model="gsn", model_version=1, dataset="digits", data_sha256=digits.sha256, seed=search.SEED,
        n_samples=search.N_SAMPLES, common=search.SPACES["gsn"].common,
    ).model_dump()  # fmt: skip
    return json.dumps({**whole, **changes}).encode()


TRIED = {"settings": {}, "valid_mean": 1.0, "sigma": 0.1, "seconds": 1.0}

CONTENTS: dict[str, Callable[[data.Dataset], bytes]] = {
    "empty": lambda digits: b"",
    "cut in half": lambda digits: log(digits)[:50],
    "a list": lambda digits: b"[]",
    "nested brackets": lambda digits: b"[" * 100_000,
    "no UTF-8": lambda digits: b"\xff\xfe" + log(digits),
    "two megabytes": lambda digits: log(digits) + b" " * 2**21,
    "an unknown key": lambda digits: log(digits, extra=1),
    "no seed": lambda digits: log(digits, seed=None),
    "a score that is NaN": lambda digits: log(digits, tried=[{**TRIED, "valid_mean": NAN}]),
    "a score in words": lambda digits: log(digits, tried=[{**TRIED, "valid_mean": "high"}]),
    "another seed": lambda digits: log(digits, seed=1),
    "another model": lambda digits: log(digits, model="dbn"),
    "another version": lambda digits: log(digits, model_version=0),
    "other images": lambda digits: log(digits, data_sha256="0" * 64),
    "another number of samples": lambda digits: log(digits, n_samples=5),
}
PLACES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "endless zeros": lambda path: path.symlink_to("/dev/zero"),
}


@cases(CONTENTS | PLACES)
@pytest.mark.usefixtures("fast_digits")
def test_a_bad_log_is_refused_by_name(
    case: Callable[[Any], Any],
    refuses: Refuses,
    digits: data.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "fit_candidate", None)
    path = search.log_path(tmp_path, "gsn", "digits")
    path.parent.mkdir()
    if case in CONTENTS.values():
        path.write_bytes(case(digits))
    else:
        case(path)
    arguments = ["--models", "gsn", "--dataset", "digits", "--results", str(tmp_path)]
    refuses(search.main, arguments, str(path))
