"""Training steps as CUDA graphs: what a card is to do is captured once, and then asked for by one call.

A step of the nets here is a hundred operations of a few microseconds each, and a processor needs longer than
that to ask for them. A graph holds their kernels with the memory that they read and write: it does what the
captured operations did, with the same numbers, and its random numbers go on where the last step's ended.

What changes from step to step must therefore lie in memory: the images, and the learning rate. What else the
operations depend on is baked in, and is named by `TrainedModel.baked`: a step with another is captured anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

Step = Callable[[Tensor], Mapping[str, Tensor]]

_CARD = threading.Lock()
"""Held while a step is captured or replayed. Trainings may share a card, each in a thread and a stream of
its own, and all graphs of a process share the card's default generator, which does one or the other."""


def can_capture() -> bool:
    """Say whether this build of torch has CUDA graphs."""
    return torch.version.cuda is not None


def capturing() -> bool:
    """Say whether what this thread asks a card for is captured just now, and not done."""
    return can_capture() and torch.cuda.is_current_stream_capturing()


class CapturedStep:
    """A function of a batch of images, captured on a card and replayed.

    Args:
        step: takes images (batch, d), gives 0-d tensors by name.
        noise: the card's generator, from which the step draws.
        batch_size: of the steps that are captured.
    """

    def __init__(self, step: Step, noise: torch.Generator, batch_size: int) -> None:
        self.step, self.noise, self.batch_size = step, noise, batch_size
        self.graph: torch.cuda.CUDAGraph | None = None
        self.key: Hashable = None
        self.captures = 0
        self.images = torch.empty(0)
        self.losses: Mapping[str, Tensor] = {}
        # One for all captures: torch deals a few streams out again and again, and the next may be the one in
        # which another training is at work.
        self.stream = torch.cuda.Stream(noise.device)

    def __call__(self, key: Hashable, data: Tensor, index: Tensor) -> Mapping[str, Tensor]:
        """Take the step on rows `index` (batch,) of images `data` (n, d); the next overwrites the losses.

        The first step with a `key`, and one on fewer images than a batch, are done as they are: a capture may
        not load the libraries that the first loads.
        """
        if key != self.key:
            self.release()
            self.key = key
            return self.step(data[index])
        if len(index) != self.batch_size:
            return self.step(data[index])
        graph = self.graph or self._capture(data)
        torch.index_select(data, 0, index, out=self.images)
        with _CARD:
            graph.replay()
        return self.losses

    def release(self) -> None:
        """Give the graph up, and its memory."""
        with _CARD:
            self.graph = None

    def _capture(self, data: Tensor) -> torch.cuda.CUDAGraph:
        # torch.cuda.graph would do the same, and collect garbage each time: longer than the capture takes.
        images = torch.empty((self.batch_size, data.shape[1]), dtype=data.dtype, device=data.device)
        graph, working = torch.cuda.CUDAGraph(), torch.cuda.current_stream(data.device)
        self.stream.wait_stream(working)
        with _CARD, torch.cuda.stream(self.stream):
            graph.register_generator_state(self.noise)
            # Other threads go on with what a capture of their own would forbid them.
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                losses = self.step(images)
            finally:
                graph.capture_end()
        working.wait_stream(self.stream)
        self.captures += 1
        self.graph, self.images, self.losses = graph, images, losses
        return graph


@contextmanager
def captured(
    step: Step, noise: torch.Generator, batch_size: int, captures: bool
) -> Iterator[CapturedStep | None]:
    """Give a `CapturedStep`, and take its graph down afterwards; None where steps are not to be captured."""
    found = CapturedStep(step, noise, batch_size) if captures else None
    try:
        yield found
    finally:
        if found is not None:
            found.release()
