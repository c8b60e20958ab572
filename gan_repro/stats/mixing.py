"""How much a Markov chain mixes: autocorrelation time, effective sample size and split R-hat of its states.

A correlated sample of n states tells as much about a mean as n / tau independent ones. The images (n, d) are
looked at through a few scalar projections: the mean intensity and the leading principal directions. For each,
over m chains of N states, as in Vehtari et al. (2021), equations 10 to 14, without splitting or ranks:

    W    = mean of the chains' variances (divisor N - 1),  B / N = variance of the chains' means
    V    = (N - 1) / N W + B / N
    r_t  = 1 - (W - mean over chains of their autocovariances at lag t) / V
    tau  = -1 + 2 sum of the pairs r_{2k} + r_{2k+1} up to the first not positive, made non-increasing

and the effective sample size is m N / tau. Chains that each stay in their own mode raise V and with it tau.
The slowest projection counts. Everything is float64; times are in samples (thinned states, where thinned).

References: Geyer, "Practical Markov chain Monte Carlo", Statistical Science 1992 (the initial monotone
sequence); Gelman et al., Bayesian Data Analysis, third edition, section 11.5; Vehtari, Gelman, Simpson,
Carpenter, Buerkner, "Rank-normalization, folding, and localization", Bayesian Analysis 2021 (several chains).
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.linalg
from pydantic import BaseModel, ConfigDict

PRINCIPAL_DIRECTIONS = 5
SHORTEST_CHAIN = 4
"""Below this, a chain's own autocorrelation cannot be told from its mean."""

MULTI_CHAIN = "Geyer 1992 initial monotone sequence, chains combined as in Vehtari et al. 2021"
INDEPENDENT = "none needed: each sample is a draw of its own"
TOO_SHORT = f"none possible: chains shorter than {SHORTEST_CHAIN} samples count as one sample each"
CONSTANT = "none possible: all samples are the same and count as one"


class ChainDiagnostics(BaseModel):
    """What a set of samples from chains is worth, by its slowest projection."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    autocorrelation_time: float
    """Samples per independent sample."""
    effective_sample_size: float
    """Independent samples that would give the same error of a mean."""
    projections: dict[str, float]
    """The autocorrelation time of each projection."""
    estimator: str
    """Where the numbers come from, in words."""


def split_r_hat(series: np.ndarray) -> float:
    """Compare chains with each other, and the halves of each: split R-hat (Gelman et al., section 11.4).

    Near 1 where all have converged on the same distribution. The last state of chains of odd length is left
    out.

    Args:
        series: one scalar over chains (chains, states per chain).

    Raises:
        ValueError: the chains have fewer than four states.
    """
    chains, length = series.shape
    half = length // 2
    if half < 2:
        raise ValueError(f"chains of {length} states have no halves to compare; at least 4 are needed")
    halves = series[:, : 2 * half].astype(np.float64).reshape(2 * chains, half)
    within = float(halves.var(axis=1, ddof=1).mean())
    between = float(halves.mean(axis=1).var(ddof=1))
    if not within:
        return float("inf") if between else 1.0
    return float(np.sqrt((half - 1) / half + between / within))


def diagnose(samples: np.ndarray, chain_shape: tuple[int, int]) -> ChainDiagnostics:
    """Diagnose samples (n, d) ordered chain by chain, `chain_shape` = (chains, samples per chain).

    A last chain that ends early is left out of the estimate, and counts in n.

    Raises:
        ValueError: `samples` is not a finite matrix, or has not the rows that `chain_shape` promises.
    """
    samples = np.asarray(samples)
    chains, per_chain = chain_shape
    if samples.ndim != 2 or not samples.size or not np.isfinite(samples).all():
        raise ValueError(f"samples must be a finite matrix (n, d), not of shape {samples.shape}")
    n = len(samples)
    if not (chains - 1) * per_chain < n <= chains * per_chain:
        raise ValueError(f"{n} samples cannot be {chains} chains of {per_chain}")
    if per_chain == 1:
        return _result(n, 1.0, {}, INDEPENDENT)
    whole = max(n // per_chain, 1)
    projections = project(samples[: whole * per_chain])
    if not projections:
        return _result(n, float(n), {}, CONSTANT)
    if per_chain < SHORTEST_CHAIN:
        return _result(n, n / chains, {}, TOO_SHORT)
    times = {name: autocorrelation_time(values.reshape(whole, -1)) for name, values in projections.items()}
    return _result(n, max(times.values()), times, MULTI_CHAIN)


def convergence(samples: np.ndarray, chains: int, directions: int) -> tuple[float | None, float | None]:
    """Tell whether chains have converged, by their slowest projection.

    Args:
        samples: states (n, d), chain by chain.
        chains: how many chains of equal length.
        directions: principal directions that are looked at beside the mean intensity.

    Returns:
        The largest split R-hat and the smallest effective sample size; None where chains are too short.
    """
    length = len(samples) // min(chains, len(samples))
    if length < SHORTEST_CHAIN:
        return None, None
    whole = samples[: len(samples) // length * length]
    projections = [p.reshape(-1, length) for p in project(whole, directions).values()]
    if not projections:
        return None, 1.0
    times = [autocorrelation_time(p) for p in projections]
    return max(split_r_hat(p) for p in projections), len(samples) / max(times)


def autocorrelation_time(series: np.ndarray) -> float:
    """Integrated autocorrelation time of one scalar over chains (chains, samples per chain).

    It lies between 1 / log10(n) and the length of a chain: a chain counts as one sample at least.
    A series that never changes has no information to be correlated: nan.
    """
    chains, length = series.shape
    covariance = _autocovariance(series.astype(np.float64)).mean(axis=0)
    within = covariance[0] * length / (length - 1)
    between = float(series.mean(axis=1).var(ddof=1)) if chains > 1 else 0.0
    total = within * (length - 1) / length + between
    if total <= np.finfo(np.float64).eps * float(np.square(series).mean()):
        return float("nan")
    correlation = 1 - (within - covariance) / total
    correlation[0] = 1.0
    pairs = correlation[: length // 2 * 2].reshape(-1, 2).sum(axis=1)
    positive = pairs[: np.argmax(pairs <= 0)] if (pairs <= 0).any() else pairs
    time = 2 * float(np.minimum.accumulate(positive).sum()) - 1
    return float(np.clip(time, 1 / np.log10(max(series.size, 10)), length))


def _autocovariance(series: np.ndarray) -> np.ndarray:
    """Autocovariances (chains, lags) with divisor N, by FFT with room for the wrap-around."""
    length = series.shape[1]
    centred = series - series.mean(axis=1, keepdims=True)
    size = scipy.fft.next_fast_len(2 * length, real=True)
    power = np.abs(scipy.fft.rfft(centred, size, axis=1)) ** 2
    return scipy.fft.irfft(power, size, axis=1)[:, :length] / length


def project(samples: np.ndarray, directions: int = PRINCIPAL_DIRECTIONS) -> dict[str, np.ndarray]:
    """Give scalars (n,) of each sample (n, d), by name: mean intensity and leading principal directions.

    Those that are the same for all samples are left out.
    """
    centred = samples - samples.mean(axis=0, dtype=np.float64)
    d = centred.shape[1]
    count = min(directions, d)
    variances, axes = scipy.linalg.eigh(
        centred.T @ centred / len(samples), subset_by_index=(d - count, d - 1)
    )
    candidates = {"mean intensity": centred.mean(axis=1)}
    for rank, direction in enumerate(axes.T[::-1], start=1):
        candidates[f"principal direction {rank}"] = centred @ direction
    floor = 1e-12 * max(float(variances[-1]), float(np.square(samples, dtype=np.float64).mean()))
    return {name: values for name, values in candidates.items() if values.var() > floor}


def _result(n: int, time: float, times: dict[str, float], estimator: str) -> ChainDiagnostics:
    return ChainDiagnostics(
        autocorrelation_time=time, effective_sample_size=n / time, projections=times, estimator=estimator
    )
