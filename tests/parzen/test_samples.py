"""A user's file of samples: what is taken, and the one sentence for what is not."""

from __future__ import annotations

import io
import os
import pickle
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_repro.parzen import samples

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


def load(path: Path, image_shape: tuple[int, ...] = SHAPE) -> npt.NDArray[np.floating]:
    return samples.as_rows(samples.read(path), image_shape, path)


def refusal(path: Path, image_shape: tuple[int, ...] = SHAPE) -> str:
    """The message with which a file is refused: it names the file and is one line."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as refused:
        load(path, image_shape)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.fixture(params=[".npy", ".npz", ".pt"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"generated{request.param}"


@pytest.mark.parametrize("shape", [(120, 20), (120, 4, 5), (120, 1, 4, 5), (120, 4, 5, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_samples_come_back_as_rows(path: Path, shape: tuple[int, ...], dtype: type) -> None:
    saved = GOOD.astype(dtype)
    rows = load(save(path, saved.reshape(shape)))
    assert rows.dtype == dtype
    assert np.array_equal(rows, saved)


def test_an_ending_in_capitals(tmp_path: Path) -> None:
    os.rename(save(tmp_path / "a.npy", GOOD), tmp_path / "A.NPY")
    assert np.array_equal(load(tmp_path / "A.NPY"), GOOD)


def test_colour_images_in_the_order_of_the_data_set_only(path: Path) -> None:
    save(path, GOOD[:, :12].reshape(120, 2, 2, 3))
    assert load(path, (2, 2, 3)).shape == (120, 12)
    save(path, GOOD[:, :12].reshape(120, 3, 2, 2))
    assert "(n, 12) or (n, 2, 2, 3)" in refusal(path, (2, 2, 3))


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
        ((GOOD * 255).astype(np.uint8), "uint8 numbers; convert them to float32 in [0, 1], dividing by 255"),
        ((GOOD * 255).astype(np.int64), "int64 numbers"),
        (GOOD > 0.5, "bool numbers"),
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
    monkeypatch.setattr(samples, "_BLOCK_BYTES", height * 20 * 4)
    array = GOOD.copy()
    array[[17, 17, 60], [3, 4, 0]] = value
    assert "NaN or infinite values: 3, the first in row 17 (counted from 0)" in refusal(save(path, array))


def test_other_kinds_of_tensor(tmp_path: Path) -> None:
    tensor = torch.from_numpy(GOOD)
    assert "torch.bfloat16" in refusal(save(tmp_path / "a.pt", tensor.bfloat16()))
    assert "torch.sparse_coo" in refusal(save(tmp_path / "b.pt", tensor.to_sparse()))
    # 80 bytes that pretend to be a million samples.
    assert "cut short" in refusal(save(tmp_path / "c.pt", tensor[:1].expand(1_000_000, 20)))


def test_missing_and_misnamed_files(path: Path, tmp_path: Path) -> None:
    assert "No such file" in refusal(path)
    path.mkdir()
    assert "not a file" in refusal(path)
    assert "not from '.csv'" in refusal(tmp_path / "samples.csv")
    assert "not from ''" in refusal(tmp_path / "samples")


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
    monkeypatch.setattr(samples, "LARGEST_UNPACKED", 10_000_000)
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
    assert "damaged" in refusal(tmp_path / "old.pt")
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".npy", ".pt"])
def test_large_files_are_read_in_place(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"large{suffix}"
    if suffix == ".npy":
        # A file with a hole: 62.7 MB that take no room on the disk.
        with path.open("wb") as file:
            file.write(header(shape=(20_000, 28, 28)))
            file.truncate(file.tell() + 20_000 * 784 * 4)
    else:
        torch.save(torch.zeros(20_000, 28, 28), path)
    tracemalloc.start()
    try:
        rows = load(path, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows.shape == (20_000, 784)
    assert peak < 10_000_000
    if (maps := Path("/proc/self/maps")).exists():
        assert str(path) in maps.read_text()
