"""The quality of samples: all measures of a set of samples at once, with those of real images beside them.

Samples are compared with the test images, in the space of the net's features (MNIST only) and as pixels.
The floor of a measure is its value on validation images in place of samples, as many of them: what a
generator would score whose distribution is that of the images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.measures.features import load_network
from gan_repro.measures.names import WITH_NETWORK, check_measures
from gan_repro.measures.neighbours import DENSITY_K
from gan_repro.measures.quality import Measure, Quality
from gan_repro.measures.spaces import ImagesInSpace, Number, Space
from gan_repro.util.seeds import derive_seed

Floats = npt.NDArray[np.floating]

MOST = 10_000
"""Of more samples so many are chosen at random: the cost grows with the square of the number."""

FEWEST = 100
"""Fewer samples are refused: a group of them would have too few neighbours, and no measure would tell
anything."""

_ROUNDING = 1e-6
"""How far outside [0, 1] a value may lie, as arithmetic in float32 leaves it."""


class Yardstick:
    """The images of a data set, ready for many sets of samples; what they share is computed once."""

    def __init__(self, dataset: Dataset, weights: Path | None = None) -> None:
        """Take a data set and, for MNIST, the folder with the net's weights (None: the published ones).

        Raises:
            ValueError: the weights cannot be read.
        """
        self.dataset = dataset
        self.notes: tuple[str, ...] = ()
        self.network_sha256: str | None = None
        self.spaces: dict[Space, ImagesInSpace] = {}
        images = dataset.test
        if dataset.name in WITH_NETWORK:
            network, card = load_network(weights)
            self.network_sha256 = card.weights_sha256
            self.spaces["network"] = ImagesInSpace(images, network)
        else:
            self.notes = (
                f"{dataset.name} has no net for features: pixels alone are compared, without classes",
            )
        self.spaces["pixels"] = ImagesInSpace(images, None)
        # In the file, images of one writer stand together, and parts of it would differ more than draws do.
        random = np.random.default_rng(derive_seed(0, "measures", "real"))
        self._valid = dataset.valid[random.permutation(len(dataset.valid_pixels))]
        self._real: dict[tuple[str, int, tuple[str, ...], int], dict[str, Number]] = {}

    @property
    def main_space(self) -> Space:
        """The net's features where there is a net, else pixels."""
        return "network" if "network" in self.spaces else "pixels"

    def measure(
        self,
        samples: Floats,
        measures: str | Sequence[str] = "all",
        *,
        seed: int = 0,
        log: Callable[[str], None] = lambda line: None,
    ) -> Quality:
        """Measure samples; see `measure_samples`."""
        names = check_measures(measures, self.dataset.name)
        rows = check_samples(samples, self.dataset.image_shape)
        chosen = rows
        if len(rows) > MOST:
            random = np.random.default_rng(derive_seed(seed, "measures", "rows"))
            chosen = rows[np.sort(random.choice(len(rows), MOST, replace=False))]
        n_real = min(len(chosen), len(self.dataset.valid_pixels))
        found = []
        for space, images in self.spaces.items():
            classifier = derive_seed(seed, "measures", "two-sample")
            log(f"measuring {len(chosen):,} samples in the space of {space}")
            of_samples = images.measure(chosen, names, classifier)
            key = (space, n_real, names, seed)
            if key not in self._real:
                log(f"measuring {n_real:,} real images in the space of {space}")
                self._real[key] = images.measure(self._valid[:n_real], names, classifier)
            found += [Measure(name, space, of_samples[name], self._real[key][name]) for name in of_samples]
        return Quality(
            dataset=self.dataset.name,
            n_samples=len(chosen),
            n_given=len(rows),
            n_images=len(self.dataset.test_pixels),
            n_real=n_real,
            network_sha256=self.network_sha256,
            seed=seed,
            measures=tuple(found),
            notes=self.notes,
        )


def measure_samples(
    samples: Floats,
    dataset: str | Dataset,
    measures: str | Sequence[str] = "all",
    *,
    seed: int = 0,
    weights: Path | None = None,
    root: Path | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Quality:
    """Measure the quality of samples against the test images of a data set.

    Args:
        samples: (n, d) or (n, *image shape), float in [0, 1]. Of more than 10,000, so many are chosen at
            random.
        dataset: its name, or the data set itself.
        measures: "all", or some of: kid, precision, recall, density, coverage, two-sample, frechet,
            class-balance.
        seed: of the rows chosen and of the two-sample test's classifier.
        weights: folder with the net's weights; None for the published ones.
        root: the user's own data folder.
        log: told what is being computed, a line at a time.

    Raises:
        ValueError: the samples do not fit the data set, are too few or not finite, a measure is not known,
            or the net's weights cannot be read; one sentence says which and what to do.
        DataUnavailable: the images cannot be had.
    """
    images = data.load(dataset, root=root) if isinstance(dataset, str) else dataset
    check_measures(measures, images.name)
    check_samples(samples, images.image_shape)
    return Yardstick(images, weights).measure(samples, measures, seed=seed, log=log)


def check_samples(samples: Floats, image_shape: tuple[int, ...]) -> Floats:
    """Lay samples out as rows (n, d) float32, once they are known to be finite numbers in [0, 1].

    Raises:
        ValueError: with one sentence that says what is wrong.
    """
    width = math.prod(image_shape)
    try:
        array = np.asarray(samples)
    except ValueError as error:  # rows of several lengths
        raise ValueError(
            f"the samples make no array: give floats of shape (n, {width}), every row as long as the others"
        ) from error
    if array.ndim < 2 or array.dtype.kind != "f" or math.prod(array.shape[1:]) != width:
        raise ValueError(
            f"samples are floats of shape (n, {width}) for this data set, "
            f"not {array.dtype} of shape {array.shape}"
        )
    if len(array) < FEWEST:
        raise ValueError(
            f"{len(array)} samples are too few for {DENSITY_K} nearest neighbours to tell anything; "
            f"give at least {FEWEST}, better {MOST:,}"
        )
    rows = array.reshape(len(array), width).astype(np.float32)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{int((~finite).sum()):,} samples hold NaN or infinite values, the first in row "
            f"{int(np.argmin(finite))} (counted from 0); leave them out or repair the generator"
        )
    low, high = float(rows.min()), float(rows.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ValueError(
            f"samples must lie in [0, 1], and these reach from {low:g} to {high:g}; "
            "scale them as the data set is"
        )
    return rows.clip(0, 1)
