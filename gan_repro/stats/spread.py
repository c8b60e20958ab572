"""How far images spread about their mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def spread(images: npt.NDArray[np.floating]) -> float:
    """Take the root of the mean over pixels of the variance across images (n, d)."""
    return float(np.sqrt(images.var(axis=0, dtype=np.float64).mean()))
