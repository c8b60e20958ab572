"""Pieces of work on one thread each: every piece once, the same numbers, and torch's threads given back."""

import threading

import numpy as np
import pytest
import torch

from gan_repro.parzen import log_density
from gan_repro.parzen.threads import Threads

CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [1, 3])
def test_every_piece_is_worked_on_once_by_torchs_threads(count):
    torch.set_num_threads(count)
    seen, workers = [], set()
    together = threading.Barrier(count)

    def work(piece):
        if piece < count:
            together.wait(timeout=600)  # so that each worker takes one of these
        workers.add(threading.get_ident())
        seen.append((piece, torch.get_num_threads()))

    with Threads(CPU, 12) as threads:
        assert threads.count == count
        threads.map(work, range(12))
        assert sorted(seen) == [(piece, 1) for piece in range(12)]  # and all done when map returns
    assert len(workers) == count
    assert torch.get_num_threads() == count


@pytest.mark.parametrize(("pieces", "count"), [(1, 1), (2, 1), (3, 3), (4, 1), (5, 3), (100, 3)])
def test_pieces_that_leave_threads_idle_are_left_to_torch(pieces, count):
    torch.set_num_threads(3)
    seen = []
    with Threads(CPU, pieces) as threads:
        assert threads.count == count
        threads.map(lambda piece: seen.append(torch.get_num_threads()), range(pieces))
    assert seen == [1 if count == 3 else 3] * pieces


def test_an_error_in_a_piece_is_raised_and_threads_come_back():
    torch.set_num_threads(2)

    def work(piece):
        if piece == 3:
            raise ValueError("piece 3")

    with pytest.raises(ValueError, match="piece 3"), Threads(CPU, 6) as threads:
        threads.map(work, range(6))
    assert torch.get_num_threads() == 2


def test_a_density_depends_on_threads_only_by_rounding():
    random = np.random.default_rng(0)
    points, centers = random.random((211, 96), np.float32), random.random((1500, 96), np.float32)
    found = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        found.append(log_density(points, centers, [0.1, 0.3, 1.0], tile=(50, 400)))
    # The library of the products may round a small one in another order on another thread.
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found[2], found[0], rtol=0, atol=1e-5)
