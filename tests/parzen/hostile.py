"""Points and centers that a fast path may stumble over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Pair = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

KINDS = (
    "noise",
    "equal",
    "duplicates",
    "clusters",
    "far apart",
    "few dimensions",
    "one far",
    "equal to points",
)


@st.composite
def matrices(draw: st.DrawFn) -> Pair:
    """Points (n, d) and centers (m, d) of some hostile kind, float32, of sizes from 1 and of any scale."""
    n, m, d = draw(st.integers(1, 30)), draw(st.integers(1, 60)), draw(st.sampled_from((1, 2, 5, 40, 300)))
    scale = 10.0 ** draw(st.integers(-6, 6))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    points, centers = random.random((n, d)) - 0.5, random.random((m, d)) - 0.5
    kind = draw(st.sampled_from(KINDS))
    if kind == "equal":
        centers[:] = centers[0]
    elif kind == "duplicates":
        centers = centers[random.integers(-(-m // 4), size=m)]
    elif kind == "clusters":
        corners = 10 * random.random((3, d))
        points, centers = points / 10 + corners[np.arange(n) % 3], centers / 10 + corners[np.arange(m) % 3]
    elif kind == "far apart":
        centers += 100
    elif kind == "few dimensions":
        points[:, 2:] = 0
        centers[:, 2:] = 0
    elif kind == "one far":
        centers[0] += 1e4
    elif kind == "equal to points":
        centers[: min(n, m)] = points[: min(n, m)]
    return (scale * points).astype(np.float32), (scale * centers).astype(np.float32)
