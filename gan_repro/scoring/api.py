"""`score`: samples of any model, in any usual container, under the protocols of the table.

    report = gan_repro.score("samples.npy", "mnist")

It is `prepare`, which finds all that can be wrong with the samples, and then `score_prepared`, which takes
time.
"""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.measures.names import check_measures
from gan_repro.measures.yardstick import Yardstick
from gan_repro.parzen.protocols import GridEdgeWarning, evaluate, get_protocol
from gan_repro.scoring import layout as layouts
from gan_repro.scoring.container import FEWEST, MOST, Container
from gan_repro.scoring.doubts import doubts
from gan_repro.scoring.marks import TABLE_1_SAMPLES
from gan_repro.scoring.memory import Stream, open_object
from gan_repro.scoring.readers import open_path
from gan_repro.scoring.report import SampleFacts, ScoreReport
from gan_repro.scoring.values import meant_range, parse_value_range, seen_range, to_unit
from gan_repro.util.device import choose_device
from gan_repro.util.files import sha256_of_array

PROTOCOLS = ("authors", "refined")
_SEED = 0
"""Of the draw of those that are scored out of more; a file may be sorted by class."""


class SampleWarning(UserWarning):
    """Samples that are legal and surely not what was meant."""


@dataclass(frozen=True)
class Prepared:
    """Samples that can be scored: rows in [0, 1], and what there is to know of them."""

    rows: npt.NDArray[np.float32]
    """(n, d), in the order of the data set."""
    facts: SampleFacts
    dataset: Dataset
    protocols: tuple[str, ...]
    device: str
    doubts: tuple[str, ...]
    source: Container | Stream
    measures: tuple[str, ...] = ()
    """Which are taken of the samples' quality."""
    yardstick: Yardstick | None = None
    """What takes them; None where none is asked for."""


def score(
    x: Any,
    dataset: str | Dataset,
    protocol: str | Sequence[str] = PROTOCOLS,
    value_range: Sequence[float] | None = None,
    layout: str | None = None,
    key: str | None = None,
    n_samples: int = TABLE_1_SAMPLES,
    device: str = "auto",
    *,
    fold: int | None = None,
    root: str | Path | None = None,
    measures: str | Sequence[str] | None = None,
) -> ScoreReport:
    """Score samples by the mean log-likelihood of test images under a Parzen window on each sample.

    Args:
        x: a path (``.npy .npz .pt .pth .csv .mat .h5``, or a folder of PNG, JPEG or WebP pictures), an array,
            a tensor, a DataLoader, an iterator of batches, or a function that draws n samples. Samples are
            rows (n, d) or images (n, height, width), (n, height, width, channels), (n, channels, height,
            width).
        dataset: the name of a data set, or one that is loaded.
        protocol: "authors" (their grid of ten sigmas), "refined" (sigma optimised continuously), or both; the
            first is the report's main one. On a data set with folds "authors" is "authors-folds".
        value_range: what is black and what white. By default floats are in [0, 1] and uint8 in 0 to 255.
        layout: of flat rows of colour images: "channels-last" (the default) or "channels-first".
        key: which array of a file, dict or batch holds the samples, where several could.
        n_samples: how many are scored: of a larger array so many drawn at random (seed 0), of a stream the
            first; of fewer all are, and the report marks it.
        device: "auto" (a card if there is one), "cpu", "cuda" or "cuda:N".
        fold: of a data set that has folds, counted from 0.
        root: a folder of yours to look for the data set in first.
        measures: of the samples' quality, taken beside the score: "all", or some of those that
            `gan_repro.measures.measure_samples` knows; None for none. About a minute on one core.

    Raises:
        ValueError: the samples cannot be scored or measured, or changed meanwhile; one sentence says what to
            do.
        DataUnavailable: the data set cannot be had.

    Warns:
        SampleWarning: samples that are legal and can hardly be meant, as those that are all equal.
    """
    prepared = prepare(
        x, dataset, protocol, value_range, layout, key, n_samples, device,
        fold=fold, root=root, measures=measures,
    )  # fmt: skip
    for doubt in prepared.doubts:
        warnings.warn(f"{prepared.source.where}: {doubt}", SampleWarning, stacklevel=2)
    return score_prepared(prepared)


def prepare(
    x: Any,
    dataset: str | Dataset,
    protocol: str | Sequence[str],
    value_range: Sequence[float] | None,
    layout: str | None,
    key: str | None,
    n_samples: int,
    device: str,
    *,
    fold: int | None,
    root: str | Path | None,
    measures: str | Sequence[str] | None = None,
) -> Prepared:
    """Read samples and check them, and load the data set; arguments and errors are those of `score`."""
    stated, wanted_layout = parse_value_range(value_range), layouts.parse_layout(layout)
    n, protocols = _number(n_samples), _protocols(protocol)
    if not isinstance(dataset, Dataset):
        has_folds = bool(data.entry(dataset).folds)  # an unknown name is found before anything is read
    else:
        has_folds = dataset.fold is not None
    device = choose_device(device)
    source = open_path(Path(x)) if isinstance(x, str | os.PathLike) else open_object(x)
    wanted = () if measures is None else check_measures(measures, getattr(dataset, "name", str(dataset)))
    loaded = dataset if isinstance(dataset, Dataset) else data.load(dataset, fold=fold, root=root)
    where = source.where

    array, name = source.take(loaded.image_shape, key, n)
    total, shape = len(array), array.shape
    if total < FEWEST:
        raise ValueError(
            f"{where}: {total} samples are too few for a score to mean anything; draw 10,000, and in no case "
            f"fewer than {FEWEST}"
        )
    order = layouts.layout_of(shape, loaded.image_shape, wanted_layout, where)
    seen = seen_range(array, where)
    black, white = meant_range(array.dtype, stated, seen, where)
    if total > n:
        array = array[np.sort(np.random.default_rng(_SEED).choice(total, n, replace=False))]
    rows = to_unit(layouts.to_rows(array, loaded.image_shape, order), black, white)
    assumed = order if wanted_layout is None and layouts.is_ambiguous(shape, loaded.image_shape) else None
    digest = sha256_of_array(rows)
    facts = SampleFacts(
        source=where,
        kind=source.kind,
        key=name or None,
        shape=shape,
        dtype=str(array.dtype),
        layout=order,
        value_range=(black, white),
        seen_range=seen,
        n=len(rows),
        sha256=source.sha256 or digest,
        rows_sha256=digest,
    )
    found = list(doubts(rows, loaded, assumed))
    if source.passed_over:
        found.insert(0, f"passed over: {source.passed_over}")
    return Prepared(
        rows=rows,
        facts=facts,
        dataset=loaded,
        # On a fold the authors chose sigma on all its validation images.
        protocols=tuple("authors-folds" if has_folds and each == "authors" else each for each in protocols),
        device=device,
        doubts=tuple(found),
        source=source,
        measures=wanted,
        yardstick=Yardstick(loaded) if wanted else None,
    )


def score_prepared(prepared: Prepared, log: Callable[[str], None] = lambda line: None) -> ScoreReport:
    """Score samples that `prepare` found good, and measure them where that is asked for.

    Args:
        prepared: what `prepare` made of the samples.
        log: told what is being measured, a line at a time.

    Raises:
        ValueError: their file changed meanwhile.
    """
    dataset = prepared.dataset
    valid, test = dataset.valid, dataset.test
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GridEdgeWarning)  # the report marks it
        results = {
            protocol: evaluate(prepared.rows, valid, test, protocol=protocol, device=prepared.device)
            for protocol in prepared.protocols
        }
    yardstick = prepared.yardstick
    quality = None if yardstick is None else yardstick.measure(prepared.rows, prepared.measures, log=log)
    prepared.source.confirm()
    return ScoreReport(
        dataset=dataset.name,
        fold=dataset.fold,
        dataset_sha256=dataset.sha256,
        dataset_notes=dataset.notes,
        samples=prepared.facts,
        results=results,
        device=prepared.device,
        warnings=prepared.doubts,
        quality=quality,
    )


def _number(n: int) -> int:
    try:
        number = operator.index(n)
    except TypeError:
        raise ValueError(f"n_samples={n!r} is not a whole number") from None
    if not FEWEST <= number <= MOST:
        raise ValueError(f"n_samples={number:,} is not between {FEWEST} and {MOST:,}; Table 1 uses 10,000")
    return number


def _protocols(protocol: str | Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys([protocol] if isinstance(protocol, str) else protocol))
    if not names:
        raise ValueError(f"no protocol is named; there are {' and '.join(PROTOCOLS)}")
    for name in names:
        get_protocol(name)
    return names
