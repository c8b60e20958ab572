"""Files of samples of NumPy and torch, damaged, absurd or hostile, given to the command that scores them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_repro.parzen.__main__ import main
from tests.guard.oracle import Refuses, cases

Writer = Callable[[Path], None]

GOOD = np.random.default_rng(0).random((120, 64), dtype=np.float32)
TRILLION = 10**12


def array(value: Any) -> Writer:
    return lambda path: np.save(path, np.asarray(value))


def tensor(value: Any) -> Writer:
    return lambda path: torch.save(torch.from_numpy(value) if isinstance(value, np.ndarray) else value, path)


def raw(content: bytes) -> Writer:
    return lambda path: path.write_bytes(content) and None


def npy(array: np.ndarray = GOOD) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(text: str, data: bytes = GOOD.tobytes(), version: bytes = b"\x01\x00") -> Writer:
    """A .npy whose header is `text`."""
    padded = text.encode("latin1") + b"\n"
    return raw(b"\x93NUMPY" + version + len(padded).to_bytes(2, "little") + padded + data)


def shape(claimed: object) -> Writer:
    return header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {claimed}}}")


def with_value(value: float) -> np.ndarray:
    changed = GOOD.copy()
    changed[3, 4] = value
    return changed


def holes(path: Path) -> None:
    """Two million samples of zeros that take no room on the disk."""
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000, 64)}", b"")(path)
    os.truncate(path, path.stat().st_size + 2_000_000 * 64 * 4)


def zipped(packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Writer:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", packing) as archive:
            for name, content in members.items():
                archive.writestr(name.replace("_npy", ".npy"), content)

    return write


def zip_entry(change: Callable[[zipfile.ZipInfo], None], content: bytes | None = None) -> Writer:
    """A .npz whose table of contents lies."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("samples.npy", npy() if content is None else content)
            change(archive.infolist()[0])

    return write


def flipped(write: Writer, offset: float) -> Writer:
    """One bit of what `write` writes is another; `offset` in bytes, or as a part of the whole."""

    def damage(path: Path) -> None:
        write(path)
        content = bytearray(path.read_bytes())
        content[int(offset * len(content)) if 0 < offset < 1 else int(offset)] ^= 0x10
        path.write_bytes(content)

    return damage


def cut(write: Writer, part: float) -> Writer:
    def damage(path: Path) -> None:
        write(path)
        os.truncate(path, int(part * path.stat().st_size))

    return damage


def savez(**arrays: Any) -> Writer:
    return lambda path: np.savez_compressed(path, **arrays)


def link(target: str) -> Writer:
    return lambda path: path.symlink_to(target)


def _promise() -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({TRILLION}, 64)}}".encode()
    return text.ljust(117) + b"\n" + GOOD.tobytes()


def _renamed(name: bytes, *, utf8: bool) -> bytes:
    """A zip that says its names are UTF-8 when they are not."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("abc.npy", npy())
    content = file.getvalue().replace(b"abc.npy", name)
    place = content.rindex(b"PK\x01\x02") + 8
    return content[: place + 1] + (b"\x08" if utf8 else b"\0") + content[place + 2 :]


NPY: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "one byte": (raw(b"\x93"), "damaged"),
    "the magic alone": (raw(b"\x93NUMPY"), "damaged"),
    "a header cut off": (raw(npy()[:40]), "damaged"),
    "data cut off": (raw(npy()[:-1]), "cut short"),
    "a wrong magic": (flipped(raw(npy()), 1), "damaged"),
    "version 9": (flipped(raw(npy()), 6), "damaged"),
    "a header that is no dictionary": (header("[1, 2, 3]"), "damaged"),
    "a header with unknown keys": (header("{'descr': '<f4', 'shape': (120, 64), 'x': 1}"), "damaged"),
    "a header that is a call": (header("__import__('os').system('true')"), "damaged"),
    "a header of a thousand brackets": (header("(" * 9000), "damaged"),
    "a header of nested brackets": (header("(" * 4000 + ")" * 4000), "damaged"),
    "a header of a long sum": (header("+".join("1" * 4000)), "damaged"),
    "a header longer than NumPy reads": (header("{" + " " * 20_000), "damaged"),
    "a header of zeros": (header("\0" * 100), "damaged"),
    "an unknown type": (header("{'descr': 'x9', 'fortran_order': False, 'shape': (1, 64)}"), "damaged"),
    "a shape that is a string": (shape("'120'"), "damaged"),
    "a shape of fractions": (shape("(120.0, 64)"), "damaged"),
    "a shape of truth values": (shape("(True, 64)"), "damaged"),
    "a trillion rows": (shape((TRILLION, 64)), "cut short"),
    "a trillion columns": (shape((120, TRILLION)), "cut short"),
    "10^400 rows": (shape((10**400, 64)), "cut short"),
    "a thousand axes": (shape((1,) * 1000), "damaged"),
    "negative rows": (shape((-120, 64)), "holds no samples"),
    "no rows": (array(GOOD[:0]), "holds no samples"),
    "no columns": (array(GOOD[:, :0]), "holds no samples"),
    "99 rows": (array(GOOD[:99]), "too few"),
    "one row": (array(GOOD[:1]), "too few"),
    "two million rows of nothing": (holes, "more than the 1,000,000"),
    "one axis": (array(GOOD[:, 0]), "shape (120,)"),
    "a single number": (array(0.5), "shape ()"),
    "a pixel too few": (array(GOOD[:, :63]), "shape (120, 63)"),
    "images of another size": (array(GOOD.reshape(120, 4, 16)), "shape (120, 4, 16)"),
    "samples in columns": (array(GOOD.T), "shape (64, 120)"),
    "bytes with a sign": (array((GOOD * 127).astype(np.int8)), "--value-range 0 255"),
    "whole numbers": (array((GOOD * 255).astype(np.int64)), "int64 numbers from 0 to"),
    "whole numbers of 0 and 1": (array((GOOD > 0.5).astype(np.int64)), "--value-range 0 1"),
    "complex numbers": (array(GOOD.astype(np.complex128)), "complex128"),
    "text": (array(GOOD.astype("U4")), "type <U4"),
    "byte strings": (array(GOOD.astype("S4")), "type |S4"),
    "dates": (array(np.zeros((120, 64), "M8[s]")), "datetime64"),
    "durations": (array(np.zeros((120, 64), "m8[s]")), "timedelta64"),
    "named columns": (array(np.zeros((120, 64), [("a", "<f4")])), "type [('a', '<f4')]"),
    "raw memory": (array(np.zeros((120, 64), "V4")), "type |V4"),
    "Python objects": (array(GOOD.astype(object)), "could run code"),
    "a NaN": (array(with_value(np.nan)), "the first in row 3"),
    "an infinity": (array(with_value(np.inf)), "the first in row 3"),
    "minus infinity": (array(with_value(-np.inf)), "the first in row 3"),
    "the largest float32": (array(with_value(np.finfo(np.float32).max)), "rescale"),
    "the largest float64": (array(GOOD * np.finfo(np.float64).max), "rescale"),
    "a NaN in half precision": (array(with_value(np.nan).astype(np.float16)), "NaN"),
    "pixels to 255": (array(np.round(GOOD * 255)), "divide by 255"),
    "what tanh gives": (array(GOOD * 2 - 1), "(x + 1) / 2"),
    "just outside the range": (array(with_value(1.001)), "not in [0, 1]"),
    "just below nought": (array(with_value(-0.001)), "not in [0, 1]"),
    "a .npz by another name": (lambda path: zipped(samples_npy=npy())(path), "damaged"),
    "text with a byte order mark": (raw("\ufeffsamples".encode("utf-16")), "damaged"),
    "endless zeros": (link("/dev/zero"), "not a file"),
    "a terminal": (link("/dev/ptmx"), "not a file"),
    "a folder": (Path.mkdir, "not a file"),
    "a pipe": (os.mkfifo, "not a file"),
    "a link to nothing": (link("nowhere"), "No such file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "link"),
    "nothing": (lambda path: None, "No such file"),
}

NPZ: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "no zip": (raw(npy()), "damaged"),
    "an empty zip": (zipped(), "0 arrays"),
    "a zip without arrays": (zipped(readme=b"hello"), "0 arrays"),
    "an empty array": (zipped(samples_npy=b""), "damaged"),
    "an array that is text": (zipped(samples_npy=b"0.5, 0.5"), "damaged"),
    "two arrays": (savez(a=GOOD, b=GOOD), "2 arrays ('a', 'b')"),
    "Python objects": (savez(samples=GOOD.astype(object)), "could run code"),
    "cut in half": (cut(savez(samples=GOOD), 0.5), "damaged"),
    "a flipped bit": (flipped(zipped(zipfile.ZIP_STORED, samples_npy=npy()), 0.5), "damaged"),
    "a flipped packed bit": (flipped(savez(samples=GOOD), 0.5), "damaged"),
    "packed by LZMA": (zipped(zipfile.ZIP_LZMA, samples_npy=npy()), "damaged"),
    "packed by bzip2": (zipped(zipfile.ZIP_BZIP2, samples_npy=npy()), "damaged"),
    "2 GB by its own account": (zip_entry(lambda entry: setattr(entry, "file_size", 2**31)), "2,147,483,648"),
    "less than it unpacks to": (zip_entry(lambda entry: setattr(entry, "file_size", 500)), "damaged"),
    "another kind by its own account": (zip_entry(lambda e: setattr(e, "compress_type", 14)), "damaged"),
    "encrypted": (zip_entry(lambda entry: setattr(entry, "flag_bits", 1)), "damaged"),
    "a name that is no text": (
        lambda path: path.write_bytes(_renamed(b"\xff\xfe\xfd.npy", utf8=True)) and None,
        "damaged",
    ),
    "names with line breaks": (savez(**{"a\nb": GOOD, "c\x1b[2J": GOOD}), "2 arrays"),
    "two thousand arrays": (zipped(zipfile.ZIP_STORED, **{f"{k}_npy": b"" for k in range(2000)}), "2000 arr"),
    "a trillion rows": (zip_entry(lambda e: None, npy()[:10] + _promise()), "cut short"),
    "a pipe": (os.mkfifo, "not a file"),
}


def packed_pt(path: Path) -> None:
    torch.save(torch.from_numpy(GOOD), path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def overlapping_pt(path: Path) -> None:
    """Every entry of the table of contents points at the same bytes: small on disk, large to read."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("samples/data.pkl", bytes(100_000))
        first = archive.infolist()[0]
        for _ in range(20):
            archive.filelist.append(first)


T = torch.from_numpy(GOOD)
PT: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "no zip": (raw(npy()), "damaged"),
    "cut in half": (cut(tensor(GOOD), 0.5), "damaged"),
    "cut at the end": (cut(tensor(GOOD), 0.999), "damaged"),
    "a flipped bit in a sample": (flipped(tensor(GOOD), 0.5), "damaged"),
    "a flipped bit in the pickle": (flipped(tensor(GOOD), 200), "damaged"),
    "packed": (packed_pt, "damaged"),
    "the same bytes twenty times": (overlapping_pt, "damaged"),
    "a list": (tensor([T]), "holds a list"),
    "a number": (tensor(0.5), "holds a float"),
    "text": (tensor("samples"), "holds a str"),
    "an empty dict": (tensor({}), "0 tensors"),
    "a dict of dicts": (tensor({"samples": {"x": T}}), "0 tensors"),
    "two tensors": (tensor({"a": T, "b": T}), "2 tensors"),
    "keys with line breaks": (tensor({"a\nb": T, "\x1b[2J": T}), "2 tensors"),
    "keys of a megabyte": (tensor({"a" * 2**20: T, "b": T}), "2 tensors"),
    "a module": (tensor(torch.nn.Linear(2, 2)), "could run code"),
    "a sparse tensor": (tensor(T.to_sparse()), "sparse"),
    "whole numbers": (tensor((T * 255).to(torch.int32)), "int32"),
    "bfloat16 to 255": (tensor((T * 255).round().bfloat16()), "divide by 255"),
    "a tensor without data": (tensor(torch.empty(120, 64, device="meta")), "cannot be read"),
    "a row repeated without end": (tensor(T[:1].expand(TRILLION, 64)), "1,000,000,000,000 samples are more"),
    "a NaN": (tensor(with_value(np.nan)), "the first in row 3"),
    "a single number": (tensor(torch.tensor(0.5)), "shape ()"),
    "a pipe": (os.mkfifo, "not a file"),
}

NAMES: dict[str, tuple[str, str]] = {
    "a pickle": ("samples.pkl", "not from '.pkl'"),
    "no ending": ("samples", "not from ''; there is no such file"),
    "a picture": ("samples.png", "not from '.png'"),
    "a packed ending": ("samples.npy.gz", "not from '.gz'"),
    "a line break": ("sam\nples.txt", r"sam\nples.txt"),
    "terminal codes": ("\x1b[2Jsamples.npy", r"\x1b[2Jsamples.npy"),
    "bytes that are no UTF-8": (os.fsdecode(b"\xff\xfe.npy"), r"\udcff\udcfe.npy"),
    "a name too long": ("x" * 300 + ".npy", "File name too long"),
}

FILES = {
    f"{suffix}: {name}": (f"samples{suffix}", *case)
    for suffix, table in ((".npy", NPY), (".npz", NPZ), (".pt", PT))
    for name, case in table.items()
} | {f"named: {name}": (given, lambda path: None, says) for name, (given, says) in NAMES.items()}


@cases(FILES)
@pytest.mark.filterwarnings("ignore")  # torch and numpy warn of odd things as they write them
@pytest.mark.usefixtures("fast_digits")
def test_a_bad_file_of_samples_is_refused_by_name(
    case: tuple[str, Writer, str], refuses: Refuses, tmp_path: Path
) -> None:
    name, write, says = case
    path = tmp_path / name
    write(path)
    sentence = refuses(main, [str(path), "--dataset", "digits", "--device", "cpu"], says)
    assert sentence.startswith(f"python -m gan_repro.parzen: {tmp_path}")
    assert len(sentence) < 3000


@pytest.mark.usefixtures("fast_digits")
@pytest.mark.parametrize("name", ["../../escaped.npy", "/escaped.npy", "C:\\escaped.npy", "samples.npy"])
def test_a_path_inside_an_archive_leads_nowhere(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name is a label and no more; the array in it is as good as any."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "samples.npz", "w") as archive:
        archive.writestr(name, npy())
    assert main([str(folder / "samples.npz"), "--dataset", "digits", "--device", "cpu"]) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "samples.npz"]
    assert not Path("/escaped.npy").exists()
