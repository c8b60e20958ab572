"""What measuring a set of samples gives: every measure with its error, and the same of real images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError

from gan_repro.measures.jackknife import GROUPS
from gan_repro.measures.neighbours import DENSITY_K, PRECISION_K
from gan_repro.measures.spaces import Number, Space

SETTINGS = {"groups": GROUPS, "precision_k": PRECISION_K, "density_k": DENSITY_K}
"""What every measure was taken with."""


_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Measure:
    """One measure in one space, of samples and of real images."""

    __pydantic_config__ = _STRICT

    name: str
    space: Space
    samples: Number
    real: Number
    """Of validation images in the samples' place: the floor, or the ceiling where more is better."""


@dataclass(frozen=True)
class Quality:
    """What `measure_samples` found."""

    __pydantic_config__ = _STRICT

    dataset: str
    n_samples: int
    """How many were measured."""
    n_given: int
    n_images: int
    """How many test images they were compared with."""
    n_real: int
    """How many validation images the floor is of."""
    network_sha256: str | None
    """Of the weights of the net; None where its space was not used."""
    seed: int
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()

    def value(self, name: str, space: str = "network") -> Number:
        """Look up the samples' value of a measure.

        Raises:
            KeyError: it was not measured in that space.
        """
        for measure in self.measures:
            if (measure.name, measure.space) == (name, space):
                return measure.samples
        raise KeyError(f"{name} was not measured in the space of {space}")

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, with the settings behind it."""
        said = asdict(self)
        return {**said, "measures": list(said["measures"]), "notes": list(self.notes), "settings": SETTINGS}

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> Quality:
        """What `to_dict` gave.

        Raises:
            ValueError: it was measured with other settings, or is something else, or holds numbers that are
                not finite.
        """
        parts = dict(said)
        if parts.pop("settings", None) != SETTINGS:
            raise ValueError(f"these measures were not taken with {SETTINGS}; take them again")
        try:
            return _QUALITY.validate_python(parts)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(
                f"these are no measures of samples: {place}: {first['msg']}; take them again"
            ) from error


_QUALITY = TypeAdapter(Quality)

SavedQuality = Annotated[
    Quality,
    BeforeValidator(lambda said: Quality.from_dict(said) if isinstance(said, dict) else said),
    PlainSerializer(Quality.to_dict),
]
"""As the field of a file that pydantic reads and writes."""
