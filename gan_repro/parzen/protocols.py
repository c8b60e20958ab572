"""How a sigma is chosen and a score is made of a density: the named protocols.

``authors`` does what `parzen_ll.py` does: ten sigmas, log-spaced in [0.1, 1]; the one with the highest mean
log-likelihood on the first 1,000 validation images (MNIST) or on all of a fold's (TFD); then the mean over
the test images, with the population standard deviation over sqrt(n) as its standard error.

``refined`` uses every validation image and optimises sigma continuously, so that the score does not move
because the best sigma crossed from one grid point to the next.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gan_repro.parzen.density import Density, log_density
from gan_repro.parzen.images import check_images
from gan_repro.parzen.scan import Matrix
from gan_repro.stats.estimate import Estimate
from gan_repro.stats.parabola import parabola_maximum

AUTHORS_SIGMAS = np.logspace(-1, 0, 10)
_FINE_PARTS = 5
"""Into how many equal parts of log sigma ``refined`` cuts the step to each neighbour of the grid's best."""


class GridEdgeWarning(UserWarning):
    """The best sigma is the smallest or largest that was tried."""


@dataclass(frozen=True)
class Protocol:
    """A named way to choose sigma; `version` is raised whenever its numbers would change."""

    name: str
    version: int
    valid_limit: int | None
    """How many validation images, from the first; None means all."""
    continuous: bool
    """Whether sigma is refined between the grid's points."""
    description: str


PROTOCOLS = {
    "authors": Protocol(
        "authors",
        1,
        1000,
        False,
        "10 sigmas log-spaced in [0.1, 1], chosen on the first 1,000 validation images",
    ),
    "authors-folds": Protocol(
        "authors-folds", 1, None, False, "10 sigmas log-spaced in [0.1, 1], chosen on all validation images"
    ),
    "refined": Protocol("refined", 1, None, True, "sigma optimised continuously on all validation images"),
}


@dataclass(frozen=True)
class SigmaChoice:
    """The sigma that fits the validation images best, and the curve it was read from."""

    sigma: float
    valid_mean: float
    """Mean validation log-likelihood at `sigma`, nats."""
    curve: tuple[tuple[float, float], ...]
    """(sigma, mean validation log-likelihood) for every sigma tried, ascending."""
    at_grid_edge: bool
    """True if no sigma beyond the chosen one was tried: the true optimum may lie outside."""


@dataclass(frozen=True)
class ParzenResult:
    """A score under a protocol; likelihoods in nats."""

    protocol: str
    sigma: float
    mean: float
    """Mean test log-likelihood."""
    standard_error: float | None
    """Of that mean, across test examples (population standard deviation / sqrt(n)); None for one example."""
    log_likelihood: npt.NDArray[np.float64]
    """(n_test,), in the order of the test images."""
    valid_mean: float
    sigma_curve: tuple[tuple[float, float], ...]
    at_grid_edge: bool
    n_samples: int
    n_valid: int

    @property
    def estimate(self) -> Estimate:
        """The score with what its error is over."""
        return Estimate(
            value=self.mean,
            standard_error=self.standard_error,
            over="test examples",
            n=len(self.log_likelihood),
        )


def get_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"no protocol is called {name!r}; known protocols: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def choose_sigma(
    samples: Matrix, valid: Matrix, *, protocol: str = "authors", device: str | torch.device | None = None
) -> SigmaChoice:
    """Choose sigma for `samples` (n, d) on the validation images (n_valid, d), as the protocol says.

    Raises:
        ValueError: an unknown protocol, or matrices that do not fit together.
    """
    rules = get_protocol(protocol)
    valid = valid[: rules.valid_limit]
    density = Density(valid, samples, device=device)
    curve = _curve(density, AUTHORS_SIGMAS)
    best = max(curve, key=lambda sigma: curve[sigma])
    at_edge = best in (AUTHORS_SIGMAS[0], AUTHORS_SIGMAS[-1])
    if rules.continuous and not at_edge and math.isfinite(curve[best]):
        # The curve is smooth in log sigma: four points towards each neighbour of the best, then a parabola
        # through the best three, leave less than 0.01 nats to be had. The best itself is not computed again:
        # a twin of it, a rounding error away, would leave two points for the parabola.
        ratio = AUTHORS_SIGMAS[1] / AUTHORS_SIGMAS[0]
        parts = np.array([part for part in range(1 - _FINE_PARTS, _FINE_PARTS) if part]) / _FINE_PARTS
        curve |= _curve(density, best * ratio**parts)
        tried = sorted(curve)
        top = tried.index(max(curve, key=lambda sigma: curve[sigma]))
        around = tried[top - 1 : top + 2]
        highest = parabola_maximum(around, [curve[sigma] for sigma in around])
        if highest is not None:
            curve |= _curve(density, np.array([highest]))
        best = max(curve, key=lambda sigma: curve[sigma])
    return SigmaChoice(float(best), curve[best], tuple(sorted(curve.items())), bool(at_edge))


def evaluate(
    samples: Matrix,
    valid: Matrix,
    test: Matrix,
    *,
    protocol: str = "authors",
    device: str | torch.device | None = None,
) -> ParzenResult:
    """Score samples (n, d) on test images (n_test, d), with sigma chosen on validation images (n_valid, d).

    All three in [0, 1], as `check_images` makes sure. Warns (`GridEdgeWarning`) when the best sigma is the
    smallest or largest tried.

    Raises:
        ValueError: an unknown protocol, matrices that do not fit together, or samples in another range.
    """
    check_images(samples, valid, test)
    choice = choose_sigma(samples, valid, protocol=protocol, device=device)
    if choice.at_grid_edge:
        warnings.warn(
            f"the best sigma, {choice.sigma:g}, is at the edge of the grid: the optimum may lie beyond it",
            GridEdgeWarning,
            stacklevel=2,
        )
    values = log_density(test, samples, [choice.sigma], device=device)[:, 0]
    error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None
    limit = get_protocol(protocol).valid_limit
    return ParzenResult(
        protocol=protocol,
        sigma=choice.sigma,
        mean=float(values.mean()),
        standard_error=error,
        log_likelihood=values,
        valid_mean=choice.valid_mean,
        sigma_curve=choice.curve,
        at_grid_edge=choice.at_grid_edge,
        n_samples=len(samples),
        n_valid=len(valid) if limit is None else min(limit, len(valid)),
    )


def _curve(density: Density, sigmas: npt.NDArray[np.float64]) -> dict[float, float]:
    """Mean log-likelihood by sigma."""
    means = density.log_density(sigmas).mean(axis=0)
    return {float(sigma): float(mean) for sigma, mean in zip(sigmas, means, strict=True)}
