"""How much memory a piece of work takes: the process's own, mapped files not counted."""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import images


def mapped(path: Path, n: int) -> Any:
    """A .npy file of n images, mapped; after 10,000 the same come again. A million fill 3 GB of disk."""
    import numpy as np

    some = images(min(n, 10_000))
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (n, some.shape[1]))
    for start in range(0, n, len(some)):
        rows[start : start + len(some)] = some[: n - start]
    return np.load(path, mmap_mode="r")


def megabytes_beyond(work: Callable[[], None]) -> float:
    """By how many MB the memory of this process alone, mapped files not counted, grows during `work`.

    What lies free in the heap is given back beforehand (glibc; malloc.h): `work` would else take that first,
    unseen.
    """
    peak, done = 0.0, threading.Event()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
    before = megabytes()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(peak - before, 0.0)


def megabytes() -> float:
    """Tell how many MB of memory this process has for itself alone, mapped files not counted (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("RssAnon"))
    return int(kilobytes) * 1024 / 1e6
