"""Making a face set of files that the user has: ``python -m gan_repro.data import-faces SOURCE``.

SOURCE is FER2013's CSV file, or a folder with that file, with tall strips (48 pixels wide, one face below the
other) or with face images of any size. What has FER2013's pixels, by SHA-256, becomes the data set
``fer2013``; any other images become ``own_faces``, turned grey (ITU-R 601), cut to the middle square and
resized by area. The result is written to the cache as one file of bytes; the next import takes its place.
"""

from __future__ import annotations

import csv
import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gan_repro.data.dataset import Pixels
from gan_repro.data.faces import fer2013
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces import own as own_faces
from gan_repro.data.faces.layout import SIDE, FaceSet
from gan_repro.data.faces.resize import centre_square, resize
from gan_repro.data.fetch import store
from gan_repro.data.fetch.sources import tell
from gan_repro.util.files import sha256_of_array

CSV_MD5 = {
    "fer2013.csv": "f8428a1edbd21e88f42c73edd2a14f95",
    "icml_face_data.csv": "b114b9e04e6949e5fe8b6a98b3892b1d",
}
"""The official files. Only named when a file proves to be another: what counts are the pixels."""
MAX_CSV_BYTES = 1_000_000_000
SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".gif", ".pgm", ".ppm", ".pnm", ".bmp"
}  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "PPM", "BMP")
"""What Pillow may take a file for, whatever its name."""
_EIGHT_BITS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}


def import_faces(source: Path) -> tuple[FaceSet, Path]:
    """Make a face set of `source` and keep it in the cache; returns it, and the file it is in.

    Raises:
        ValueError: the source does not hold what it should; one sentence, with the place.
        OSError: it cannot be read, or the cache not be written.
    """
    files = [source] if source.is_file() else [source / name for name in CSV_MD5]
    table = next((file for file in files if file.is_file()), None)
    if table is not None and table != source:
        tell("fer2013", f"reading {table.name} of {source} and no other file there")
    made = from_folder(source) if table is None else from_csv(table)
    file_name = {"fer2013": fer2013.FILE_NAME, "own_faces": own_faces.FILE_NAME}[made.name]
    path = store.cache_folder(made.name) / file_name
    faces.write(path, made)
    return made, path


def from_csv(path: Path) -> FaceSet:
    """Make FER2013 of its CSV file, of which only the column "pixels" and the order of the rows count.

    Raises:
        ValueError: it is another file.
        OSError: it cannot be read.
    """
    if (size := path.stat().st_size) > MAX_CSV_BYTES:
        raise ValueError(f"{path} holds {size:,} bytes; FER2013's CSV files hold less than {MAX_CSV_BYTES:,}")
    rows = fer2013.rows()
    parts = {part: np.empty((len(places), SIDE, SIDE), np.uint8) for part, places in rows.items()}
    place_of = {int(row): (part, place) for part in rows for place, row in enumerate(rows[part])}
    tell("fer2013", f"reading {path}")
    for row, text in _pixel_column(path):
        if row in place_of:
            part, place = place_of.pop(row)
            parts[part][place] = _numbers(text, f"{path}, row {row}")
    if place_of:
        raise ValueError(
            f"{path} ends before row {max(place_of)}, counted from 0, so it is not all of FER2013"
        )
    try:
        return fer2013.assemble(parts)
    except ValueError as error:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        official = " or ".join(f"{digest} ({name})" for name, digest in CSV_MD5.items())
        raise ValueError(
            f"{path} is not FER2013: {error}; its MD5 is {found}, expected {official}"
        ) from error


def from_folder(folder: Path) -> FaceSet:
    """Make a face set of all images in a folder and below: FER2013 if its three strips are there.

    Raises:
        ValueError: an image cannot be read, or there are too few, or too many.
    """
    paths, passed_over = images_below(folder)
    if passed_over:
        commonest = sorted(passed_over.items(), key=lambda item: (-item[1], item[0]))[:5]
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in commonest)
        tell("own_faces", f"passed over {passed_over.total():,} files that are no images to it: {kinds}")
    if not paths:
        raise ValueError(
            f"{folder} holds neither {' nor '.join(CSV_MD5)} nor images ({', '.join(sorted(SUFFIXES))})"
        )
    part_of = {digest: part for part, digest in fer2013.PIXELS_SHA256.items()}
    parts: dict[str, Pixels] = {}
    found: list[Pixels] = []
    n = 0
    for path in paths:
        found.append(read_image(path))
        n += len(found[-1])
        if n > faces.MAX_IMAGES:
            raise ValueError(f"{folder} holds more than the {faces.MAX_IMAGES:,} faces that are read")
        part = part_of.get(sha256_of_array(found[-1]))
        if part is not None:
            parts[part] = found[-1]
    if len(parts) == len(part_of):
        return fer2013.assemble(parts)
    images = np.concatenate(found)
    first: dict[bytes, int] = {}
    for place, image in enumerate(images):
        first.setdefault(hashlib.sha256(image.data).digest(), place)
    if len(first) < len(images):
        tell("own_faces", f"left out {len(images) - len(first):,} exact copies")
    try:
        return own_faces.assemble(images[list(first.values())])
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error


def images_below(folder: Path) -> tuple[list[Path], Counter[str]]:
    """The image files in a folder and below, in order, and how many other files there are, by suffix.

    Linked folders are gone into, and each folder once, whatever links lead to it.
    """
    images: list[Path] = []
    others: Counter[str] = Counter()
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for path in (Path(place, name) for name in files if not name.startswith(".")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                images.append(path)
            else:
                others[path.suffix.lower() or "without a suffix"] += 1
    return sorted(images, key=lambda path: path.parts), others


def read_image(path: Path) -> Pixels:
    """Read the faces of an image file, uint8 (n, 48, 48): n = 1, or more for a strip.

    An image 48 wide whose height is twice 48 or a higher multiple is taken for a strip.

    Raises:
        ValueError: it is not an image of a known format with 8 bits a channel, or is too large.
    """
    from PIL import Image, ImageOps

    # Pillow only warns of images beyond its limit, up to twice the limit; its limit itself is left alone.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                if (frames := getattr(image, "n_frames", 1)) > 1:
                    tell("own_faces", f"{path.name}: only the first of its {frames} pictures is read")
                if image.mode not in _EIGHT_BITS:
                    raise ValueError(f"it has the mode {image.mode}; save it with 8 bits a channel")
                grey = np.asarray(ImageOps.exif_transpose(image).convert("L"))
        except Exception as error:  # a damaged image can raise almost anything
            reason = str(error).replace(os.fspath(path), path.name)
            raise ValueError(f"{path} cannot be read as a face image: {reason}") from error
    height, width = grey.shape
    if width == SIDE and height > SIDE and height % SIDE == 0:
        return grey.reshape(-1, SIDE, SIDE)
    return resize(centre_square(grey), SIDE)[None]


def _pixel_column(path: Path) -> Iterator[tuple[int, str]]:
    """Row, counted from 0 without the heading, and what it has in the column "pixels"."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, strict=True)
            heading = [cell.strip() for cell in next(lines, [])]
            if "pixels" not in heading:
                raise ValueError("its first line has no column 'pixels'")
            column = heading.index("pixels")
            for row, cells in enumerate(line for line in lines if line):
                yield row, cells[column] if column < len(cells) else ""
    except (csv.Error, ValueError) as error:
        raise ValueError(f"{path} is not FER2013's CSV file: {error}") from error


def _numbers(text: str, where: str) -> Pixels:
    try:
        values = bytes(map(int, text.split()))
    except ValueError:
        raise ValueError(f"{where}: the pixels are not whole numbers from 0 to 255") from None
    if len(values) != SIDE * SIDE:
        raise ValueError(f"{where}: there are {len(values)} pixels, expected {SIDE} x {SIDE} = {SIDE * SIDE}")
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)
