"""Images in a space of features, with all that a comparison needs of them and that no sample changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict

from gan_repro.measures import kid, neighbours
from gan_repro.measures.class_balance import class_imbalance
from gan_repro.measures.frechet import Moments, frechet_distance, moments
from gan_repro.measures.jackknife import GROUPS, Value
from gan_repro.measures.names import CLASS_BALANCE, NEIGHBOURS
from gan_repro.measures.network import CLASSES, DigitNetwork
from gan_repro.measures.two_sample import two_sample_test

Floats = npt.NDArray[np.floating]
Space = Literal["network", "pixels"]


@dataclass(frozen=True)
class Number:
    """A measure's value with its error."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    value: float
    standard_error: float | None
    """In the unit of `value`; None where it is undefined."""
    over: str
    """What the error is over."""
    n: int
    """How many of them; of draws, how many groups of samples stood for them."""
    p_value: float | None = None
    """Of the two-sample test."""


class ImagesInSpace:
    """Real images, as pixels or as features of the net, against which samples are measured."""

    def __init__(self, images: Floats, network: DigitNetwork | None) -> None:
        """Take images (n, d) in [0, 1]; without a net they are compared as pixels."""
        self._network = network
        self.features = self.of(images)

    def of(self, images: Floats) -> Floats:
        """Features of other images or of samples (m, d)."""
        return images if self._network is None else self._network.features(images)

    @cached_property
    def neighbourhood(self) -> neighbours.Neighbourhood:
        """The balls about the images."""
        return neighbours.neighbourhood(self.features)

    @cached_property
    def kernel_term(self) -> float:
        """Their own term in KID."""
        return kid.image_term(self.features)

    @cached_property
    def moments(self) -> Moments:
        """Their mean and covariance."""
        return moments(self.features)

    def measure(self, samples: Floats, names: tuple[str, ...], seed: int) -> dict[str, Number]:
        """Compare samples (m, d) with the images; measures by name, in the order of `names`.

        Raises:
            ValueError: there are too few samples or images for a measure.
        """
        features = self.of(samples)
        values: dict[str, Value] = {}
        if "kid" in names:
            values["kid"] = kid.kid(features, self.features, within_images=self.kernel_term)
        if any(name in names for name in NEIGHBOURS):
            values |= neighbours.neighbour_measures(features, self.neighbourhood)
        if "frechet" in names:
            values["frechet"] = frechet_distance(features, self.moments)
        if CLASS_BALANCE in names and self._network is not None:
            mine, theirs = (self._network.classes(part) for part in (features, self.features))
            values[CLASS_BALANCE] = class_imbalance(mine, theirs, CLASSES)
        found = {
            name: Number(value.value, value.standard_error, "draws of samples", GROUPS)
            for name, value in values.items()
        }
        if "two-sample" in names:
            test = two_sample_test(features, self.features, seed=seed)
            found["two-sample"] = Number(
                test.accuracy, test.standard_error, "held-out samples and images", test.n, test.p_value
            )
        return {name: found[name] for name in names if name in found}
