"""What the command `audit` does beside checking: seal, replay, rescore, export weights."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from gan_repro import data
from gan_repro.audit.problem import Problem
from gan_repro.audit.replay import draw, replay
from gan_repro.audit.rescore import rescore
from gan_repro.audit.seal import own_runs, write_seal
from gan_repro.audit.weights import export_weights
from gan_repro.experiments.base import Context
from gan_repro.experiments.results import load_results
from gan_repro.experiments.trained import NoModelError
from gan_repro.experiments.weights import WeightsError, published_weights, weights_path
from gan_repro.trials.environment import device_kind
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions
from gan_repro.trials.store import RecordStore
from gan_repro.util.device import cards, choose_device, on_card
from gan_repro.util.folders import SEAL, WAITING, is_published
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.judge import judge


def seal(results: Path) -> None:
    """Seal the records, and say what that changed."""
    for what, names in write_seal(results)._asdict().items():
        print(*(f"{what}: {name}" for name in names), sep="\n", end="\n" if names else "")
    print(f"sealed in {results / SEAL}")


def replay_drawn(options: argparse.Namespace) -> list[Problem]:
    """Run as many trials again as were asked for; what differs.

    Raises:
        DataUnavailable: no trial could be run for want of its images.
        ValueError: the device that was asked for is not there.
    """
    drawn = draw(RecordStore(options.results), seed=options.seed, minutes=options.minutes)
    print(
        f"replaying {min(options.replay, len(drawn))} of the {len(drawn)} trials that took at most"
        f" {options.minutes:g} minutes (asked for {options.replay}, drawn with seed {options.seed})"
    )
    problems: list[Problem] = []
    lacking: dict[str, data.DataUnavailable] = {}
    replays = elsewhere = 0
    for record in drawn:
        name = record.spec.data.name
        if replays == options.replay:
            break
        if name in lacking:
            continue
        device = options.device or device_kind(record.provenance.environment)
        if on_card(device) and not cards():
            elsewhere += 1
            continue
        try:
            replayed = replay(record, RunOptions(root=options.root, device=device))
        except data.DataUnavailable as error:
            # Not everybody may have every set of faces: others are drawn in their place.
            lacking[name] = error
            print(f"of {name} no trial is replayed: {error}", flush=True)
            continue
        replays += 1
        print(f"replayed {replayed}", flush=True)
        problems += replayed.problems
    if elsewhere:
        print(
            f"{elsewhere} were recorded on a card, which is not here, and are left out;"
            " --device cpu compares their scores alone"
        )
    if lacking and not replays:
        raise next(iter(lacking.values()))
    return problems


def rescore_one(id: str, results: Path, root: Path | None, device: str | None) -> int:
    """Rescore a trial from its published weights; the exit status.

    Raises:
        WeightsError: there is no such trial, or there are no weights of it.
        ValueError: the device is not there.
    """
    record, folder = _finished(id, results)
    recorded = device_kind(record.provenance.environment)
    if device is None and on_card(recorded) and not cards():
        raise ValueError(
            f"{id} was scored on a card, and none is here; --device cpu compares the score of samples from"
            " other random numbers"
        )
    found = rescore(record, folder, root=root, device=choose_device(device or recorded))
    print(*(found.problems or [found]), sep="\n")
    return 1 if found.problems else 0


def export(id: str, results: Path, to: Path, root: Path | None) -> int:
    """Publish the weights of a finished trial; the exit status.

    Raises:
        WeightsError: there is no such trial, its checkpoint is not there, or its weights cannot be published.
    """
    try:
        sidecar = export_weights(_finished(id, results)[0], Context(results, root), to)
    except NoModelError as error:
        raise WeightsError(str(error)) from error
    size = sidecar.weights_bytes / 2**20
    print(f"{weights_path(to, id)}: {size:.1f} MiB, epoch {sidecar.epoch}, SHA-256 {sidecar.weights_sha256}")
    return 0


def summary(results: Path) -> str:
    """Say what holds, where everything does."""
    if not is_published(results):
        count = sum(1 for _ in (results / "trials").glob("*.json"))
        trials = "1 trial" if count == 1 else f"{count} trials"
        return f"your own runs in {results} hold together: {trials}, and the tables made from them."
    evidence = Evidence.load(results)
    own = len(own_runs(results))
    rulings = Counter(verdict.ruling for verdict in judge(evidence))
    claims = ", ".join(f"{ruling} {count}" for ruling, count in sorted(rulings.items(), reverse=True))
    counts = f"{len(evidence.records)} full-size trials and {len(evidence.experiments)} experiments"
    return (
        f"{counts} hold together, and what is printed is what they give."
        f" Claims: {claims} (python -m gan_repro.report)."
        + (f" Not sealed, your own runs: {own}." if own else "")
    )


def _finished(id: str, results: Path) -> tuple[TrialRecord, Path]:
    """The trial, and the folder that its weights are in: those that wait have one of their own."""
    found = load_results(results)
    for folder, records in ((results, found.trials), (results / WAITING, found.waiting)):
        for record in records:
            if record.spec.id == id:
                if record.status != "done":
                    raise WeightsError(f"{id} is {record.status}: there is nothing that was scored")
                return record, folder
    there = ", ".join(published_weights(results)) or "none"
    raise WeightsError(f"{results} holds no trial {id}; trials with published weights: {there}")
