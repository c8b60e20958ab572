"""Running the trials of a sweep on a Dask cluster; see docs/cluster.md.

A worker needs this package and the data. Where it sees the results folder it keeps lock, checkpoint and
record there, like a process on this machine; where it does not it works in a folder of its own, and record
and checkpoint come back to be written here. Its death costs one attempt: Dask gives the trial to another one.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import gan_repro
from gan_repro.trials import environment
from gan_repro.trials.execution.outcome import NOT_STARTED, Outcome, problem, run_planned
from gan_repro.trials.execution.plan import Planned
from gan_repro.trials.execution.stop import Stop
from gan_repro.trials.records import RecordStore
from gan_repro.trials.runner import Attempt, checkpoint_path
from gan_repro.util.files import atomic_write

CONNECT_SECONDS = 5.0
RETRIES = 2
"""How often Dask tries a trial again whose worker failed but lives: no data there, no room on its disk."""
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Errand:
    """What a worker is sent."""

    planned: Planned
    attempt: Attempt
    mark: Path
    """A file in the results folder: a worker that finds it shares the folder."""
    stop: str
    """Name of the `distributed.Event` that asks to stop."""
    checkpoint: bytes | None
    """For a worker without the folder: what an earlier attempt left there."""


@dataclass(frozen=True)
class Returned:
    """What comes back."""

    outcome: Outcome
    checkpoint: bytes | None = None
    """Of a worker without the folder."""


class Cluster:
    """A Dask scheduler that answers, for one sweep."""

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
        # Lost connections are ours to tell, in one sentence.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self.address = address
        try:
            self.client: Any = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise OSError(
                f"no Dask scheduler answers at {address} ({reason}); start one with: dask scheduler"
            ) from error

    def device(self, asked: str) -> str:
        """What ``auto`` means here: the GPUs if a worker offers one now, else CPUs."""
        if asked != "auto":
            return asked
        return "cuda" if self._gpu_workers() else "cpu"

    def outcomes(self, plan: Sequence[Planned], attempt: Attempt, stop: Stop) -> Iterator[Outcome]:
        """Run the trials; one outcome for each, as they come. Finished ones are not sent.

        Closes the connection at the end.
        """
        folder = attempt.results.resolve()
        mark = folder / "locks" / f"cluster-{uuid.uuid4().hex}"
        atomic_write(mark, b"")
        store = RecordStore(folder)
        root = None if attempt.root is None else attempt.root.resolve()
        attempt = replace(attempt, results=folder, root=root, progress_position=None)
        try:
            left = []
            for planned in plan:
                record = None if attempt.fresh else store.read(planned.spec)
                if record is not None and record.status == "done":
                    yield Outcome(planned, record)
                else:
                    left.append(planned)
            yield from self._sent(left, attempt, mark, stop)
        finally:
            mark.unlink(missing_ok=True)
            with suppress(Exception):  # the scheduler may be gone
                self.client.close(timeout=CONNECT_SECONDS)

    def _sent(self, plan: Sequence[Planned], attempt: Attempt, mark: Path, stop: Stop) -> Iterator[Outcome]:
        import distributed

        if not plan:
            return
        shared = self._look_around(mark, attempt.device)
        event = distributed.Event(mark.name, client=self.client)
        executor = self.client.get_executor(
            pure=False, retries=RETRIES, resources={"GPU": 1} if attempt.device == "cuda" else None
        )
        futures: dict[Future[Returned], Planned] = {}
        for planned in plan:
            checkpoint = None if shared else _content(checkpoint_path(attempt.results, planned.spec))
            errand = Errand(planned, attempt, mark, event.name, checkpoint)
            futures[executor.submit(run_errand, errand, key=self._key(planned, mark))] = planned
        pending = set(futures)
        asked = False
        while pending:
            finished, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
            for future in finished:
                yield self._received(futures[future], future, attempt)
            if stop.is_set() and pending:
                with suppress(OSError):  # a scheduler that is gone cancels what is pending
                    if not asked:
                        event.set()
                        asked = True
                    begun = self._begun()
                    for future in [f for f in pending if self._key(futures[f], mark) not in begun]:
                        future.cancel()
                        pending.remove(future)
                        yield Outcome(futures[future], None, NOT_STARTED)

    def _key(self, planned: Planned, mark: Path) -> str:
        return f"{planned.spec.id}-{mark.name}"

    def _begun(self) -> set[str]:
        """The keys that a worker has been given, and those that are finished."""
        # In this order, so that one which finishes in between is not missed.
        at_work = {key for keys in self.client.processing().values() for key in keys}
        # The scheduler also lists tasks that nobody has.
        return at_work | {key for key, holders in self.client.who_has().items() if holders}

    def _received(self, planned: Planned, future: Future[Returned], attempt: Attempt) -> Outcome:
        """Write what the worker could not, or what is not to be seen yet on a network file system."""
        import distributed

        try:
            returned = future.result()
            if returned.checkpoint is not None:
                atomic_write(checkpoint_path(attempt.results, planned.spec), returned.checkpoint)
            store, record = RecordStore(attempt.results), returned.outcome.record
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
            reason = problem(error, attempt.results)
        else:
            return returned.outcome
        return Outcome(planned, None, reason)

    def _look_around(self, mark: Path, device: str) -> bool:
        """Say on stderr what looks wrong with the workers; whether all of them share the results folder."""
        answers = self.client.run(_look, mark, on_error="return")
        if not answers:
            _say(f"no worker is connected to {self.address} yet; waiting for one (Ctrl-C to stop)")
        elif device == "cuda" and not self._gpu_workers():
            _say(f"no worker at {self.address} offers a GPU; waiting for one started with --resources GPU=1")
        here = _look(mark)
        shared = True
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                _say(f"warning: worker {worker} cannot run trials ({problem(answer, 'its folder')})")
                continue
            shared = shared and answer.shared
            if answer.versions != here.versions:
                theirs, ours = (", ".join(look.versions) for look in (answer, here))
                _say(f"warning: worker {worker} has {theirs}, this machine {ours}: the bits may differ")
        return shared

    def _gpu_workers(self) -> list[str]:
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return [address for address, worker in workers.items() if worker["resources"].get("GPU")]


def run_errand(errand: Errand) -> Returned:
    """Run a trial on a worker.

    Raises:
        OSError, ValueError: as `run_planned`; Dask then tries again, elsewhere if it can.
    """
    attempt, spec = errand.attempt, errand.planned.spec
    if attempt.root is not None and not attempt.root.exists():
        attempt = replace(attempt, root=None)
    with _listening(errand.stop) as stop_requested:
        attempt = replace(attempt, stop_requested=stop_requested)
        if errand.mark.exists():
            return Returned(run_planned(errand.planned, attempt))
        import distributed

        own = distributed.get_worker().local_directory
        with tempfile.TemporaryDirectory(prefix="gan_repro-", dir=own) as folder:
            checkpoint = checkpoint_path(Path(folder), spec)
            if errand.checkpoint is not None:
                atomic_write(checkpoint, errand.checkpoint)
            outcome = run_planned(errand.planned, replace(attempt, results=Path(folder)))
            return Returned(outcome, _content(checkpoint))


@contextmanager
def _listening(name: str) -> Iterator[Callable[[], bool]]:
    """Whether the sweep was stopped, without asking the scheduler after every batch."""
    import distributed

    event = distributed.Event(name, client=distributed.get_client())
    asked, over = threading.Event(), threading.Event()
    if event.is_set():
        asked.set()

    def listen() -> None:
        with suppress(Exception):  # the scheduler is gone: nobody waits for this trial any more
            while not over.is_set() and not event.wait(timeout=1):
                pass
        asked.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield asked.is_set
    finally:
        over.set()


@dataclass(frozen=True)
class _View:
    shared: bool
    versions: tuple[str, ...]


def _look(mark: Path) -> _View:
    commit, _ = environment.code_version()
    packages = (f"{name} {metadata.version(name)}" for name in ("torch", "numpy"))
    return _View(mark.exists(), (f"gan_repro {gan_repro.__version__} ({commit or 'no commit'})", *packages))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _say(line: str) -> None:
    print(line, file=sys.stderr)
