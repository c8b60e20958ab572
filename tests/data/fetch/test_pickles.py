from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from gan_repro.data.fetch.pickles import load_arrays

# What Python 2 wrote for np.array([1, -2, .5], "<f4"): the bytes are a string, hence the latin1.
OF_PYTHON_2 = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85"
    b"cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"U\x0c" + struct.pack("<3f", 1, -2, 0.5) + b"tb."
)


class Evil:
    """A pickle that opens (and so creates) a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.marker), "w")


def test_arrays_of_today_are_read() -> None:
    nested = ((np.arange(6.0).reshape(2, 3), np.array([1, 2])), [np.zeros(1, np.uint8)])
    (first, second), (third,) = load_arrays(io.BytesIO(pickle.dumps(nested)))
    for loaded, original in zip((first, second, third), (*nested[0], *nested[1]), strict=True):
        np.testing.assert_array_equal(loaded, original)


def test_arrays_of_python_2_are_read() -> None:
    loaded = load_arrays(io.BytesIO(OF_PYTHON_2))
    assert loaded.dtype == np.float32
    assert loaded.tolist() == [1, -2, 0.5]


def test_a_malicious_pickle_is_refused_and_has_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-here"
    content = pickle.dumps((np.zeros(3), Evil(marker)))
    with pytest.raises(ValueError, match="open, which no array needs"):
        load_arrays(io.BytesIO(content))
    assert not marker.exists()
    pickle.loads(content)[1].close()
    assert marker.exists(), "the pickle is not malicious, so the test proves nothing"


@pytest.mark.parametrize("content", [b"", b"no pickle", OF_PYTHON_2[:-20], b"cnumpy\nload\n."])
def test_what_is_no_pickle_of_arrays_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="refused"):
        load_arrays(io.BytesIO(content))
