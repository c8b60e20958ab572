"""Generators whose likelihood is known in closed form, and other programs' code where it is installed."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.stats import multivariate_normal, norm

from gan_repro.measures.latent import Decoder, normal, uniform
from gan_repro.util.seeds import generator


@dataclass
class Known:
    """A decoder, some of its images, and their exact log-likelihood."""

    decoder: Decoder
    sigma: float
    images: npt.NDArray[np.float64]
    exact: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
    """Log-likelihoods (n,) of images (n, d), in nats."""

    @property
    def log_likelihood(self) -> npt.NDArray[np.float64]:
        return self.exact(self.images)


def linear_gaussian(seed: int = 0, k: int = 2, d: int = 6, sigma: float = 0.4, n: int = 4) -> Known:
    """x = Az + b + noise with z normal is normal, with covariance AA' + sigma^2 I."""
    random = generator(seed, "linear-gaussian")
    a, b, z, e = (
        torch.randn(shape, generator=random, dtype=torch.float64) for shape in ((k, d), (d,), (n, k), (n, d))
    )
    images = (z @ a + b + sigma * e).numpy()
    covariance = (a.T @ a).numpy() + sigma**2 * np.eye(d)
    exact = multivariate_normal(b.numpy(), covariance)
    return Known(Decoder(lambda z: z @ a + b, normal(k), torch.float64), sigma, images, exact.logpdf)


def scaled_uniform(seed: int = 0, k: int = 3, sigma: float = 0.2, n: int = 4) -> Known:
    """Each pixel is a uniform number times a scale, plus noise: a difference of distribution functions."""
    random = generator(seed, "scaled-uniform")
    scale = 0.5 + torch.rand(k, generator=random, dtype=torch.float64)
    low, high = -1.0, 2.0
    z = low + (high - low) * torch.rand(n, k, generator=random, dtype=torch.float64)
    images = (z * scale + sigma * torch.randn(n, k, generator=random, dtype=torch.float64)).numpy()
    s = scale.numpy()

    def exact(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        inside = norm.cdf((x - low * s) / sigma) - norm.cdf((x - high * s) / sigma)
        return np.log(inside / ((high - low) * s)).sum(axis=1)

    return Known(Decoder(lambda z: z * scale, uniform(k, low, high), torch.float64), sigma, images, exact)


@pytest.fixture(scope="session")
def torch_fidelity() -> types.ModuleType:
    """The package; where torchvision is not installed, an empty stand-in lets it be imported.

    It wants torchvision for nets and data sets that no test here uses.
    """
    try:
        importlib.import_module("torchvision")
    except ImportError:
        stand_in()
    return pytest.importorskip(
        "torch_fidelity", reason="torch-fidelity is not installed: pip install --no-deps"
    )


def stand_in() -> None:
    class Empty(types.ModuleType):
        __path__: list[str] = []  # noqa: RUF012

        def __getattr__(self, name: str) -> type:
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {})

    for name in ("", ".datasets", ".transforms", ".transforms.functional", ".models", ".ops"):
        module = sys.modules.setdefault(f"torchvision{name}", Empty(f"torchvision{name}"))
        module.__spec__ = ModuleSpec(f"torchvision{name}", None)  # else find_spec fails
        if name:
            parent, _, attribute = f"torchvision{name}".rpartition(".")
            setattr(sys.modules[parent], attribute, module)


@pytest.fixture(scope="session")
def features() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Samples (400, 12) and images (500, 12) of two distributions that overlap."""
    random = np.random.default_rng(5)
    samples = random.normal(0.3, 1.1, (400, 12)).clip(min=0).astype(np.float32)
    images = random.normal(0.2, 1.0, (500, 12)).clip(min=0).astype(np.float32)
    return samples, images
