"""Annealing runs on disk: saved as they go, so that one that was killed goes on with the same bits."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gan_repro.measures.ais import AISSettings, Annealing, Plan
from gan_repro.measures.latent import Decoder
from gan_repro.util.files import atomic_write, check_saved_tensors, remove_unfinished
from gan_repro.util.seeds import generator

SAVE_SECONDS = 60.0
"""How often a run is saved."""


class RunSaver:
    """Keeps the runs of one call in a file of tensors, and tells how far they are."""

    def __init__(self, folder: Path | None, key: str, log: Callable[[str], None]) -> None:
        """Read what an earlier call left.

        Raises:
            ValueError: the file is damaged, or belongs to other settings.
        """
        self.path = None if folder is None else folder / "ais.pt"
        self.key, self.log = key, log
        self.kept: dict[str, Any] = {}
        if self.path is not None:
            remove_unfinished(self.path)
            if self.path.exists():
                self.kept = _read(self.path, key)

    def plan(self, name: str) -> Plan | None:
        """The plan of this name as it was saved; None: there is none."""
        kept = self.kept.get(f"plan-{name}")
        return None if kept is None else Plan(**kept)

    def keep_plan(self, name: str, plan: Plan) -> None:
        """Save a plan with the next run."""
        self.kept[f"plan-{name}"] = dict(vars(plan))

    def run(self, name: str) -> Annealing | None:
        """The run of this name as it was saved; None: there is none."""
        return Annealing.of_state(self.kept[name]) if name in self.kept else None

    def save(self, name: str, run: Annealing) -> None:
        """Write the run's present state, and all before it, in one step."""
        self.kept[name] = run.state()
        if self.path is not None:
            buffer = io.BytesIO()
            torch.save({"key": self.key, "kept": self.kept}, buffer)
            atomic_write(self.path, buffer.getbuffer().tobytes())

    def watch(self, name: str, total: int) -> Callable[[Annealing], None]:
        """What a run calls after each rung; it saves the run from time to time, and at its end."""
        began = last = time.monotonic()
        first: int | None = None

        def after_step(run: Annealing) -> None:
            nonlocal last, first
            first = run.done - 1 if first is None else first
            now = time.monotonic()
            if now - last < SAVE_SECONDS and run.done < total:
                return
            last = now
            self.save(name, run)
            left = (now - began) / (run.done - first) * (total - run.done)
            self.log(f"AIS, {name}: {run.done} of {total} distributions, {left / 60:.0f} minutes left")

        return after_step


def _read(path: Path, key: str) -> dict[str, Any]:
    cure = f"delete {path} to begin anew"
    try:
        check_saved_tensors(path)
        saved = torch.load(path, map_location="cpu", weights_only=True)
        theirs, kept = saved["key"], dict(saved["kept"])
    except Exception as error:  # a damaged file can raise almost anything
        raise ValueError(f"{path} cannot be read ({str(error).partition(chr(10))[0]}); {cure}") from error
    if theirs != key:
        raise ValueError(f"{path} holds a run of another model, other images or other settings; {cure}")
    return kept


def run_key(
    decoder: Decoder, images: npt.NDArray[np.floating], sigma: float, settings: AISSettings, simulated: int
) -> str:
    """SHA-256 of all that a run depends on; of the decoder, of its images at fixed points."""
    probe = decoder.prior.draw_unbounded(8, generator(0, "ais", "probe")).to(decoder.dtype)
    with torch.no_grad():
        seen = decoder.images(probe)
    said = json.dumps([asdict(settings), sigma, simulated, list(images.shape)])
    digest = hashlib.sha256(said.encode())
    for array in (np.ascontiguousarray(images), seen.contiguous().numpy()):
        digest.update(array.data)
    return digest.hexdigest()
