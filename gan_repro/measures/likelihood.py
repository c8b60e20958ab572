"""Both bounds of a generator's log-likelihood: the runs that they take, saved as they go.

    sigma    chosen on validation images, from one run up a ladder that ends at the smallest sigma considered
    lower    a run up for each test image
    gap      for images that the model makes itself: upper minus lower bound, from a run down and a run up

Killed and called again with the same folder, a run goes on and ends with the same bits (same machine,
versions and number of threads).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gan_repro.measures.ais import (
    AISSettings,
    Annealing,
    Plan,
    anneal,
    effective_sample_size,
    lower_bounds,
    sigma_curve,
    start_down,
    start_up,
    upper_bounds,
)
from gan_repro.measures.latent import Decoder
from gan_repro.measures.saved_runs import RunSaver, run_key
from gan_repro.util.seeds import generator

Floats = npt.NDArray[np.floating]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LikelihoodBounds:
    """What `bound_likelihood` found; all in nats."""

    sigma: float
    lower: Values
    """Lower bound of log p(x) of each image, (n,)."""
    effective_chains: Values
    """Effective sample size of the weights behind it, between 1 and the number of chains, (n,)."""
    simulated_lower: Values
    """Of images that the model made, (m,)."""
    simulated_upper: Values
    """Upper bounds of the same, (m,)."""
    acceptance: float
    """Mean probability with which the transitions of the runs up were accepted."""
    settings: AISSettings

    @property
    def gap(self) -> Values:
        """Upper minus lower bound on the model's own images, (m,)."""
        return self.simulated_upper - self.simulated_lower

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        arrays = {name: value.tolist() for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return {**asdict(self), **arrays, "settings": asdict(self.settings)}


def bound_likelihood(
    decoder: Decoder,
    images: Floats,
    sigma: float,
    settings: AISSettings | None = None,
    *,
    simulated: int = 20,
    folder: Path | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> LikelihoodBounds:
    """Bound log p(x) of images from below, and measure on the model's own how far the bound falls short.

    Args:
        decoder: the generator as a density.
        images: (n, d), in the units of the decoder's mean images.
        sigma: standard deviation of the noise on each pixel.
        settings: length, chains and seed; None for the defaults.
        simulated: how many images the model makes for the gap.
        folder: where the runs are saved, to go on from; None: nowhere.
        log: told a line from time to time, with the time left.

    Raises:
        ValueError: images or sigma do not fit, or the folder's runs are others; one sentence says so.
        ArithmeticError: the decoder gives numbers that are not finite.
    """
    settings = settings or AISSettings()
    x = check_images(decoder, images)
    require_sigma(sigma)
    u, made = simulate(decoder, simulated, sigma, settings.seed)
    saver = RunSaver(folder, run_key(decoder, images, sigma, settings, simulated), log)

    def random(*axes: str) -> torch.Generator:
        return generator(settings.seed, "ais", *axes)

    runs: dict[str, tuple[Tensor, Callable[[], Annealing], str]] = {
        "simulated-lower": (made, lambda: start_up(decoder, simulated, settings, random("simulated")), "own"),
        "simulated-upper": (made, lambda: start_down(u, settings.chains, random("down")), "own"),
        "lower": (x, lambda: start_up(decoder, len(x), settings, random("lower")), "images"),
    }
    done, d = {}, x.shape[1]
    for name, (points, start, pilot) in runs.items():
        plan = saver.plan(pilot)
        if plan is None:
            log(f"AIS, {name}: a pilot run of {settings.pilot_distributions} distributions chooses the steps")
            plan = Plan.tuned(decoder, points, sigma, settings, pilot)
        saver.keep_plan(pilot, plan)
        run, watch = saver.run(name) or start(), saver.watch(name, settings.distributions)
        done[name] = anneal(decoder, points, plan, settings.leapfrogs, run, watch)
        require_finite(done[name])
        if name == "simulated-upper":
            # Before the images, which take longest: a run whose gap is too wide can be stopped here.
            gap = upper_bounds(done[name], d, sigma) - lower_bounds(done["simulated-lower"], d, sigma)
            log(f"AIS, {settings.distributions} distributions: a gap of {gap.mean():.1f} nats")
    return LikelihoodBounds(
        sigma=sigma,
        lower=lower_bounds(done["lower"], d, sigma),
        effective_chains=effective_sample_size(done["lower"].log_weights).numpy(),
        simulated_lower=lower_bounds(done["simulated-lower"], d, sigma),
        simulated_upper=upper_bounds(done["simulated-upper"], d, sigma),
        acceptance=done["lower"].accepted / settings.distributions,
        settings=settings,
    )


def choose_sigma(
    decoder: Decoder,
    valid: Floats,
    smallest: float,
    settings: AISSettings | None = None,
    *,
    folder: Path | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> tuple[float, list[tuple[float, float]]]:
    """Choose the sigma under which the mean lower bound of validation images is highest.

    One run up the ladder to the smallest sigma passes all larger ones. The bound is looser at its end,
    which can move the choice to a sigma that is a little too large, never make a bound invalid.

    Args:
        decoder: the generator as a density.
        valid: images (n, d).
        smallest: where the ladder ends.
        settings: length, chains and seed; None for the defaults.
        folder: where the run is saved, to go on from; None: nowhere.
        log: told a line from time to time, with the time left.

    Returns:
        The sigma, and the curve of (sigma, nats), from large to small sigmas.

    Raises:
        ValueError: images or sigma do not fit, or the folder's run is another; one sentence says so.
        ArithmeticError: the decoder gives numbers that are not finite.
    """
    settings, name = settings or AISSettings(), "valid"
    x = check_images(decoder, valid)
    require_sigma(smallest)
    saver = RunSaver(folder, run_key(decoder, valid, smallest, settings, 0), log)
    plan = saver.plan(name)
    if plan is None:
        log(f"AIS, {name}: a pilot run of {settings.pilot_distributions} distributions chooses the steps")
        plan = Plan.tuned(decoder, x, smallest, settings, name)
    saver.keep_plan(name, plan)
    run = saver.run(name) or start_up(decoder, len(x), settings, generator(settings.seed, "ais", name))
    run = anneal(decoder, x, plan, settings.leapfrogs, run, saver.watch(name, settings.distributions))
    require_finite(run)
    sigmas, means = sigma_curve(run, plan.rungs, x.shape[1])
    return float(sigmas[np.argmax(means)]), list(zip(sigmas.tolist(), means.tolist(), strict=True))


def simulate(decoder: Decoder, n: int, sigma: float, seed: int) -> tuple[Tensor, Tensor]:
    """Draw u (n, k) from the prior, and images x (n, d) of the model that belong to them."""
    random = generator(seed, "ais", "simulate")
    u = decoder.prior.draw_unbounded(n, random).to(decoder.dtype)
    with torch.no_grad():
        means = decoder.images(u).double()
    noise = torch.randn(means.shape, generator=random, dtype=torch.float64)
    return u, (means + sigma * noise).to(decoder.dtype)


def check_images(decoder: Decoder, images: Floats) -> Tensor:
    """Images (n, d) in the decoder's type, once they are known to fit it.

    Raises:
        ValueError: with one sentence that says what is wrong.
    """
    with torch.no_grad():
        probe = decoder.images(torch.zeros(1, decoder.prior.dimension, dtype=decoder.dtype))
    width = probe.shape[1]
    if images.ndim != 2 or images.shape[1] != width or not len(images):
        raise ValueError(
            f"this generator makes images of {width} pixels; give a matrix (n, {width}), not {images.shape}"
        )
    if not np.isfinite(images).all():
        row = int(np.argmin(np.isfinite(images).all(axis=1)))
        raise ValueError(f"image {row} (counted from 0) holds NaN or infinite values; leave it out")
    return torch.from_numpy(np.array(images, np.float64)).to(decoder.dtype)


def require_sigma(sigma: float) -> None:
    """Refuse a sigma that is not a positive number.

    Raises:
        ValueError: it is not.
    """
    if not 0 < sigma < float("inf"):
        raise ValueError(f"sigma must be a positive number, not {sigma}")


def require_finite(run: Annealing) -> None:
    """Refuse weights that are no numbers.

    Raises:
        ArithmeticError: some are not.
    """
    if not bool(run.log_weights.isfinite().all()):
        raise ArithmeticError(
            "the generator gave images that are not finite, so no likelihood can be bounded"
        )
