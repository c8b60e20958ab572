"""Running the trials of a sweep on a Dask cluster; see docs/cluster.md.

A worker needs this package and the data; what it does stands in `remote`. Where one dies, Dask gives its
trial to another, which goes on from the last checkpoint in the results folder: a worker that does not share
that folder loses all that it did.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_repro.trials.checkpoint import checkpoint_path, epochs_saved
from gan_repro.trials.execution.remote import RemoteResult, RemoteTask, content, run_remote, view
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.presets import Planned
from gan_repro.trials.runner import NOT_STARTED, RunOptions, TrialOutcome, explain
from gan_repro.trials.store import RecordStore
from gan_repro.util.console import log
from gan_repro.util.device import on_card
from gan_repro.util.files import atomic_write
from gan_repro.util.text import first_line

CONNECT_SECONDS = 5.0
RETRIES = 2
"""How often Dask tries a trial again whose worker failed but lives: no data there, no room on its disk."""
POLL_SECONDS = 0.5


class Cluster:
    """An executor on a Dask scheduler that answers, for one sweep."""

    def __init__(self, address: str) -> None:
        """Connect to `address`, tcp://HOST:PORT or tls://HOST:PORT.

        Raises:
            OSError: nothing answers there within a few seconds, or not Dask.
            ValueError: the package `distributed` is not installed.
        """
        try:
            import distributed
        except ImportError as error:
            raise ValueError(
                "--scheduler needs the package distributed; "
                "install it with: pip install 'gan-repro[distributed]'"
            ) from error
        # A lost connection becomes one sentence in the table; Dask's own log would fill the screen.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self.address = address
        try:
            self.client: Any = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            reason = first_line(error)
            raise OSError(
                f"no Dask scheduler answers at {address} ({reason}); start one with: dask scheduler"
            ) from error

    def device(self, asked: str) -> str:
        """Resolve ``auto``: "cuda" if a worker offers a GPU now, else "cpu"."""
        if asked != "auto":
            return asked
        return "cuda" if self._gpu_workers() else "cpu"

    def outcomes(self, plan: Sequence[Planned], options: RunOptions, stop: Stop) -> Iterator[TrialOutcome]:
        """Run the trials; one outcome for each, as they come. Finished ones are not sent.

        Closes the connection at the end.
        """
        folder = options.results.resolve()
        marker = folder / "locks" / f"cluster-{uuid.uuid4().hex}"
        atomic_write(marker, b"")
        store = RecordStore(folder)
        root = None if options.root is None else options.root.resolve()
        options = replace(options, results=folder, root=root, progress_position=None)
        try:
            left = []
            for planned in plan:
                record = None if options.fresh else store.read(planned.spec)
                if record is not None and record.status == "done":
                    yield TrialOutcome(planned, record)
                else:
                    left.append(planned)
            yield from self._run(left, options, marker, stop)
        finally:
            marker.unlink(missing_ok=True)
            with suppress(Exception):  # the scheduler may be gone
                self.client.close(timeout=CONNECT_SECONDS)

    def _run(
        self, plan: Sequence[Planned], options: RunOptions, marker: Path, stop: Stop
    ) -> Iterator[TrialOutcome]:
        """Send the trials and wait for them; once asked to stop, take back those that no worker has begun."""
        if not plan:
            return
        futures, event = self._send(plan, options, marker)
        pending = set(futures)
        asked = False
        while pending:
            finished, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
            for future in finished:
                yield self._receive(futures[future], future, options)
            if stop.is_set() and pending:
                with suppress(OSError):  # a scheduler that is gone cancels what is pending
                    if not asked:
                        event.set()
                        asked = True
                    begun = self._begun()
                    for future in [f for f in pending if _key(futures[f], marker) not in begun]:
                        future.cancel()
                        pending.remove(future)
                        yield TrialOutcome(futures[future], None, NOT_STARTED)

    def _send(
        self, plan: Sequence[Planned], options: RunOptions, marker: Path
    ) -> tuple[dict[Future[RemoteResult], Planned], Any]:
        """Submit the trials; the future of each, and the `distributed.Event` that asks them to stop."""
        import distributed

        shared = self._check_workers(marker, options.device)
        event = distributed.Event(marker.name, client=self.client)
        executor = self.client.get_executor(
            pure=False, retries=RETRIES, resources={"GPU": 1} if on_card(options.device) else None
        )
        futures: dict[Future[RemoteResult], Planned] = {}
        for planned in plan:
            checkpoint = None if shared else content(checkpoint_path(options.results, planned.spec))
            task = RemoteTask(planned, options, marker, event.name, checkpoint)
            futures[executor.submit(run_remote, task, key=_key(planned, marker))] = planned
        return futures, event

    def _begun(self) -> set[str]:
        """Return the keys that a worker has been given, and those that are finished."""
        # In this order, so that one which finishes in between is not missed.
        given = {key for keys in self.client.processing().values() for key in keys}
        # The scheduler also lists tasks that nobody has.
        return given | {key for key, holders in self.client.who_has().items() if holders}

    def _receive(self, planned: Planned, future: Future[RemoteResult], options: RunOptions) -> TrialOutcome:
        """Take in what a worker sent back; write the record and checkpoint that it could not write here."""
        import distributed

        try:
            result = future.result()
            path = checkpoint_path(options.results, planned.spec)
            if result.checkpoint is not None:
                # The worker may have begun anew, without the checkpoint that is here.
                here = None if options.fresh else epochs_saved(path, planned.spec, checksums=True)
                if here is None or here <= result.epochs:
                    atomic_write(path, result.checkpoint)
            store, record = RecordStore(options.results), result.outcome.record
            if record is not None and store.read(planned.spec) != record:
                store.write(record)
        except CancelledError:
            reason = f"the scheduler at {self.address} went away; start it and run the same command again"
        except distributed.KilledWorker as error:
            reason = (
                f"each worker that it was given to died (the last: {error.last_worker.address}); "
                "see that worker's log, and whether its memory was enough"
            )
        except Exception as error:
            reason = explain(error, options.results)
        else:
            return result.outcome
        return TrialOutcome(planned, None, reason)

    def _check_workers(self, marker: Path, device: str) -> bool:
        """Warn on stderr of what looks wrong with the workers; whether all share the results folder.

        Not where there is none yet, or where one does not answer: nothing is known of their folders.
        """
        views = self.client.run(view, marker, on_error="return")
        if not views:
            log.info("no worker is connected to %s yet; waiting for one (Ctrl-C to stop)", self.address)
        elif on_card(device) and not self._gpu_workers():
            log.info(
                f"no worker at {self.address} offers a GPU; waiting for one started with --resources GPU=1"
            )
        here = view(marker)
        shared = bool(views)
        for worker, theirs in views.items():
            if isinstance(theirs, BaseException):
                log.warning("worker %s cannot run trials (%s)", worker, explain(theirs, "its folder"))
                shared = False
                continue
            shared = shared and theirs.shares_folder
            if theirs.versions != here.versions:
                there, ours = (", ".join(each.versions) for each in (theirs, here))
                log.warning("worker %s has %s, this machine %s: the bits may differ", worker, there, ours)
        return shared

    def _gpu_workers(self) -> list[str]:
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return [address for address, worker in workers.items() if worker["resources"].get("GPU")]


def _key(planned: Planned, marker: Path) -> str:
    return f"{planned.spec.id}-{marker.name}"
