from __future__ import annotations

import struct

import numpy as np
import pytest

from gan_repro.data import idx


def test_images_survive_the_round_trip() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    np.testing.assert_array_equal(idx.read_images(idx.write_images(pixels)), pixels)


def test_the_bytes_are_those_of_the_format() -> None:
    content = struct.pack(">4I", 2051, 1, 2, 3) + bytes([0, 1, 2, 3, 4, 255])
    np.testing.assert_array_equal(idx.read_images(content), [[[0, 1, 2], [3, 4, 255]]])
    assert idx.write_images(np.array([[[0, 1, 2], [3, 4, 255]]], np.uint8)) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends after 0"),
        (struct.pack(">4I", 2051, 1, 2, 3)[:15], "ends after 15"),
        (struct.pack(">4I", 2049, 1, 2, 3) + bytes(6), "with 2049"),
        (struct.pack("<4I", 2051, 1, 2, 3) + bytes(6), "starts with the number 2051"),
        (struct.pack(">4I", 2051, 1, 2, 3) + bytes(5), "22 bytes in all, but there are 21"),
        (struct.pack(">4I", 2051, 1, 2, 3) + bytes(7), "22 bytes in all, but there are 23"),
        (struct.pack(">4I", 2051, 0, 28, 28), "promises 0 images"),
        (struct.pack(">4I", 2051, *[2**32 - 1] * 3), "promises 4294967295 images"),
        # 2**16 * 2**24 * 2**24 is 0 in 64 bits.
        (struct.pack(">4I", 2051, 2**16, 2**24, 2**24), "promises 65536 images"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        idx.read_images(content)


def test_only_bytes_can_be_written() -> None:
    with pytest.raises(ValueError, match="not float32"):
        idx.write_images(np.zeros((1, 2, 3), np.float32))
