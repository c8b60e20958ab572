"""Reading arrays out of an old pickle without letting it run anything.

A pickle may name any function of any module to be called while it loads. This reader knows exactly the
three names that a pickled NumPy array needs and refuses all others before they are looked up.
"""

from __future__ import annotations

import gzip
import pickle
from typing import IO, Any

import numpy as np

# Where the function lives has changed (numpy.core, numpy._core), and asking for the old place warns; an
# array itself says which function rebuilds it.
_RECONSTRUCT = np.zeros(0).__reduce__()[0]

_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs") from None


def load_arrays(file: IO[bytes] | gzip.GzipFile) -> Any:
    """Read the tuples, lists and arrays of a pickle (of Python 2 or 3) that holds nothing else.

    Check the file's digest first all the same: the allow-list stops code, not a pickle that asks for memory.

    Raises:
        ValueError: it is damaged, or names anything but arrays; nothing of it has run.
    """
    try:
        # latin1 maps each byte to one character: that is how array bytes pickled by Python 2 survive.
        return _ArraysOnly(file, encoding="latin1").load()
    except Exception as error:  # a damaged pickle can raise almost anything
        raise ValueError(f"this pickle was refused: {error}") from error
