"""What samples come in: named arrays, known by shape and type before they are read, of which one is taken."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gan_repro.scoring.layout import Array, expected, fits
from gan_repro.util.files import open_regular

FEWEST = 100
"""Fewer samples than this are refused: in hundreds of dimensions their score tells nothing of the model."""

MOST = 1_000_000
"""More samples than this are refused: a file with holes can claim any number, and cost days."""

LARGEST_FILE = 1 << 32
"""Bytes of the largest file that is read: into memory, so that what is hashed is what is scored."""

LARGEST_UNPACKED = 1 << 30
"""Bytes that a packed array may unpack to; a larger one belongs in a .npy."""

PREFERRED_KEY = "samples"
"""The array of this name is meant where a file holds several."""


@dataclass(frozen=True)
class Candidate:
    """An array that a container holds."""

    shape: tuple[int, ...]
    dtype: str
    load: Callable[[], Array]
    """Reads it; raises ValueError, with one sentence, where that cannot be."""
    is_numeric: bool = True
    """Whether it holds numbers: text, objects and dates are never samples."""
    indexed: bool = False
    """Whether its first column counts the rows from 0, as the index of a table does."""
    passed_over: str = ""
    """What stands beside its numbers and was not read, where that has to be said."""


@dataclass(frozen=True)
class Container:
    """A file, a folder or an array, and the arrays that can be taken from it."""

    where: str
    """What messages call it: a path, or "x"."""
    kind: str
    candidates: Mapping[str, Candidate]
    """By name; the name of an only one may be empty."""
    noun: str = "array"
    sha256: str | None = None
    """Of the bytes that were read; None for what never was a file."""
    digest_again: Callable[[], str] | None = None
    """Reads the bytes once more and returns their digest; OSError or ValueError where they are gone."""
    passed_over: str = ""
    """What a folder or a table holds besides and was not read."""

    def take(self, image_shape: tuple[int, ...], key: str | None, n: int) -> tuple[Array, str]:
        """Read the samples: the array called `key`, or the one that fits the images; its name comes with it.

        Args:
            image_shape: of the data set.
            key: the name of the array that is meant; None where only one can be.
            n: how many samples are wanted; an array is taken as a whole all the same.

        Raises:
            ValueError: no array or more than one could be meant, or it is no samples of this data set.
        """
        name = self._choose(image_shape, key)
        candidate = self.candidates[name]
        shape = candidate.shape
        if not candidate.is_numeric:
            with without_warnings():
                candidate.load()  # says why, where the container knows more than the type
            raise ValueError(
                f"{self.where}: the samples are of type {candidate.dtype}; convert them to float32 in [0, 1]"
            )
        if min(shape, default=1) < 1:
            raise ValueError(f"{self.where}: an array of shape {shape} holds no samples")
        if not fits(shape, image_shape):
            indexed = candidate.indexed and fits((shape[0], shape[1] - 1), image_shape)
            cure = (
                "the first column counts the rows; save the table without it (in pandas index=False)"
                if indexed
                else "resize the images, or name another data set"
            )
            raise ValueError(
                f"{self.where}: the array has shape {shape}; samples of this data set have shape "
                f"{expected(image_shape)}: {cure}"
            )
        if shape[0] > MOST:
            raise ValueError(
                f"{self.where}: {shape[0]:,} samples are more than the {MOST:,} that are scored at most; "
                "keep 10,000, as Table 1 uses"
            )
        with without_warnings():
            return candidate.load(), name

    def confirm(self) -> None:
        """Make sure that the file still holds what was read, so that its digest is that of what was scored.

        Raises:
            ValueError: it was replaced, written over, cut short or removed.
        """
        if self.digest_again is None:
            return
        try:
            unchanged = self.digest_again() == self.sha256
        except (OSError, ValueError):
            unchanged = False
        if not unchanged:
            raise ValueError(
                f"{self.where}: changed while it was being scored, so that no score can be told of it; score "
                "it again once nothing writes to it"
            )

    def _choose(self, image_shape: tuple[int, ...], key: str | None) -> str:
        names = list(self.candidates)
        if key is not None:
            if names == [""]:
                raise ValueError(
                    f"{self.where}: holds one {self.noun}, which has no name; leave the key {key!r} out"
                )
            if key not in names:
                raise ValueError(f"{self.where}: holds no {self.noun} {key!r}; it holds {self._held(names)}")
            return key
        if PREFERRED_KEY in names:
            return PREFERRED_KEY
        if len(names) == 1:
            return names[0]
        fitting = [name for name, held in self.candidates.items() if self._could_be(held, image_shape)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise ValueError(
                f"{self.where}: holds {len(fitting)} {self.noun}s ({self._held(fitting)}) that could be "
                "meant; name one with --key NAME (key= in Python)"
            )
        raise ValueError(
            f"{self.where}: holds {len(names)} {self.noun}s ({self._held(names, shapes=True)}), none of them "
            f"samples of shape {expected(image_shape)}; draw samples and save these"
        )

    @staticmethod
    def _could_be(candidate: Candidate, image_shape: tuple[int, ...]) -> bool:
        return candidate.is_numeric and fits(candidate.shape, image_shape)

    def _held(self, names: list[str], *, shapes: bool = False) -> str:
        said = [repr(name)[:60] + (f" {self.candidates[name].shape}" if shapes else "") for name in names[:5]]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return (", ".join(said) or "none") + more


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep to itself what libraries think of a file: where it matters, the reader says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_whole(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """Read a file once and for all.

    Raises:
        ValueError: it is not an ordinary file, or larger than `limit` bytes.
        OSError: it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: not a file; give a file of samples, or a folder of pictures")
    with open_regular(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > limit:
            raise ValueError(
                f"{path}: holds {size:,} bytes, more than the {limit:,} that are read; keep 10,000 samples"
            )
        return file.read(size)  # Python sets aside as much memory as it is asked to read


def sha256_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content`, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
