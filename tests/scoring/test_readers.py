"""A user's .npy, .npz or .pt of samples: what is taken, and the one sentence for what is not."""

from __future__ import annotations

import io
import os
import pickle
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_repro.scoring import values
from gan_repro.scoring.api import Prepared
from gan_repro.scoring.readers import numpy_files
from tests.scoring.helpers import made_up, prepared

SHAPE = (4, 5)
GOOD = np.random.default_rng(0).random((120, 20), dtype=np.float32)


def save(path: Path, array: object, name: str = "samples") -> Path:
    """Write `array` as the ending of `path` says."""
    if path.suffix == ".npy":
        np.save(path, np.asarray(array))
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{name: np.asarray(array)})
    else:
        torch.save(torch.from_numpy(array) if isinstance(array, np.ndarray) else array, path)
    return path


def take(path: Path, image_shape: tuple[int, ...] = SHAPE, **options: Any) -> Prepared:
    return prepared(path, made_up(image_shape), n_samples=1_000_000, **options)


def load(path: Path, image_shape: tuple[int, ...] = SHAPE, **options: Any) -> npt.NDArray[np.float32]:
    return take(path, image_shape, **options).rows


def refusal(path: Path, image_shape: tuple[int, ...] = SHAPE) -> str:
    """The message with which a file is refused: it names the file and is one line."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as refused:
        load(path, image_shape)
    message = str(refused.value)
    assert "\n" not in message
    return message


NUMBERED = ",".join(map(str, range(20)))


@pytest.mark.parametrize("heading", [NUMBERED, ",".join(f'"{n}"' for n in range(20))])
def test_a_line_that_numbers_the_columns_is_no_sample(heading: str, tmp_path: Path) -> None:
    """As pandas writes it, and R with quotes."""
    np.savetxt(tmp_path / "s.csv", GOOD, "%.9g", ",", header=heading, comments="")
    found = take(tmp_path / "s.csv")
    assert np.array_equal(found.rows, GOOD)
    assert found.doubts[0] == "passed over: the first line, which numbers the columns 0 to 19"
    np.savetxt(tmp_path / "s.csv", GOOD, "%.9g", ",")
    assert not any("passed over" in doubt for doubt in take(tmp_path / "s.csv").doubts)


@pytest.mark.parametrize("heading", [f",{NUMBERED}", "", "n," + ",".join("p" * 20)])
def test_a_column_that_counts_the_rows_is_named_with_a_cure(heading: str, tmp_path: Path) -> None:
    rows = np.column_stack([np.arange(120), GOOD])
    np.savetxt(tmp_path / "s.csv", rows, "%.9g", ",", header=heading, comments="")
    message = refusal(tmp_path / "s.csv")
    assert "shape (120, 21)" in message
    assert "the first column counts the rows" in message
    assert "index=False" in message
    np.savetxt(tmp_path / "s.csv", np.column_stack([GOOD[:, 0], GOOD]), "%.9g", ",")
    assert "counts the rows" not in refusal(tmp_path / "s.csv")


@pytest.fixture(params=[".npy", ".npz", ".pt"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"generated{request.param}"


@pytest.mark.parametrize("shape", [(120, 20), (120, 4, 5), (120, 1, 4, 5), (120, 4, 5, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_samples_come_back_as_rows(path: Path, shape: tuple[int, ...], dtype: type) -> None:
    saved = GOOD.astype(dtype)
    rows = load(save(path, saved.reshape(shape)))
    assert rows.dtype == np.float32
    assert np.array_equal(rows, saved.astype(np.float32))


def test_an_ending_in_capitals(tmp_path: Path) -> None:
    os.rename(save(tmp_path / "a.npy", GOOD), tmp_path / "A.NPY")
    assert np.array_equal(load(tmp_path / "A.NPY"), GOOD)


def test_colour_images_have_the_channel_last_or_first(path: Path) -> None:
    images = GOOD[:, :12].reshape(120, 2, 2, 3)
    assert take(save(path, images), (2, 2, 3)).facts.layout == "channels-last"
    assert np.array_equal(load(path, (2, 2, 3)), GOOD[:, :12])
    save(path, np.ascontiguousarray(np.moveaxis(images, -1, 1)))
    assert take(path, (2, 2, 3)).facts.layout == "channels-first"
    assert np.array_equal(load(path, (2, 2, 3)), GOOD[:, :12])
    save(path, GOOD[:, :12].reshape(120, 2, 3, 2))
    assert "(n, 12) or (n, 2, 2, 3) or (n, 3, 2, 2)" in refusal(path, (2, 2, 3))


def test_arrays_of_other_layouts(tmp_path: Path) -> None:
    columns_first = save(tmp_path / "a.npy", np.asfortranarray(GOOD.reshape(120, 4, 5)))
    assert np.array_equal(load(columns_first), GOOD)
    columns_first = save(tmp_path / "a.npz", np.asfortranarray(GOOD))
    assert np.array_equal(load(columns_first), GOOD)
    assert np.array_equal(load(save(tmp_path / "b.npy", GOOD.astype(">f8"))), GOOD)
    transposed = torch.from_numpy(np.ascontiguousarray(GOOD.T)).T
    assert np.array_equal(load(save(tmp_path / "a.pt", transposed)), GOOD)


def test_which_of_several_arrays(tmp_path: Path) -> None:
    only = save(tmp_path / "only.npz", GOOD, name="whatever")
    assert np.array_equal(load(only), GOOD)
    np.savez(tmp_path / "named.npz", other=GOOD[:3], samples=GOOD)
    assert np.array_equal(load(tmp_path / "named.npz"), GOOD)
    np.savez(tmp_path / "two.npz", first=GOOD, second=GOOD)
    assert "2 arrays ('first', 'second')" in refusal(tmp_path / "two.npz")
    assert np.array_equal(load(tmp_path / "two.npz", key="second"), GOOD)
    with pytest.raises(ValueError, match="holds no array 'third'; it holds 'first', 'second'"):
        load(tmp_path / "two.npz", key="third")
    np.savez(tmp_path / "labels.npz", images=GOOD, labels=np.arange(120), names=np.array(["a", None]))
    assert np.array_equal(load(tmp_path / "labels.npz"), GOOD)
    np.savez(tmp_path / "labels.npz", images=GOOD[:, :19], labels=np.arange(120))
    assert "'images' (120, 19), 'labels' (120,)), none of them" in refusal(tmp_path / "labels.npz")
    np.savez(tmp_path / "none.npz")
    assert "0 arrays" in refusal(tmp_path / "none.npz")

    tensor = torch.from_numpy(GOOD)
    assert np.array_equal(load(save(tmp_path / "a.pt", {"epoch": 3, "x": tensor})), GOOD)
    assert np.array_equal(load(save(tmp_path / "b.pt", {"z": tensor[:3], "samples": tensor})), GOOD)
    assert "2 tensors ('z', 'x')" in refusal(save(tmp_path / "c.pt", {"z": tensor, "x": tensor}))
    assert "holds a list" in refusal(save(tmp_path / "d.pt", [tensor]))
    parameter = torch.nn.Parameter(tensor)
    assert np.array_equal(load(save(tmp_path / "e.pt", parameter)), GOOD)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ((GOOD * 255).astype(np.int64), "int64 numbers from 0 to 254, of which only you know"),
        ((GOOD * 255).astype(np.uint16), "say it with --value-range 0 255 (value_range=(0, 255) in Python)"),
        ((GOOD > 0.5).astype(np.int8), "say it with --value-range 0 1"),
        (GOOD.astype(np.complex64), "type complex64"),
        (
            np.round(GOOD * 255),
            "values run from 0 to 255, not in [0, 1]; this looks like pixels of 0 to 255: divide by 255",
        ),
        (GOOD * 2 - 1, "this looks like -1 to 1, as tanh gives it: use (x + 1) / 2"),
        (GOOD * 1.2 - 0.1, "clip them"),
        (GOOD * 1e4, "rescale them"),
        (GOOD[:, :19], "shape (120, 19); samples of this data set have shape (n, 20) or (n, 4, 5)"),
        (GOOD.T, "shape (20, 120)"),
        (GOOD.reshape(120, 5, 4), "shape (120, 5, 4)"),
        (GOOD[0], "shape (20,)"),
        (GOOD[0, 0], "shape ()"),
        (GOOD[:99], "99 samples are too few"),
        (GOOD[:0], "shape (0, 20) holds no samples"),
    ],
)
def test_what_cannot_be_scored(path: Path, array: npt.NDArray[np.generic], message: str) -> None:
    if path.suffix == ".pt":
        torch.save(torch.from_numpy(np.array(array)), path)
    else:
        save(path, array)
    assert message in refusal(path)


def test_a_hundred_samples_are_enough(path: Path) -> None:
    assert len(load(save(path, GOOD[:100]))) == 100


def test_rounding_at_the_ends_of_the_range_is_not_an_error(path: Path) -> None:
    array = GOOD.copy()
    array[0, :2] = np.nextafter(np.float32(1), np.float32(2)), np.float32(-1e-7)
    assert np.array_equal(load(save(path, array)), array)


@pytest.mark.parametrize("height", [1, 7, 1000])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_counted(
    path: Path, value: float, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "_BLOCK_BYTES", height * 20 * 4)
    array = GOOD.copy()
    array[[17, 17, 60], [3, 4, 0]] = value
    assert "NaN or infinite values: 3, the first in row 17 (counted from 0)" in refusal(save(path, array))


def test_other_kinds_of_tensor(tmp_path: Path) -> None:
    tensor = torch.from_numpy(GOOD)
    half = tensor.bfloat16()
    assert np.array_equal(load(save(tmp_path / "a.pt", half)), half.float().numpy())
    assert "torch.sparse_coo" in refusal(save(tmp_path / "b.pt", tensor.to_sparse()))
    expanded = save(tmp_path / "c.pt", tensor[:1].expand(200, 20))
    assert np.array_equal(load(expanded), np.repeat(GOOD[:1], 200, axis=0))
    # 80 bytes that pretend to be a billion samples.
    assert "1,000,000,000 samples are more" in refusal(save(tmp_path / "c.pt", tensor[:1].expand(10**9, 20)))


@pytest.mark.parametrize("in_zip", [True, False])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.uint8, bool, ">f8"])
def test_an_array_inside_torch_save(tmp_path: Path, kind: Any, in_zip: bool) -> None:
    array = GOOD > 0.5 if kind is bool else (GOOD * (255 if kind is np.uint8 else 1)).astype(kind)
    white = 255 if kind is np.uint8 else 1
    for value in (array, {"images": array, "labels": torch.arange(120)}):
        torch.save(value, tmp_path / "a.pth", _use_new_zipfile_serialization=in_zip)
        assert np.array_equal(load(tmp_path / "a.pth"), (array / white).astype(np.float32))


def test_the_format_of_torch_before_zip(tmp_path: Path) -> None:
    torch.save(torch.from_numpy(GOOD), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert np.array_equal(load(tmp_path / "a.pt"), GOOD)


@pytest.mark.filterwarnings("error")
def test_a_header_of_python_2_is_read_without_a_word(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (120L, 20L), }".ljust(117) + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header + GOOD.tobytes())
    assert np.array_equal(load(tmp_path / "a.npy"), GOOD)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "samples.npy")
    assert np.array_equal(load(tmp_path / "a.npz"), GOOD)


@pytest.mark.parametrize("dtype", [np.uint8, bool])
def test_bytes_and_truth_values_have_a_meaning(path: Path, dtype: Any) -> None:
    array = (GOOD * 255).astype(np.uint8) if dtype is np.uint8 else GOOD > 0.5
    found = take(save(path, array))
    assert np.array_equal(found.rows, array / np.float32(found.facts.value_range[1]))
    assert found.facts.value_range == ((0, 255) if dtype is np.uint8 else (0, 1))


@pytest.mark.parametrize(
    ("array", "stated"),
    [
        (np.round(GOOD * 255), (0, 255)),
        (np.round(GOOD * 255).astype(np.int32), (0, 255)),
        (GOOD * 2 - 1, (-1, 1)),
        (np.round(GOOD * 16).astype(np.uint8), (0, 16)),
        ((GOOD > 0.5).astype(np.uint8), (0, 1)),
    ],
)
def test_another_range_has_to_be_said(path: Path, array: npt.NDArray[Any], stated: tuple[int, int]) -> None:
    expected = (array.astype(np.float64) - stated[0]) / (stated[1] - stated[0])
    np.testing.assert_allclose(load(save(path, array), value_range=stated), expected, atol=1e-7)
    with pytest.raises(ValueError, match=r"values run from .* to .*, beyond the range"):
        load(path, value_range=(0, 0.5))


def test_missing_and_misnamed_files(path: Path, tmp_path: Path) -> None:
    assert "No such file" in refusal(path)
    path.mkdir()
    assert "not a file" in refusal(path)
    assert "not from '.pkl'" in refusal(tmp_path / "samples.pkl")
    assert "not from ''; there is no such file" in refusal(tmp_path / "samples")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    assert "not a file" in refusal(path)


@pytest.mark.parametrize("kept", [0, 1, 5, 30, 127, 200, 0.5, -1])
def test_files_cut_short(path: Path, kept: float) -> None:
    content = save(path, GOOD).read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if 0 < kept < 1 else int(kept)])
    assert re.search("damaged|cut short", refusal(path))


def test_files_of_another_format(path: Path, tmp_path: Path) -> None:
    for suffix in {".npy", ".npz", ".pt"} - {path.suffix}:
        path.write_bytes(save(tmp_path / f"other{suffix}", GOOD).read_bytes())
        assert re.search("damaged|arrays", refusal(path))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.data())
def test_damaged_bytes_are_refused_or_harmless(path: Path, content: st.DataObject) -> None:
    """A byte of the head or the tail, where the formats keep what they believe, becomes another."""
    whole = bytearray(save(path, GOOD).read_bytes())
    for _ in range(content.draw(st.integers(1, 4))):
        ends = st.integers(0, 300) | st.integers(-300, -1)
        whole[content.draw(ends)] = content.draw(st.integers(0, 255))
    path.write_bytes(whole)
    try:
        outcome = f"{path}: {load(path).shape}"
    except ValueError as error:
        outcome = str(error)
    assert outcome.startswith(str(path))
    assert "\n" not in outcome


def header(**entries: object) -> bytes:
    """A .npy that is all promise."""
    file = io.BytesIO()
    promise = {"descr": "<f4", "fortran_order": False, "shape": (120, 20)} | entries
    np.lib.format.write_array_header_1_0(file, promise)
    return file.getvalue()


@pytest.mark.parametrize(
    "shape",
    [(10**15, 20), (10**30, 20), (10**3000, 10**3000), (0, 10**30), (-120, 20), (-120, -20), (120, 10**18)],
)
@pytest.mark.parametrize("descr", ["<f4", "|V0"])
def test_absurd_sizes_cost_nothing(tmp_path: Path, shape: tuple[int, ...], descr: str) -> None:
    promise = header(shape=shape, descr=descr) + GOOD.tobytes()
    (tmp_path / "a.npy").write_bytes(promise)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("samples.npy", promise)
    for name in ("a.npy", "a.npz"):
        assert re.search("cut short|holds no samples", refusal(tmp_path / name))


def bomb(path: Path, claims: int | None = None) -> Path:
    """A .npz of a few kilobytes that unpacks to 32 MB of zeros; it may claim that it has fewer bytes."""
    zeros = header(shape=(400_000, 20)) + bytes(32_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples.npy", zeros)
        if claims is not None:
            archive.infolist()[0].file_size = claims
    assert path.stat().st_size < 50_000
    return path


@pytest.mark.parametrize("claims", [None, 9000])
def test_a_zip_bomb_is_not_unpacked(
    tmp_path: Path, claims: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bomb(tmp_path / "a.npz", claims)
    monkeypatch.setattr(numpy_files, "LARGEST_UNPACKED", 10_000_000)
    tracemalloc.start()
    try:
        message = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ("more than the 10,000,000" if claims is None else "damaged") in message
    assert peak < 2_000_000


def test_a_packed_pt_is_not_unpacked(tmp_path: Path) -> None:
    saved = save(tmp_path / "a.pt", GOOD)
    # The part that torch would unpack without a limit; packed, it would still load.
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for name in old.namelist():
            packing = zipfile.ZIP_DEFLATED if name.endswith("data.pkl") else zipfile.ZIP_STORED
            new.writestr(name, old.read(name), packing)
    assert len(torch.load(tmp_path / "b.pt", weights_only=True)) == 120
    assert "damaged, or not a torch.save" in refusal(tmp_path / "b.pt")


class Harmful:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.trace,)


def test_pickles_do_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    harmful = Harmful(trace)
    pickle.loads(pickle.dumps(harmful))
    assert trace.exists()
    trace.unlink()
    objects = np.array([harmful] * 120, dtype=object)
    np.save(tmp_path / "a.npy", objects)
    np.savez(tmp_path / "a.npz", samples=objects)
    torch.save({"samples": torch.from_numpy(GOOD), "extra": harmful}, tmp_path / "a.pt")
    assert "pickled Python objects, which are never loaded" in refusal(tmp_path / "a.npy")
    assert "pickled Python objects, which are never loaded" in refusal(tmp_path / "a.npz")
    assert "nothing else is loaded, as it could run code" in refusal(tmp_path / "a.pt")
    for suffix in (".npy", ".npz", ".pt"):
        bare = tmp_path / f"bare{suffix}"
        bare.write_bytes(pickle.dumps(harmful))
        assert "damaged" in refusal(bare)
    torch.save({"samples": harmful}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert "nothing else is loaded, as it could run code" in refusal(tmp_path / "old.pt")
    assert not trace.exists()
