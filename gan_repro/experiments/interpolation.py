"""Is interpolation in z smooth? Steps of pixels along straight lines between random z, beside two yardsticks.

A line from z_0 to z_1 is cut into equal parts, and each frame G(z) held against the next. The largest step
over the mean step is 1 for even motion. G is continuous by construction, so finer parts must shrink the
largest step; the measure is how even the motion is, beside

- the nearest training image of each frame: what a generator that only knew training images by heart would
  show along the same line. It stands still and jumps;
- the blend of the two end images pixel by pixel: perfectly even, but its middle looks like no digit. So the
  distance to the nearest training image is compared at the middle and at the ends.

Every recorded net of the row is measured; means and intervals are over training seeds. Wu et al. (2017)
point out that interpolation is no quantitative evidence against memorisation.

The pictures are two strips of frames, as in Figure 3, of the first net. Points of the series "steps" are
`StepPoint`s of its first line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, Floats, mean_of
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.stats.neighbours import nearest
from gan_repro.util.seeds import generator

VERSION = 2

WITHDRAWN = {
    1: {
        "largest_step_ratio": "it rested on one trained net",
        "midpoint_distance_ratio": "it rested on one trained net",
    }
}
"""By version, findings that no verdict reads any more, and why."""

NAME = "interpolation"
LARGEST_STEP_RATIO = "largest_step_ratio"
LARGEST_STEP_RATIO_NEIGHBOURS = "largest_step_ratio_neighbours"
LARGEST_STEP_RATIO_FINER = "largest_step_ratio_finer"
PATH_RATIO = "path_ratio"
MIDPOINT_DISTANCE_RATIO = "midpoint_distance_ratio"
MIDPOINT_DISTANCE_RATIO_BLEND = "midpoint_distance_ratio_blend"
STEPS = "steps"
"""The series."""

_WHAT = {
    LARGEST_STEP_RATIO: "largest step of pixels along a line in z, over the mean step; 1 for even motion",
    LARGEST_STEP_RATIO_NEIGHBOURS: "the same for the nearest training image of each frame, as of a memory",
    LARGEST_STEP_RATIO_FINER: "largest step when each part is halved, over the largest before; 0.5 for a"
    " smooth path, 1 for a jump",
    PATH_RATIO: "length of the path of pixels over the distance between its ends; 1 for a pixelwise blend",
    MIDPOINT_DISTANCE_RATIO: "distance to the nearest training image at midpoints in z, over that at ends",
    MIDPOINT_DISTANCE_RATIO_BLEND: "the same at the pixelwise blend of the two ends",
}
_NEXT_TO_NOTHING = 1e-6
"""Pixels: what the ends are taken to be away from the training images where both are training images."""

_STRIPS, _STRIP_FRAMES = 2, 12

Generate = Callable[[Tensor], Tensor]
"""Noise (m, k) to images (m, d)."""


class StepPoint(NamedTuple):
    """One step along a line."""

    place: float
    """Where on the line, 0 to 1."""
    samples: float
    """Length of the step, pixels."""
    neighbours: float
    """That of the nearest training images."""


class Settings(base.Settings):
    """How many lines, and how finely they are cut."""

    model: str = "gan"
    """The row."""
    dataset: str = "mnist"
    pairs: int = Field(200, ge=2)
    parts: int = Field(64, ge=4, multiple_of=2)
    n_neighbour_pairs: int = Field(25, ge=2)
    """Lines whose every frame is given its nearest training image."""
    seed: int = 1
    """Of the ends of the lines."""


@dataclass(frozen=True)
class Lines:
    """What was measured on the lines of one net."""

    ratios: dict[str, float]
    """By finding, the mean over lines."""
    frames: Floats
    """(pairs, parts + 1, d)."""
    steps: list[list[float]]
    """Of the first line, as `StepPoint`s."""


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Measure every recorded net of the row."""
    nets = load_all(context, settings.model, settings.dataset)
    measured = []
    for trained in nets:
        model = trained.model
        ends = model.draw_noise(2 * settings.pairs, generator(settings.seed, NAME))
        measured.append(measure(model.generate, ends, trained.dataset.train, settings))
        context.log(f"{NAME}: {trained.label}, largest step {measured[-1].ratios[LARGEST_STEP_RATIO]:.2f}")
    frames = measured[0].frames
    chosen = np.linspace(0, settings.parts, _STRIP_FRAMES).round().astype(int)
    strips = frames[:_STRIPS, chosen].reshape(-1, frames.shape[2])
    return ExperimentResult(
        findings(measured),
        {STEPS: measured[0].steps},
        tuple(trained.record.spec.id for trained in nets),
        {"strips": np.rint(strips * 255).astype(np.uint8)},
    )


def findings(measured: Sequence[Lines]) -> dict[str, Finding]:
    """Average what was measured over nets."""
    return {
        name: mean_of(
            [lines.ratios[name] for lines in measured], over="training seeds", unit="ratio", what=what
        )
        for name, what in _WHAT.items()
    }


def measure(generate: Generate, ends: Tensor, train: Floats, settings: Settings) -> Lines:
    """Walk along the lines between random ends.

    Args:
        generate: the generator.
        ends: (2 pairs, k) noise: the starts, then the stops.
        train: (m, d), the training images.
        settings: how many lines, and how finely they are cut.
    """
    starts, stops = ends[: settings.pairs], ends[settings.pairs :]
    frames = along_lines(generate, starts, stops, settings.parts)
    steps = step_lengths(frames)
    finer = step_lengths(along_lines(generate, starts, stops, 2 * settings.parts))
    few = frames[: settings.n_neighbour_pairs]
    _, rows = nearest(few.reshape(-1, few.shape[2]), train)
    remembered = step_lengths(train[rows].reshape(few.shape))
    first, middle, last = frames[:, 0], frames[:, settings.parts // 2], frames[:, -1]
    at_ends = np.concatenate([nearest(first, train)[0], nearest(last, train)[0]]).mean()
    at_ends = max(at_ends, _NEXT_TO_NOTHING)
    ratios = {
        LARGEST_STEP_RATIO: unevenness(steps).mean(),
        LARGEST_STEP_RATIO_NEIGHBOURS: unevenness(remembered).mean(),
        LARGEST_STEP_RATIO_FINER: (finer.max(axis=1) / steps.max(axis=1)).mean(),
        PATH_RATIO: (steps.sum(axis=1) / np.sqrt(np.square(first - last).sum(axis=1))).mean(),
        MIDPOINT_DISTANCE_RATIO: nearest(middle, train)[0].mean() / at_ends,
        MIDPOINT_DISTANCE_RATIO_BLEND: nearest((first + last) / 2, train)[0].mean() / at_ends,
    }
    first_line = [
        [(i + 0.5) / settings.parts, round(float(a), 5), round(float(b), 5)]
        for i, (a, b) in enumerate(zip(steps[0], remembered[0], strict=True))
    ]
    return Lines({name: float(ratio) for name, ratio in ratios.items()}, frames, first_line)


def along_lines(generate: Generate, starts: Tensor, stops: Tensor, parts: int) -> Floats:
    """Generate at even points of each line from starts to stops (pairs, k): (pairs, parts + 1, d)."""
    places = torch.linspace(0, 1, parts + 1).view(1, -1, 1)
    z = starts.unsqueeze(1) * (1 - places) + stops.unsqueeze(1) * places
    return torch.stack([generate(line) for line in z]).cpu().numpy()


def step_lengths(frames: Floats) -> Floats:
    """Measure the distance from each frame to the next, (pairs, parts), for frames (pairs, parts + 1, d)."""
    return np.sqrt(np.square(np.diff(frames, axis=1)).sum(axis=2))


def unevenness(steps: Floats) -> Floats:
    """Divide the largest by the mean step, (pairs,), of steps (pairs, parts); 1 for a path that rests."""
    largest, mean = steps.max(axis=1), steps.mean(axis=1)
    return np.divide(largest, mean, out=np.ones_like(mean), where=mean > 0)
