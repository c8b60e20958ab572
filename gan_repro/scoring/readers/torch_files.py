"""``.pt`` and ``.pth``: tensors and arrays as `torch.save` writes them, today's zip or the format before it.

Only `torch.load` with ``weights_only`` opens them. NumPy's arrays are allowed beside tensors, as they are
often saved so; the names of their type and of the function that rebuilds them are all that is added.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_repro.scoring.container import Candidate
from gan_repro.scoring.layout import Array
from gan_repro.util.files import check_tensor_archive

_RECONSTRUCT = np.zeros(0).__reduce__()[0]
_ALLOWED: list[Any] = [
    # The function has moved between versions of NumPy; a file names it by the place it had.
    (_RECONSTRUCT, "numpy.core.multiarray._reconstruct"),
    (_RECONSTRUCT, "numpy._core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    *(
        type(np.dtype(code))
        for code in ("f2", "f4", "f8", "?", *(f"{sign}{size}" for sign in "iu" for size in "1248"))
    ),
]


def read_pt(content: bytes, path: Path) -> dict[str, Candidate]:
    """Read a file of `torch.save`: one tensor or array, or a dict of them by name."""
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            check_tensor_archive(io.BytesIO(content), len(content))
        with torch.serialization.safe_globals(_ALLOWED):
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can raise almost anything
        raise ValueError(
            f"{path}: damaged, or not a torch.save of tensors alone (nothing else is loaded, as it could run "
            "code); save them with torch.save(torch.as_tensor(samples), FILE)"
        ) from error
    if isinstance(found, Mapping):
        return {str(key): candidate_of(value, str(path)) for key, value in found.items() if _is_array(value)}
    if not _is_array(found):
        raise ValueError(
            f"{path}: holds a {type(found).__name__}; save one tensor (torch.cat joins batches, torch.stack "
            "images), or a dict with one"
        )
    return {"": candidate_of(found, str(path))}


def candidate_of(value: torch.Tensor | Array, where: str) -> Candidate:
    """Describe a tensor or an array that is in memory."""
    if isinstance(value, torch.Tensor):
        is_number = not value.is_complex() and not value.is_quantized
        name = str(value.dtype).removeprefix("torch.")
        return Candidate(tuple(value.shape), name, lambda: to_array(value, where), is_number)
    return Candidate(value.shape, str(value.dtype), lambda: value, value.dtype.kind in "fuib")


def to_array(tensor: torch.Tensor, where: str) -> Array:
    """Make an array of a tensor on any device; of a type that NumPy lacks, an exact copy in float32.

    Raises:
        ValueError: it is sparse, quantised or without data.
    """
    plain = tensor.detach()
    try:
        if plain.is_floating_point() and plain.element_size() <= 2 and plain.dtype != torch.float16:
            plain = plain.float()  # bfloat16 and the kinds of float8
        array: Array = plain.cpu().numpy()
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise ValueError(
            f"{where}: a tensor of {tensor.dtype} and layout {tensor.layout} on device {tensor.device} "
            "cannot be read; give samples.float().to_dense(), with data"
        ) from error
    return array


def _is_array(value: object) -> bool:
    return isinstance(value, torch.Tensor | np.ndarray)
