"""The matrix products that a training step cannot do without, and nothing else.

A product of (m, k) and (k, n) is written down as (m, k, n). A layer from i inputs to o columns, seen by m
examples, costs (m, i, o) forward, (m, o, i) for the gradient of its inputs, (i, m, o) for its weights'.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

Product = tuple[int, int, int]


def of_step(model: Any, batch: Tensor) -> list[Product]:
    """The products of one `model.train_batch(batch)` of the bottom layer, at the defaults of its options."""
    return {"gan": _gan, "dbn": _dbn, "cae": _cae, "gsn": _gsn}[model.name](model.config, *batch.shape)


def bare(products: list[Product], device: str) -> Callable[[], None]:
    """A function that does the products through torch.mm, with operands and results laid out beforehand.

    Operands of one shape are one matrix, weights that are read across are transposed views: no step can have
    less memory to move.
    """
    generator = torch.Generator().manual_seed(0)
    shapes = {shape for m, k, n in products for shape in ((m, k), (k, n))}
    operands = {
        shape: (torch.rand(shape, generator=generator) - 0.5).to(device)
        for shape in {min(shape, shape[::-1]) for shape in shapes}
    }
    results = {(m, n): torch.empty(m, n, device=device) for m, _, n in products}

    def operand(*shape: int) -> Tensor:
        return operands[shape] if shape in operands else operands[shape[::-1]].T

    calls = [(operand(m, k), operand(k, n), results[m, n]) for m, k, n in products]

    def multiply() -> None:
        for left, right, result in calls:
            torch.mm(left, right, out=result)

    return multiply


def _gan(config: Any, m: int, pixels: int) -> list[Product]:
    found = []
    widths = [config.noise_dimension, *(hidden.units for hidden in config.generator_hidden), pixels]
    for number, (i, o) in enumerate(pairwise(widths)):
        found += [(m, i, o), (i, m, o)] + [(m, o, i)] * (number > 0)
    inputs = [pixels, *config.discriminator_hidden]
    columns = [*(units * config.pieces for units in config.discriminator_hidden), 1]
    for number, (i, o) in enumerate(zip(inputs, columns, strict=True)):
        # Data and samples at once; of D's inputs only the samples pass a gradient on, to G.
        found += [(2 * m, i, o), (i, 2 * m, o), (2 * m if number else m, o, i)]
    return found


def _dbn(config: Any, m: int, pixels: int) -> list[Product]:
    hidden = config.layers[0]
    chains = config.batch_size
    return [
        (m, pixels, hidden),
        (chains, hidden, pixels),
        (chains, pixels, hidden),
        (pixels, m, hidden),
        (pixels, chains, hidden),
    ]


def _cae(config: Any, m: int, pixels: int) -> list[Product]:
    hidden = config.layers[0]
    return [(m, pixels, hidden), (m, hidden, pixels), (m, pixels, hidden)] + 2 * [(pixels, m, hidden)]


def _gsn(config: Any, m: int, pixels: int) -> list[Product]:
    (first, second), steps = config.layers, config.walkbacks
    up, down = [(m, pixels, first), (pixels, m, first)], [(m, first, pixels), (first, m, pixels)]
    # The second layer is empty in the first step, and no longer needed after the last.
    between = [(m, first, second), (first, m, second), (m, second, first), (second, m, first)]
    back_between = [(m, second, first), (m, first, second)]
    return steps * (up + down + [(m, pixels, first)]) + (steps - 1) * (between + back_between)
