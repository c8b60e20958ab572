"""MNIST: 70,000 handwritten digits, 28 x 28 grey bytes, cut 50,000 / 10,000 / 10,000.

The first 50,000 training images train, the last 10,000 validate, the test images test: the cut of the
literature around the paper. All sources lead to the same two canonical IDX files, checked by SHA-256.
Labels are not needed.

Reference: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998).
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gan_repro.data import idx, mnist_sources
from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.fetch import archives, store
from gan_repro.data.fetch.own import OtherForms
from gan_repro.data.fetch.sources import Files, NothingThere, Source, SourceFailed, Wanted
from gan_repro.data.mnist_sources import Pair, Part
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

GZ_HASHES = {
    TRAIN.name: "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    TEST.name: "md5:9fb629c4189551a2d022fa330f9573f3",
}
"""As published with the files; what they unpack to is checked by SHA-256 besides."""

NPZ = "mnist.npz"
"""As Keras has the same images."""
_PICKLE_LIMIT = 64_000_000


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


def pair() -> Pair:
    """The two files of images, and how they are written."""
    return Pair(TRAIN, TEST, GZ_HASHES, _write)


def sources() -> list[Source]:
    """Where MNIST can be had from, in the order they are asked."""
    return mnist_sources.sources(pair())


def from_folder(folder: Path) -> Files:
    """Rebuild the two files from the pickle or the npz file of others in a folder of the user's.

    Raises:
        NothingThere: it holds neither.
        SourceFailed: what it holds is another file, or has other pixels.
    """
    faults = []
    for name, read in ((mnist_sources.PICKLE, _of_pickle_file), (NPZ, _of_npz_file)):
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
    if not faults:
        raise NothingThere(f"neither {mnist_sources.PICKLE} nor {NPZ}")
    raise SourceFailed("; ".join(faults))


OTHER_FORMS = OtherForms(f"{mnist_sources.PICKLE} or Keras's {NPZ}", from_folder)


def _of_pickle_file(path: Path) -> Files:
    return mnist_sources.files_of_pickle(pair(), read_regular(path, _PICKLE_LIMIT))


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


def _write(parts: Sequence[Part]) -> bytes:
    return idx.write_images(np.concatenate([_bytes_of(images) for images, _ in parts]))


def _bytes_of(images: np.ndarray) -> Pixels:
    """float32 (n, 784) of exactly k / 256 -> uint8 (n, 28, 28) of k."""
    return np.rint(images * np.float32(256)).astype(np.uint8).reshape(-1, 28, 28)
