"""A folder of pictures, PNG, JPEG or WebP: one a sample, in the order of their names, subfolders included.

A picture is taken as it is: none is resized, cropped or turned grey, but three equal channels are one. Hidden
files and folders hold copies that programs make for themselves; they are passed over, and counted.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from gan_repro.scoring.container import MOST, Candidate, Container, read_whole
from gan_repro.scoring.layout import Array

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FORMATS = ("PNG", "JPEG", "WEBP")
"""What Pillow may take a picture for, whatever its name."""

LARGEST_PICTURE = 1 << 24
"""Bytes of the largest picture that is read; one of 48 x 48 pixels has a few thousand."""

MOST_PIXELS = 1 << 20
"""Of a picture: a small file can claim gigabytes. More than this are never one sample."""


def open_folder(folder: Path) -> Container:
    """Read every picture in a folder and its subfolders, once: bytes (n, height, width [, 3]).

    Raises:
        ValueError: there is none, one is damaged or not in grey or RGB with 8 bits, or they differ in size.
        OSError: the folder or a picture cannot be read.
    """
    pictures, passed_over = _list(folder)
    if not pictures:
        raise ValueError(
            f"{folder}: not a file, and a folder without pictures ({', '.join(SUFFIXES)}); it holds "
            f"{_said(passed_over) or 'nothing'}"
        )
    if len(pictures) > MOST:
        raise ValueError(
            f"{folder}: holds {len(pictures):,} pictures, more than the {MOST:,} that are scored"
        )
    digest = hashlib.sha256()
    images: list[Array] = []
    for path in pictures:
        content = read_whole(path, LARGEST_PICTURE)
        digest.update(hashlib.sha256(content).digest())
        images.append(_decode(content, path))
        if images[-1].shape[:2] != images[0].shape[:2]:
            raise ValueError(
                f"{path}: has {_size(images[-1])} pixels, where {pictures[0].name} has {_size(images[0])}; a "
                "folder of samples holds pictures of one size, and no sheets of several"
            )
    # Pictures that say they have colours may all be grey; which of the two is meant, the data set tells.
    candidates = {"colour": _candidate(images, _as_colour)}
    if all(image.ndim == 2 or _is_grey(image) for image in images):
        candidates["grey"] = _candidate(images, _as_grey)
    return Container(
        where=str(folder),
        kind="pictures",
        candidates=candidates,
        sha256=digest.hexdigest(),
        digest_again=partial(_digest, folder),
        passed_over=_said(passed_over),
    )


def _list(folder: Path) -> tuple[list[Path], Counter[str]]:
    """The pictures, sorted by their paths below the folder, and how many other files there are by suffix."""
    pictures, passed_over = [], Counter[str]()

    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=fail):
        hidden = [name for name in folders if name.startswith(".")]
        folders[:] = [name for name in folders if name not in hidden]
        passed_over["hidden folders"] += len(hidden)
        passed_over["linked folders"] += sum((Path(place) / name).is_symlink() for name in folders)
        for name in names:
            path = Path(place) / name
            if name.startswith("."):
                passed_over["hidden files"] += 1
            elif path.suffix.lower() in SUFFIXES:
                pictures.append(path)
            else:
                passed_over[path.suffix.lower() or name] += 1
    return sorted(pictures, key=lambda path: path.relative_to(folder).parts), +passed_over


def _said(passed_over: Counter[str]) -> str:
    counts = ", ".join(f"{count:,} {suffix}" for suffix, count in passed_over.most_common(8))
    more = f" and {len(passed_over) - 8} other kinds" if len(passed_over) > 8 else ""
    return counts + more


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _list(folder)[0]:
        digest.update(hashlib.sha256(read_whole(path, LARGEST_PICTURE)).digest())
    return digest.hexdigest()


def _decode(content: bytes, path: Path) -> Array:
    """The pixels of a picture, bytes (height, width) or (height, width, 3)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            image.verify()  # checksums, which decoding passes over
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels are no sample")
            if getattr(image, "n_frames", 1) > 1:
                raise ValueError("it is an animation")
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("1", "L"):
                return np.asarray(upright.convert("L"))
            if upright.mode in ("P", "RGB", "RGBA", "LA"):
                return _opaque(np.asarray(upright.convert("RGBA")))
            raise ValueError(f"it has the mode {upright.mode}")
    except Exception as error:  # a damaged picture can raise almost anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"{path}: cannot be read as a sample ({reason}); save it in grey or RGB with 8 bits a channel"
        ) from error


def _opaque(pixels: Array) -> Array:
    if pixels[..., 3].min() < 255:
        raise ValueError("it is transparent in places")
    return pixels[..., :3]


def _candidate(images: list[Array], convert: Callable[[Array], Array]) -> Candidate:
    shape = (len(images), *convert(images[0]).shape)
    return Candidate(shape, "uint8", lambda: np.stack([convert(image) for image in images]))


def _as_colour(image: Array) -> Array:
    return image if image.ndim == 3 else np.stack([image] * 3, axis=-1)


def _as_grey(image: Array) -> Array:
    return image if image.ndim == 2 else image[..., 0]


def _is_grey(image: Array) -> bool:
    return bool((image == image[..., :1]).all())


def _size(image: Array) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
