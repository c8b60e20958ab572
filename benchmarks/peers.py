"""The Parzen density as others compute it. ``prepare(centers)`` is not timed; the scorer it returns is.

A scorer takes points (n, d) and sigmas and returns log-densities (n, n_sigmas) in nats. Centers and points
are float32 tensors on the CPU, and every library gets as many threads as torch has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.common import ONLY_TESTED

Scorer = Callable[[Tensor, Sequence[float]], "np.ndarray"]


class Peer(NamedTuple):
    """One way to compute the density."""

    prepare: Callable[[Tensor], Scorer]
    points: int
    """How many of the 10,000 test images it is timed on (and a tenth as many for the ten sigmas)."""


def reference(points: np.ndarray, centers: np.ndarray, sigma: float) -> np.ndarray:
    """The density in float64, from differences, (n,)."""
    from scipy.spatial.distance import cdist
    from scipy.special import logsumexp

    squares = cdist(points.astype(np.float64), centers.astype(np.float64), "sqeuclidean")
    return logsumexp(-squares / (2 * sigma**2), axis=1) - _normaliser(centers.shape, sigma)


def ours(centers: Tensor) -> Scorer:
    """This package."""
    from gan_repro.parzen import log_density

    return lambda points, sigmas: log_density(points, centers, sigmas)


def matmul(centers: Tensor) -> Scorer:
    """Plain torch: distances from one matrix product, torch.logsumexp once for each sigma."""
    squares_of_centers = centers.square().sum(dim=1)

    def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
        squares = points.square().sum(dim=1, keepdim=True) + squares_of_centers - 2 * points @ centers.T
        return _columns(lambda s: torch.logsumexp(squares / (-2 * s**2), dim=1), centers, sigmas)

    return score


def broadcast(centers: Tensor) -> Scorer:
    """The formula of `parzen_ll.py`, torch in place of Theano: every difference, anew for each sigma.

    One point at a time instead of its hundred, whose differences would fill 3 GB.
    """

    def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
        def column(sigma: float) -> Tensor:
            parts = [(batch[:, None, :] - centers) / sigma for batch in points.split(1)]
            return torch.cat([torch.logsumexp(-0.5 * part.square_().sum(dim=2), dim=1) for part in parts])

        return _columns(column, centers, sigmas)

    return score


def scikit_learn(centers: Tensor, **settings: int) -> Scorer:
    """Scikit-learn's KernelDensity: a k-d tree that by default asks for no error at all (rtol=0, atol=0)."""
    from sklearn.neighbors import KernelDensity

    density = KernelDensity(**settings).fit(centers.numpy())

    def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
        found = []
        for sigma in sigmas:
            density.bandwidth_ = sigma  # the tree does not depend on it
            found.append(density.score_samples(points.numpy()))
        return np.stack(found, axis=1)

    return score


def one_leaf(centers: Tensor) -> Scorer:
    """The same with all centers in one leaf: no branch of the tree can be bounded instead of summed."""
    return scikit_learn(centers, leaf_size=len(centers) + 1)


def keops(centers: Tensor) -> Scorer:
    """KeOps: a fused, compiled reduction over symbolic differences; compiling it is not timed.

    Raises:
        NotImplementedError: KeOps is not installed, or cannot compile here.
    """
    if ONLY_TESTED:
        raise NotImplementedError("compiling takes a minute")
    try:
        from pykeops.torch import LazyTensor

        right = LazyTensor(centers[None])

        def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
            squares = ((LazyTensor(points[:, None]) - right) ** 2).sum(dim=2)
            return _columns(lambda s: (squares * (-0.5 / s**2)).logsumexp(dim=1)[:, 0], centers, sigmas)

        score(centers[:2], [1.0])
    except Exception as error:  # whatever a compiler or its absence may raise
        raise NotImplementedError(f"KeOps does not work here: {error!r}") from error
    return score


def faiss(centers: Tensor) -> Scorer:
    """FAISS: the exact 100 nearest centers of each point, all others left out.

    Raises:
        NotImplementedError: FAISS is not installed.
    """
    try:
        import faiss as library
    except ImportError as error:
        raise NotImplementedError("FAISS is not installed") from error
    library.omp_set_num_threads(torch.get_num_threads())
    index = library.IndexFlatL2(centers.shape[1])
    index.add(centers.numpy())

    def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
        squares = torch.from_numpy(index.search(points.numpy(), min(100, len(centers)))[0])
        return _columns(lambda s: torch.logsumexp(squares / (-2 * s**2), dim=1), centers, sigmas)

    return score


def mlpack(centers: Tensor) -> Scorer:
    """Mlpack's dual-tree density, within 1e-3 of it; not its logarithm, so that it can be 0 or infinite.

    Raises:
        NotImplementedError: mlpack is not installed.
    """
    try:
        import mlpack as library
    except ImportError as error:
        raise NotImplementedError("mlpack is not installed") from error
    rows = np.asarray(centers, np.float64)
    # Else its tree reads our memory, which is gone when this function has returned.
    kept = {"reference": rows, "copy_all_inputs": True}
    model = library.kde(**kept, bandwidth=1.0, rel_error=1e-3)["output_model"]

    def score(points: Tensor, sigmas: Sequence[float]) -> np.ndarray:
        query, found = np.asarray(points, np.float64), []
        for sigma in sigmas:
            asked = {"query": query.copy(), "bandwidth": float(sigma), "rel_error": 1e-3}
            density = library.kde(input_model=model, kernel="gaussian", **asked)["predictions"]
            with np.errstate(divide="ignore"):
                found.append(np.log(density))
        return np.stack(found, axis=1)

    return score


PEERS = {
    "gan_repro": Peer(ours, 10_000),
    "torch matmul and logsumexp": Peer(matmul, 2_000),
    "formula of parzen_ll.py": Peer(broadcast, 20),
    "scikit-learn KernelDensity": Peer(scikit_learn, 50),
    "KeOps": Peer(keops, 100),
    "FAISS, 100 nearest": Peer(faiss, 2_000),
    "scikit-learn KernelDensity, one leaf": Peer(one_leaf, 50),
    "mlpack": Peer(mlpack, 20),
}


def _columns(column: Callable[[float], Tensor], centers: Tensor, sigmas: Sequence[float]) -> np.ndarray:
    widths = [float(sigma) for sigma in sigmas]  # KeOps takes no NumPy number
    found = [column(width).double().numpy() - _normaliser(centers.shape, width) for width in widths]
    return np.stack(found, axis=1)


def _normaliser(shape: Sequence[int], sigma: float) -> float:
    n, dimension = shape
    return math.log(n) + dimension * math.log(sigma * math.sqrt(2 * math.pi))
