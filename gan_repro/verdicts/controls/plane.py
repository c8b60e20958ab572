"""Controls of the rule on sharp distributions: samples whose width is known, since they are drawn from it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from gan_repro.experiments import sharp_distributions
from gan_repro.experiments.planar import SHAPES, Points, Shape, sharpness
from gan_repro.experiments.sharp_distributions import Settings
from gan_repro.util.seeds import generator
from gan_repro.verdicts.controls.base import Control, answered, evidence_of, ruling_on, smallest_seen
from gan_repro.verdicts.decision import FAILS, HOLDS, Ruling

_SAMPLES = 2000
"""Of each simulated net; the experiment takes 10,000."""


def sharpness_controls() -> Iterator[Control]:
    """Samples of the shapes themselves, blurred ones, and ones that give up parts of the shapes."""
    claim, nets = "sharp-distributions", len(Settings().seeds)

    def decide(
        *, blur: float = 0.0, stray: float = 0.0, parts: float = 1.0, rng: np.random.Generator | None = None
    ) -> Ruling:
        """Decide on nets whose samples are the shapes' own, moved, or all over the plane, or of a part."""
        rng = np.random.default_rng(0) if rng is None else rng
        results = {
            shape.name: [sharpness(shape, _samples(shape, blur, stray, parts, rng)) for _ in range(nets)]
            for shape in SHAPES
        }
        found = sharp_distributions.findings(results, {})
        return ruling_on(claim, evidence_of(sharp_distributions.NAME, found))

    seen = smallest_seen(
        lambda rng, x: decide(blur=x, rng=rng), [0.005 * step for step in range(1, 60)], FAILS, 20
    )
    sees = f"samples moved by {seen:.2g} radii, {nets} nets of {_SAMPLES:,} samples" if seen else "none"
    for case, expected, answer in (
        ("samples of the ring and the masses themselves", HOLDS, decide()),
        ("moved by 0.01 radii", HOLDS, decide(blur=0.01)),
        ("moved by 0.1 radii", FAILS, decide(blur=0.1)),
        ("one in four of them anywhere in the plane", FAILS, decide(stray=0.25)),
        ("a quarter of the ring and of the masses, and nothing else", FAILS, decide(parts=0.25)),
    ):
        yield answered(claim, case, expected, answer, sees)


def _samples(shape: Shape, blur: float, stray: float, parts: float, rng: np.random.Generator) -> Points:
    random: torch.Generator = generator(int(rng.integers(2**31)), "controls", shape.name)
    points = shape.draw(int(2 * _SAMPLES / parts), random).numpy().astype(np.float64)
    points = points[shape.cell(points) < parts * shape.cells][:_SAMPLES]
    points = points + rng.normal(0, blur, points.shape)
    anywhere = rng.random(len(points)) < stray
    points[anywhere] = rng.uniform(-1.5, 1.5, (int(anywhere.sum()), 2))
    return points
