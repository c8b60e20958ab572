"""Training steps as CUDA graphs: what a card is to do is captured once, and then asked for by one call.

A step of the nets here is a hundred operations of a few microseconds each, and a processor needs longer than
that to ask for them. A graph holds their kernels with the memory that they read and write: it does what the
captured operations did, with the same numbers, and its random numbers go on where the last step's ended.

What changes from step to step must therefore lie in memory: the images, and the learning rate. What else the
operations depend on is baked in, and is named by `TrainedModel.baked`: a step with another is captured anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping

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
    """

    def __init__(self, step: Step, noise: torch.Generator) -> None:
        self.step, self.noise = step, noise
        self.graph: torch.cuda.CUDAGraph | None = None
        self.key: Hashable = None
        self.images = torch.empty(0)
        self.losses: Mapping[str, Tensor] = {}

    def __call__(self, key: Hashable, data: Tensor, index: Tensor) -> Mapping[str, Tensor]:
        """Take the step on rows `index` (batch,) of images `data` (n, d); the next overwrites the losses.

        The first step with a `key`, and one on another number of images than was captured, are done as they
        are: a capture may not load the libraries that the first loads.
        """
        if key != self.key:
            self.graph, self.key = None, key
            return self.step(data[index])
        graph = self.graph or self._capture(data, len(index))
        if len(index) != len(self.images):
            return self.step(data[index])
        torch.index_select(data, 0, index, out=self.images)
        with _CARD:
            graph.replay()
        return self.losses

    def _capture(self, data: Tensor, batch_size: int) -> torch.cuda.CUDAGraph:
        # torch.cuda.graph would do the same, and collect garbage each time: longer than the capture takes.
        images = torch.empty((batch_size, data.shape[1]), dtype=data.dtype, device=data.device)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.noise)
        stream, waiting = torch.cuda.Stream(data.device), torch.cuda.current_stream(data.device)
        stream.wait_stream(waiting)
        with _CARD, torch.cuda.stream(stream):
            # Other threads go on with what a capture of their own would forbid them.
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                losses = self.step(images)
            finally:
                graph.capture_end()
        waiting.wait_stream(stream)
        self.graph, self.images, self.losses = graph, images, losses
        return graph
