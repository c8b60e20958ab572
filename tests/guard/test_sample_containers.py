"""Samples in tables, MATLAB's files, HDF5, pictures and torch's old format, damaged, absurd or hostile."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from gan_repro.scoring.__main__ import main
from tests.guard.oracle import Refuses, cases
from tests.guard.test_sample_files import GOOD, T, Writer, cut, flipped, link, raw, with_value

h5py = pytest.importorskip("h5py")

BYTES = (GOOD * 255).astype(np.uint8).reshape(-1, 8, 8)


def first(write: Writer, n: int) -> Writer:
    """The first n bytes of what `write` writes."""

    def write_less(path: Path) -> None:
        write(path)
        os.truncate(path, n)

    return write_less


# --- tables -----------------------------------------------------------------------------------------------


def csv(array: np.ndarray[Any, Any], **options: Any) -> Writer:
    return lambda path: np.savetxt(path, array, **{"fmt": "%.4f", "delimiter": ",", **options})


def edited(old: bytes, new: bytes) -> Writer:
    """A good table with the first of `old` replaced."""

    def write(path: Path) -> None:
        csv(np.round(GOOD, 1))(path)
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    return write


CSV: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "holds no samples"),
    "names alone": (raw(b"a,b\n"), "holds no samples"),
    "two lines of names": (raw(b"a,b\nc,d\n1,2\n"), "could not convert string 'c'"),
    "words": (raw(b"samples of mine\nas they are\n"), "could not convert string 'as they are'"),
    "no text": (raw(bytes(range(256)) * 9), "damaged"),
    "UTF-16": (raw("0.5,0.5\n".encode("utf-16") * 200), "damaged"),
    "a word among numbers": (edited(b"0.6000", b"high"), "could not convert string 'high'"),
    "a cell without a number": (edited(b"0.6000", b""), "could not convert string ''"),
    "a line that is short": (edited(b"0.6000,", b""), "number of columns changed"),
    "semicolons": (csv(GOOD, delimiter=";"), "separated by commas"),
    "decimal commas": (edited(b"0.6000", b"0,6"), "number of columns changed"),
    "quotes without end": (edited(b"0.6000", b'"0.6'), "damaged"),
    "labels in front": (csv(np.hstack([GOOD[:, :1], GOOD])), "shape (120, 65)"),
    "a pixel too few": (csv(GOOD[:, :63]), "shape (120, 63)"),
    "samples in columns": (csv(GOOD.T), "shape (64, 120)"),
    "99 rows": (csv(GOOD[:99]), "too few"),
    "pixels to 255": (csv(np.round(GOOD * 255)), "--value-range 0 255"),
    "what tanh gives": (csv(GOOD * 2 - 1), "--value-range -1 1"),
    "a NaN": (csv(with_value(np.nan)), "the first in row 3"),
    "past the largest number": (edited(b"0.6000", b"1e999"), "NaN or infinite"),
    "code": (raw(b"__import__('os').system('true')\n" * 200), "damaged"),
    "a formula": (edited(b"0.6000", b"=1+1"), "could not convert string '=1+1'"),
    "an array of NumPy's": (lambda path: np.save(path.open("wb"), GOOD), "damaged"),
    "a folder": (Path.mkdir, "not a file"),
    "a pipe": (os.mkfifo, "not a file"),
    "endless zeros": (link("/dev/zero"), "not a file"),
    "nothing": (lambda path: None, "No such file"),
}


# --- MATLAB -----------------------------------------------------------------------------------------------


def mat(packed: bool = False, **variables: Any) -> Writer:
    return lambda path: scipy.io.savemat(path, variables, do_compression=packed)


def mat_claims(rows: int) -> Writer:
    """A variable of 120 rows that says it has another number of them."""

    def write(path: Path) -> None:
        mat(x=GOOD)(path)
        content = path.read_bytes()
        path.write_bytes(content.replace(struct.pack("<ii", 120, 64), struct.pack("<ii", rows, 64), 1))

    return write


def mat_bomb(path: Path) -> None:
    """A kilobyte that unpacks to 64 MB, where the header promises a small variable."""
    mat(x=GOOD)(path)
    header = path.read_bytes()[:128]
    packed = zlib.compress(path.read_bytes()[128:] + bytes(64_000_000), 9)
    path.write_bytes(header + struct.pack("<II", 15, len(packed)) + packed[: len(packed) // 2])


CELLS = np.empty(120, object)
CELLS[:] = list(GOOD)

MAT: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "words": (raw(b"samples of mine" * 50), "damaged"),
    "a header alone": (first(mat(x=GOOD), 128), "0 variables"),
    "cut in half": (cut(mat(x=GOOD), 0.5), "damaged"),
    "cut in half, packed": (cut(mat(packed=True, x=GOOD), 0.5), "damaged"),
    "a flipped packed bit": (flipped(mat(packed=True, x=GOOD), 0.5), "damaged"),
    "no variables": (mat(), "0 variables"),
    "two variables": (mat(a=GOOD, b=GOOD), "2 variables ('a', 'b') that could be meant"),
    "none that fits": (mat(a=GOOD[:, :9], b=GOOD.T), "'a' (120, 9), 'b' (64, 120)), none of them"),
    "a cell": (mat(x=CELLS), "'x' is a cell, expected an array of numbers"),
    "a struct": (mat(x={"y": GOOD}), "'x' is a struct"),
    "text": (mat(x="samples"), "'x' is a char"),
    "a sparse matrix": (
        lambda path: scipy.io.savemat(path, {"x": scipy.sparse.csc_matrix(GOOD)}),
        "'x' is a sparse",
    ),
    "complex numbers": (mat(x=GOOD + 1j), "of type complex64"),
    "samples in columns": (mat(x=GOOD.T), "shape (64, 120)"),
    "images that come last": (mat(x=np.moveaxis(BYTES, 0, -1)), "shape (8, 8, 120)"),
    "whole numbers": (mat(x=BYTES.astype(np.int16)), "--value-range 0 255"),
    "a NaN": (mat(x=with_value(np.nan)), "the first in row 3"),
    "99 rows": (mat(x=GOOD[:99]), "too few"),
    "more rows than it holds": (mat_claims(121), "damaged"),
    "two billion rows": (mat_claims(2**31 - 1), "2,147,483,647 samples are more than"),
    "fewer than no rows": (mat_claims(-120), "holds no samples"),
    "a bomb": (mat_bomb, "damaged"),
    "a pickle": (raw(pickle.dumps(GOOD)), "damaged"),
    "a folder": (Path.mkdir, "not a file"),
    "a pipe": (os.mkfifo, "not a file"),
}


# --- HDF5 -------------------------------------------------------------------------------------------------


def h5(fill: Callable[[Any], object], **options: Any) -> Writer:
    def write(path: Path) -> None:
        with h5py.File(path, "w", **options) as file:
            fill(file)

    return write


def h5_data(array: Any, **options: Any) -> Writer:
    return h5(lambda file: file.create_dataset("x", data=array, **options))


def matlab_class(name: str, array: np.ndarray[Any, Any]) -> Writer:
    def fill(file: Any) -> None:
        file["x"] = array
        file["x"].attrs["MATLAB_class"] = np.bytes_(name)

    return h5(fill, userblock_size=512)


def elsewhere(kind: str) -> Writer:
    """Samples that lie in another file, of which nothing may be read."""

    def write(path: Path) -> None:
        secret = path.with_name("secret.h5")
        h5_data(GOOD)(secret)
        with h5py.File(path, "w") as file:
            if kind == "link":
                file["x"] = h5py.ExternalLink(str(secret), "x")
            elif kind == "storage":
                file.create_dataset("x", GOOD.shape, "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
            else:
                layout = h5py.VirtualLayout(GOOD.shape, "f4")
                layout[:] = h5py.VirtualSource(str(secret), "x", GOOD.shape)
                file.create_virtual_dataset("x", layout)

    return write


HDF5: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "words": (raw(b"samples of mine" * 50), "damaged"),
    "the signature alone": (raw(b"\x89HDF\r\n\x1a\n"), "damaged"),
    "cut in half": (cut(h5_data(GOOD), 0.5), "damaged"),
    "cut in half, packed": (cut(h5_data(GOOD, compression="gzip"), 0.5), "damaged"),
    "a flipped packed bit": (flipped(h5_data(GOOD, compression="gzip", fletcher32=True), 0.6), "damaged"),
    "nothing in it": (h5(lambda file: None), "0 data sets"),
    "groups alone": (h5(lambda file: file.create_group("a/b/c")), "0 data sets"),
    "two data sets": (
        h5(lambda f: (f.update(a=GOOD), f.update(b=GOOD))),
        "2 data sets ('a', 'b') that could",
    ),
    "text": (h5_data(np.array([b"samples"] * 120)), "'x' is of type |S7"),
    "text of any length": (h5_data(["samples"] * 120), "'x' is of type object"),
    "a record": (h5_data(np.zeros(120, [("a", "f4")])), "'x' is of type [('a', '<f4')]"),
    "no data": (h5(lambda file: file.create_dataset("x", dtype=h5py.Empty("f4"))), "0 data sets"),
    "a single number": (h5_data(0.5), "shape ()"),
    "complex numbers": (h5_data(GOOD + 1j), "'x' is of type complex"),
    "samples in columns": (h5_data(GOOD.T), "shape (64, 120)"),
    "whole numbers": (h5_data(BYTES.astype(np.uint16)), "--value-range 0 255"),
    "a NaN": (h5_data(with_value(np.nan)), "the first in row 3"),
    "99 rows": (h5_data(GOOD[:99]), "too few"),
    "no rows": (h5_data(GOOD[:0]), "holds no samples"),
    "a billion rows of nothing": (
        h5(lambda file: file.create_dataset("x", (10**9, 64), "f4", chunks=(1000, 64))),
        "1,000,000,000 samples are more than",
    ),
    "a link to another file": (elsewhere("link"), "0 data sets"),
    "bytes of another file": (elsewhere("storage"), "0 data sets"),
    "a view of another file": (elsewhere("view"), "0 data sets"),
    "a soft link": (h5(lambda file: file.update(x=h5py.SoftLink("/nowhere"))), "0 data sets"),
    "a loop of links": (h5(lambda file: file.update(x=h5py.SoftLink("/x"))), "0 data sets"),
    "a pickle": (raw(pickle.dumps(GOOD)), "damaged"),
    "a folder": (Path.mkdir, "not a file"),
    "a pipe": (os.mkfifo, "not a file"),
}

MAT_7_3: dict[str, tuple[Writer, str]] = {
    "text": (matlab_class("char", np.zeros((64, 120), np.uint16)), "of type char"),
    "references": (matlab_class("cell", np.zeros((64, 120), np.uint8)), "of type cell"),
    "samples in columns": (matlab_class("double", GOOD.astype(np.float64)), "shape (64, 120)"),
    "pixels of doubles": (matlab_class("double", np.round(GOOD.T * 255.0)), "--value-range 0 255"),
    "cut in half": (cut(matlab_class("double", GOOD.T.astype(np.float64)), 0.5), "damaged"),
}


# --- pictures ---------------------------------------------------------------------------------------------


def encoded(image: np.ndarray[Any, Any], mode: str = "L", kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).convert(mode).save(file, kind, **options)
    return file.getvalue()


def pictures(**others: bytes) -> Writer:
    """A folder of 120 good pictures, and others by name."""

    def write(folder: Path) -> None:
        folder.mkdir()
        for number, image in enumerate(BYTES):
            (folder / f"{number:03}.png").write_bytes(encoded(image))
        for name, content in others.items():
            (folder / name.replace("_", ".")).write_bytes(content)

    return write


def filled(fill: Callable[[Path], object]) -> Writer:
    def write(folder: Path) -> None:
        folder.mkdir()
        fill(folder)

    return write


def claims(width: int, height: int) -> bytes:
    """A PNG whose header says that it has so many pixels."""
    content = encoded(BYTES[0])
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def animation() -> bytes:
    file = io.BytesIO()
    frames = [Image.fromarray(image) for image in BYTES[:3]]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


def half_transparent() -> bytes:
    image = Image.fromarray(BYTES[0]).convert("RGBA")
    image.putalpha(128)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


COLOUR = np.stack([BYTES[0], BYTES[1], BYTES[2]], axis=-1)

PICTURES: dict[str, tuple[Writer, str]] = {
    "none": (filled(lambda folder: None), "a folder without pictures"),
    "other files alone": (
        filled(lambda folder: [(folder / name).touch() for name in ("a.tif", "b.tif", "c")]),
        "without pictures (.png, .jpg, .jpeg, .webp); it holds 2 .tif, 1 c",
    ),
    "99 of them": (
        filled(lambda folder: [(folder / f"{k}.png").write_bytes(encoded(BYTES[k])) for k in range(99)]),
        "too few",
    ),
    "an empty one": (pictures(x_png=b""), "x.png: cannot be read as a sample"),
    "one cut short": (pictures(x_png=encoded(BYTES[0])[:-20]), "x.png: cannot be read as a sample"),
    "one with a flipped bit": (
        pictures(x_png=encoded(BYTES[0])[:50] + b"\xff" + encoded(BYTES[0])[51:]),
        "x.png: cannot be read as a sample",
    ),
    "one of another size": (pictures(x_png=encoded(BYTES[0][:7])), "x.png: has 8 x 7 pixels"),
    "a sheet of several": (pictures(x_png=encoded(np.tile(BYTES[0], (2, 2)))), "no sheets of several"),
    "all of another size": (
        filled(lambda f: [(f / f"{k}.png").write_bytes(encoded(BYTES[k, :7])) for k in range(120)]),
        "(120, 7, 8)",
    ),
    "one in colour": (pictures(x_png=encoded(COLOUR, "RGB")), "shape (121, 8, 8, 3)"),
    "one of 16 bits": (
        pictures(x_png=encoded(BYTES[0].astype(np.uint16), "I;16")),
        "it has the mode I;16); save it in grey or RGB",
    ),
    "one for print": (pictures(x_jpg=encoded(COLOUR, "CMYK", "JPEG")), "it has the mode CMYK"),
    "one that is transparent": (pictures(x_png=half_transparent()), "it is transparent in places"),
    "an animation": (pictures(x_png=animation()), "it is an animation"),
    "a billion pixels": (pictures(x_png=claims(30_000, 30_000)), "decompression bomb"),
    "two million rows": (pictures(x_png=claims(1, 2_000_000)), "1 x 2000000 pixels are no sample"),
    "a text by that name": (pictures(x_png=b"samples"), "x.png: cannot be read as a sample"),
    "a PostScript by that name": (pictures(x_png=b"%!PS-Adobe-3.0 EPSF-3.0\n"), "x.png: cannot be read"),
    "17 million bytes": (pictures(x_png=bytes(17_000_000)), "x.png: holds 17,000,000 bytes"),
    "a pipe among them": (filled(lambda folder: os.mkfifo(folder / "x.png")), "x.png: not a file"),
    "a device among them": (
        filled(lambda folder: (folder / "x.png").symlink_to("/dev/zero")),
        "x.png: not a file",
    ),
    "a link to nothing": (filled(lambda folder: (folder / "x.png").symlink_to("nowhere")), "No such file"),
}


# --- torch before zip -------------------------------------------------------------------------------------


def old(value: Any) -> Writer:
    return lambda path: torch.save(value, path, _use_new_zipfile_serialization=False)


OBJECTS = np.array([{1, 2}] * 120, dtype=object)

OLD_PT: dict[str, tuple[Writer, str]] = {
    "empty": (raw(b""), "damaged"),
    "cut at the head": (first(old(T), 50), "damaged"),
    "cut in half": (cut(old(T), 0.5), "damaged"),
    "cut at the end": (cut(old(T), 0.999), "damaged"),
    "a flipped bit in the pickle": (flipped(old(T), 160), "damaged"),
    "a list": (old([T]), "holds a list"),
    "two tensors": (old({"a": T, "b": T}), "2 tensors ('a', 'b') that could be meant"),
    "a model's weights": (
        old(torch.nn.Linear(5, 3).state_dict()),
        "'weight' (3, 5), 'bias' (3,)), none of them",
    ),
    "a module": (old(torch.nn.Linear(2, 2)), "could run code"),
    "objects in an array": (old(OBJECTS), "could run code"),
    "a number of NumPy's": (old(np.float32(0.5)), "could run code"),
    "a row repeated without end": (old(T[:1].expand(10**12, 64)), "1,000,000,000,000 samples are more"),
    "whole numbers": (old((T * 255).long()), "int64"),
    "a NaN": (old(torch.from_numpy(with_value(np.nan))), "the first in row 3"),
}

FILES = {
    f"{name}: {case}": (f"samples{suffix}", *entry)
    for name, suffix, table in (
        (".csv", ".csv", CSV),
        (".mat", ".mat", MAT),
        (".h5", ".h5", HDF5),
        (".mat 7.3", ".mat", MAT_7_3),
        ("pictures", "", PICTURES),
        (".pth", ".pth", OLD_PT),
    )
    for case, entry in table.items()
}


@cases(FILES)
@pytest.mark.filterwarnings("ignore")  # libraries warn of odd things as they write them
@pytest.mark.usefixtures("fast_digits")
def test_a_bad_container_of_samples_is_refused_by_name(
    case: tuple[str, Writer, str], refuses: Refuses, tmp_path: Path
) -> None:
    name, write, says = case
    path = tmp_path / name
    write(path)
    sentence = refuses(main, [str(path), "--dataset", "digits", "--device", "cpu"], says)
    assert sentence.startswith(f"python -m gan_repro.scoring: {tmp_path}")
    assert len(sentence) < 3000
