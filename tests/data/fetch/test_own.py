"""The user's own folder: the same bytes under the names, places and suffixes that others use."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_repro import data
from gan_repro.data import idx, mnist, mnist_sources
from gan_repro.data.__main__ import main
from gan_repro.data.fetch.sources import Files
from gan_repro.util.files import sha256_of_file

Put = Callable[[Path, Files], None]


def put(folder: Path, files: Files, rename: Callable[[str], str] = str, *, packed: bool = False) -> None:
    for name, content in files.items():
        path = folder / rename(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if packed else content)


def images_of(files: Files) -> tuple[np.ndarray, np.ndarray]:
    known, test = (idx.read_images(files[name]) for name in (mnist.TRAIN.name, mnist.TEST.name))
    return known, test


def put_npz(folder: Path, files: Files) -> None:
    known, test = images_of(files)
    np.savez(folder / "mnist.npz", x_train=known, x_test=test, y_train=np.zeros(5), y_test=np.zeros(2))


def put_pickle(folder: Path, files: Files) -> None:
    known, test = images_of(files)
    parts = [part.reshape(-1, 784).astype(np.float32) / 256 for part in (known[:3], known[3:], test)]
    packed = gzip.compress(pickle.dumps(tuple((part, np.zeros(len(part))) for part in parts)), mtime=0)
    (folder / "mnist.pkl.gz").write_bytes(packed)


FORMS: dict[str, Put] = {
    "a dot in the name": lambda f, files: put(f, files, lambda n: n.replace("-idx3", ".idx3")),
    "a dot in the name, packed": lambda f, files: put(
        f, files, lambda n: n.replace("-idx3", ".idx3") + ".gz", packed=True
    ),
    "torchvision": lambda f, files: put(f, files, lambda n: f"MNIST/raw/{n}"),
    "the MNIST folder of torchvision": lambda f, files: put(f, files, lambda n: f"raw/{n}"),
    "in a folder of its own name": lambda f, files: put(f, files, lambda n: f"{n}/{n}"),
    "packed under the plain name": lambda f, files: put(f, files, packed=True),
    "plain under the packed name": lambda f, files: put(f, files, lambda n: f"{n}.gz"),
    "npz of Keras": put_npz,
    "pickle of the tutorials": put_pickle,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_images_in_the_forms_of_others(
    form: str, tiny: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    FORMS[form](own, tiny)
    if form == "pickle of the tutorials":
        digest = hashlib.md5((own / "mnist.pkl.gz").read_bytes()).hexdigest()
        monkeypatch.setattr(mnist_sources, "TUTORIAL_MD5", digest)
    assert data.load("mnist", root=own).sha256 == expected_sha256(tiny)
    assert main(["verify", "mnist", "--root", str(own)]) == 0


def expected_sha256(files: Files) -> str:
    known, test = images_of(files)
    return hashlib.sha256(known.tobytes() + test.tobytes()).hexdigest()


def test_a_true_file_is_never_called_false(
    tiny: Files, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Nor is anybody told to delete a file."""
    put(tmp_path / "own", tiny, packed=True)
    main(["verify", "mnist", "--root", str(tmp_path / "own")])
    printed = capsys.readouterr()
    assert "corrupt" not in printed.out
    assert "delete" not in printed.err


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


MEMBERS = {
    "empty": b"",
    "an archive": b"PK\x05\x06" + bytes(18),
    "text": b"no array",
    "a terabyte promised": header((10**12,)),
    "cut short": header((5, 28, 28)) + bytes(100),
}


@pytest.mark.parametrize("content", MEMBERS.values(), ids=MEMBERS)
def test_an_npz_with_a_damaged_array_is_one_sentence(content: bytes, tiny: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as archive:
        archive.writestr("x_train.npy", content)
        archive.writestr("x_test.npy", header((2, 28, 28)) + bytes(2 * 784))
    with pytest.raises(data.DataUnavailable, match=r"mnist\.npz: its x_train\.npy cannot be read \("):
        data.load("mnist", root=tmp_path)


def test_an_npz_with_other_pixels_is_refused(tiny: Files, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    changed = {name: content[:-1] + bytes([content[-1] ^ 1]) for name, content in tiny.items()}
    put_npz(own, changed)
    digest = sha256_of_file(own / "mnist.npz")
    with pytest.raises(data.DataUnavailable, match=r"mnist\.npz: its train-images.* has SHA-256"):
        data.load("mnist", root=own)
    assert sha256_of_file(own / "mnist.npz") == digest
