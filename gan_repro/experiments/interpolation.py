"""Is interpolation in z smooth? Steps of pixels along straight lines between random z, beside two yardsticks.

A line from z_0 to z_1 is cut into equal parts, and each frame G(z) held against the next. The largest step
over the mean step is 1 for even motion. G is continuous by construction, so finer parts must shrink the
largest step; the measure is how even the motion is, beside

- the nearest training image of each frame: what a generator that only knew training images by heart would
  show along the same line. It stands still and jumps;
- the blend of the two end images pixel by pixel: perfectly even, but its middle looks like no digit. So the
  distance to the nearest training image is compared at the middle and at the ends.

Wu et al. (2017) point out that interpolation is no quantitative evidence against memorisation.

The pictures are two strips of frames, as in Figure 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, Floats, Outcome, bootstrap_of, mean_of
from gan_repro.experiments.neighbours import nearest
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import load_all
from gan_repro.util.seeds import generator

VERSION = 1

_STRIPS, _STRIP_FRAMES = 2, 12


class Settings(base.Settings):
    """How many lines, and how finely they are cut."""

    model: str = "gan"
    dataset: str = "mnist"
    pairs: int = Field(200, ge=2)
    parts: int = Field(64, ge=4, multiple_of=2)
    n_neighbour_pairs: int = Field(25, ge=2)
    """Lines whose every frame is given its nearest training image."""
    seed: int = 1
    """Of the ends of the lines."""


def run(settings: Settings, context: Context) -> Outcome:
    """Measure the first recorded model; the numbers are of one trained model."""
    trained = load_all(context, settings.model, settings.dataset)[0]
    model, train = trained.model, trained.dataset.train
    ends = model._draw_noise(2 * settings.pairs, generator(settings.seed, "interpolation"))
    starts, stops = ends[: settings.pairs], ends[settings.pairs :]
    context.talk(f"interpolation: {trained.label}, {settings.pairs} lines of {settings.parts} parts")
    frames = along_lines(model, starts, stops, settings.parts)
    steps = step_lengths(frames)
    finer = step_lengths(along_lines(model, starts, stops, 2 * settings.parts))
    few = frames[: settings.n_neighbour_pairs]
    context.talk("interpolation: nearest training images")
    _, rows = nearest(few.reshape(-1, few.shape[2]), train)
    remembered = step_lengths(train[rows].reshape(few.shape))
    first, middle, last = frames[:, 0], frames[:, settings.parts // 2], frames[:, -1]
    at_ends = np.concatenate([nearest(first, train)[0], nearest(last, train)[0]])
    at_middle, at_blend = nearest(middle, train)[0], nearest((first + last) / 2, train)[0]
    distance = np.sqrt(np.square(first - last).sum(axis=1))
    over = "pairs of z"

    def ratio_to_ends(values: Floats, what: str) -> Finding:
        return bootstrap_of(
            lambda a, b: a.mean(axis=1) / b.mean(axis=1), values, at_ends,
            rng=np.random.default_rng(settings.seed), over=over, unit="ratio", what=what,
        )  # fmt: skip

    findings = {
        "largest_step_ratio": mean_of(
            unevenness(steps), over=over, unit="ratio",
            what=f"largest step of pixels along a straight line in z, over the mean step ({settings.parts} "
            "steps a line); 1 for even motion",
        ),
        "largest_step_ratio_neighbours": mean_of(
            unevenness(remembered), over=over, unit="ratio",
            what="the same for the nearest training image of each frame, as a memory would show",
        ),
        "largest_step_ratio_finer": mean_of(
            finer.max(axis=1) / steps.max(axis=1), over=over, unit="ratio",
            what="largest step when each part is halved, over the largest before; 0.5 for a smooth path, "
            "1 for a jump",
        ),
        "path_ratio": mean_of(
            steps.sum(axis=1) / distance, over=over, unit="ratio",
            what="length of the path of pixels over the distance between its ends; 1 for a pixelwise blend",
        ),
        "midpoint_distance_ratio": ratio_to_ends(
            at_middle, "distance to the nearest training image at midpoints in z, over that at the ends"
        ),
        "midpoint_distance_ratio_blend": ratio_to_ends(
            at_blend, "the same at the pixelwise blend of the two ends"
        ),
    }  # fmt: skip
    series = {
        "steps": [
            [(i + 0.5) / settings.parts, round(float(a), 5), round(float(b), 5)]
            for i, (a, b) in enumerate(zip(steps[0], remembered[0], strict=True))
        ]
    }
    chosen = np.linspace(0, settings.parts, _STRIP_FRAMES).round().astype(int)
    strips = frames[:_STRIPS, chosen].reshape(-1, frames.shape[2])
    return Outcome(
        findings, series, (trained.record.spec.id,), {"strips": np.rint(strips * 255).astype(np.uint8)}
    )


def along_lines(model: Any, starts: torch.Tensor, stops: torch.Tensor, parts: int) -> Floats:
    """G at `parts` + 1 even points of each line from starts to stops (pairs, k): (pairs, parts + 1, d)."""
    places = torch.linspace(0, 1, parts + 1).view(1, -1, 1)
    z = starts.unsqueeze(1) * (1 - places) + stops.unsqueeze(1) * places
    images = [model._generate(line) for line in z]
    return torch.stack(images).cpu().numpy()


def step_lengths(frames: Floats) -> Floats:
    """Euclidean distance from each frame to the next, (pairs, parts), for frames (pairs, parts + 1, d)."""
    return np.sqrt(np.square(np.diff(frames, axis=1)).sum(axis=2))


def unevenness(steps: Floats) -> Floats:
    """Largest over mean step, (pairs,), of steps (pairs, parts); 1 for a path that stands still."""
    largest, mean = steps.max(axis=1), steps.mean(axis=1)
    return np.divide(largest, mean, out=np.ones_like(mean), where=mean > 0)
