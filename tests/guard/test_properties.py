"""Inputs that nobody thought of: bytes, JSON and edits drawn at random, each refused properly or harmless."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gan_repro.data import idx
from gan_repro.data.fetch.pickles import load_arrays
from gan_repro.scoring.readers import open_path
from gan_repro.search.log import read_log
from gan_repro.tables.collect import cell_from, recorded_table
from gan_repro.tables.render import render
from gan_repro.tables.table import Column, Table
from gan_repro.trials.records import RecordError, load_record
from gan_repro.trials.store import RecordStore
from tests.factories.records import record
from tests.guard.test_sample_files import npy

RECORD = record()
FOLDER_IS_FIXED = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return RecordStore(tmp_path).write(RECORD)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every entry in nested dicts and lists."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [place for key, inner in entries for place in [(*here, key), *places(inner, (*here, key))]]


WHOLE = json.loads(RECORD.model_dump_json())
PLACES = places(WHOLE)


def read_or_refuse(path: Path) -> None:
    """A record is refused by a sentence that names it, or can be shown in every form."""
    try:
        found = load_record(path)
    except RecordError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert path.name in refusal
        return
    cells = {found.spec.model: cell_from([found])}
    column = Column(kind="preset", dataset="mnist", preset="standard", cells=cells)
    for table in (recorded_table([found], "mnist"), Table(name="mnist", rows=("gan",), columns=(column,))):
        for form in ("md", "csv", "json", "latex"):
            text = render(table, form)
            assert "nan" not in text.lower().replace("adversarial", "")
    store = RecordStore(path.parent.parent / "copy")
    store.write(found)
    assert store.read(found.spec) == found


@settings(max_examples=150, **FOLDER_IS_FIXED)
@given(place=st.sampled_from(PLACES), value=anything)
def test_any_entry_of_a_record_may_be_anything(place: tuple[Any, ...], value: Any, path: Path) -> None:
    whole = inner = json.loads(json.dumps(WHOLE))
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    path.write_text(json.dumps(whole))
    read_or_refuse(path)


@settings(max_examples=150, **FOLDER_IS_FIXED)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=3))
def test_any_byte_of_a_record_may_be_any_other(flips: list[tuple[int, int]], path: Path) -> None:
    content = bytearray(RecordStore(path.parent.parent / "good").write(RECORD).read_bytes())
    for place, change in flips:
        content[place % len(content)] ^= change
    path.write_bytes(content)
    read_or_refuse(path)


@settings(max_examples=100, **FOLDER_IS_FIXED)
@given(content=st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()))
def test_a_log_or_a_record_may_be_any_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    read_or_refuse(path)
    with pytest.raises(ValueError, match=path.name):
        read_log(path)


@settings(max_examples=200, **FOLDER_IS_FIXED)
@given(
    suffix=st.sampled_from([".npy", ".npz", ".pt", ".pth", ".csv", ".mat", ".h5"]),
    content=st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda tail: b"\x93NUMPY\x01\x00" + tail)
    | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail)
    | st.binary(max_size=200).map(lambda tail: b"\x89HDF\r\n\x1a\n" + tail)
    | st.text('0123456789.,+-eE\n"# naif', max_size=200).map(str.encode),
)
def test_samples_may_be_any_bytes(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"samples{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="samples"):
        open_path(path).take((8, 8), None, 100)


@settings(max_examples=150, **FOLDER_IS_FIXED)
@given(header=st.text(alphabet="{}()[]',: descrfotanhp<>f4123-+*\\x00TrueFalse", max_size=120))
def test_the_header_of_an_array_may_be_any_text(header: str, tmp_path: Path) -> None:
    path = tmp_path / "samples.npy"
    padded = header.encode() + b"\n"
    path.write_bytes(npy()[:8] + len(padded).to_bytes(2, "little") + padded + bytes(5000))
    with pytest.raises(ValueError, match="samples"):
        open_path(path).take((8, 8), None, 100)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda tail: b"\x00\x00\x08\x03" + tail))
def test_idx_may_be_any_bytes(content: bytes) -> None:
    try:
        size = idx.read_images(content).size
    except ValueError:
        return
    assert size == len(content) - 16


OPCODES = st.sampled_from(
    [bytes([code]) for code in b"(.0123FNKJMGITUVXSQabcdehjilopqrstu}]\x80\x81\x85\x86\x87\x93\x94"]
)


NAMES = (b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n")
WORDS = st.sampled_from(
    [*NAMES, b"K\x02", b"S'f4'\n", *(bytes([code]) for code in b"(tR)]}Nas02\x81\x85\x86\x87\x88")]
)
"""Of which an array is made, or something else."""
PLAIN = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple, type(None))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(OPCODES | st.binary(max_size=3), max_size=30).map(b"".join)
    | st.lists(WORDS, min_size=1, max_size=8).map(lambda words: b"".join(words) + b".")
)
@example(b"cnumpy\nndarray\n(K\x02tR.")
def test_a_pickle_may_be_any_bytes(content: bytes) -> None:
    """What comes out, if anything, is plain or of what the three allowed names can make."""
    with contextlib.suppress(ValueError):
        found = load_arrays(io.BytesIO(content))
        if callable(found):
            assert found in (np.ndarray, np.dtype, np.zeros(0).__reduce__()[0])
        else:
            assert type(found) in PLAIN or isinstance(found, np.ndarray | np.dtype), found


def test_a_pickle_gets_what_arrays_need_and_no_other_name() -> None:
    asked = {("numpy.core.multiarray", name) for name in dir(np._core.multiarray)}
    for module, loaded in list(sys.modules.items()):
        if module.partition(".")[0] in ("builtins", "numpy", "os", "subprocess"):
            asked |= {(module, name) for name in dir(loaded)}
    given = set()
    for module, name in asked:
        with contextlib.suppress(ValueError):
            load_arrays(io.BytesIO(f"c{module}\n{name}\n.".encode()))
            given.add(f"{module}.{name}")
    assert given == {
        "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray._reconstruct",
        "numpy.ndarray",
        "numpy.dtype",
    }
