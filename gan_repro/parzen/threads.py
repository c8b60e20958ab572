"""A pool of threads for independent pieces of work, one thread a piece.

Torch's own threads share every single operation and are synchronised at its end; these only at the very end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

import torch

Piece = TypeVar("Piece")


_EVEN_ENOUGH = 0.8
"""Share of the threads' time that pieces of equal length must fill."""


class Threads:
    """A context in which as many pieces are computed at a time as torch has threads, each on one thread.

    Within it torch itself computes on one thread, afterwards on as many as before. Where there are too few
    pieces for that, and on a GPU, pieces are computed one after the other, with torch's own threads.

    Args:
        device: where the pieces are computed.
        pieces: how many there will be.
    """

    def __init__(self, device: torch.device, pieces: int) -> None:
        threads = torch.get_num_threads() if device.type == "cpu" else 1
        rounds = math.ceil(pieces / threads)
        self.count = threads if pieces >= _EVEN_ENOUGH * threads * rounds else 1
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.count > 1:
            # Before the pool has threads: each takes over the number when it first computes.
            torch.set_num_threads(1)
            self._pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            torch.set_num_threads(self.count)

    def map(self, work: Callable[[Piece], None], pieces: Iterable[Piece]) -> None:
        """Do `work` on every piece. Return when all are done, or raise what one of them raised."""
        if self._pool is None:
            for piece in pieces:
                work(piece)
        else:
            for future in [self._pool.submit(work, piece) for piece in pieces]:
                future.result()
