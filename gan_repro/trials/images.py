"""Which images a trial trains on and is scored on: a data set, or folds that share their training part."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from gan_repro import data
from gan_repro.data.dataset import Dataset, digests
from gan_repro.trials.spec import DataSpec, TrialSpec


def load_images(name: str, fold: int | None = None, root: Path | None = None) -> tuple[Dataset, ...]:
    """Load the data sets on which one trained model is scored.

    One, save for a data set whose folds share their training images: without `fold` it gives all of them,
    and one training serves them all (as the paper's authors did with the Toronto faces).

    Raises:
        ValueError: an unknown name, or a fold that the data set does not have.
        DataUnavailable: it cannot be had.
    """
    if fold is None and data.entry(name).shared_training:
        return data.load_folds(name, root=root)
    return (data.load(name, fold=fold, root=root),)


def load_images_of(spec: TrialSpec, root: Path | None = None) -> tuple[Dataset, ...]:
    """Load the data sets of a trial, as `load_images`.

    Raises:
        ValueError: those here are others than the spec names.
        DataUnavailable: they cannot be had.
    """
    folds = load_images(spec.data.name, spec.data.fold, root)
    found = fingerprint(folds)
    if found != spec.data.sha256:
        raise ValueError(
            f"{spec.data.name} here has SHA-256 {found}, but trial {spec.id} was planned for "
            f"{spec.data.sha256}; use the same images or plan the trial anew"
        )
    return folds


def fingerprint(datasets: Sequence[Dataset]) -> str:
    """Return the SHA-256 of one data set's bytes; of the joined digests where there are several."""
    each = digests(datasets)
    return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()


def source(name: str, root: Path | None = None, *, fold: int | None = None) -> DataSpec:
    """Describe the data set of that name as it is on this machine, fetched if need be.

    Raises:
        ValueError: an unknown name, or a fold that the data set does not have (or should have).
        DataUnavailable: it cannot be had.
    """
    return DataSpec(name=name, sha256=fingerprint(load_images(name, fold, root)), fold=fold)


def sources(name: str, root: Path | None = None) -> list[DataSpec]:
    """List what a row on that data set trains on: one entry, or one a fold with a training part of its own.

    Raises:
        ValueError: an unknown name.
        DataUnavailable: it cannot be had.
    """
    found = data.entry(name)
    if found.folds and not found.shared_training:
        folds = data.load_folds(name, root=root)
        return [DataSpec(name=name, sha256=fold.sha256, fold=fold.fold) for fold in folds]
    return [source(name, root)]
