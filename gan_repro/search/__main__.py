"""Choosing what the papers leave unsaid: a small search on validation likelihood, the same for each model.

    gan-repro search [--rows dbn cae gsn gan] [--dataset mnist]

Two rounds. In the first every model gets the same number of candidates and about the same time for each: a
candidate is trained on the training images. In the second the best of them is sampled in several ways, the
same for each model: by few long chains or by many short ones. Scores are means over the validation images,
with sigma refined on them; the test images are never looked at. The log, search/MODEL_DATASET.json,
holds every candidate with its score. What it finds best is the model's default, or stands in the preset that
needs it, and a test holds log and preset against each other. The adversarial nets have a published recipe, to
which their row keeps: the search says what the same budget would have found among the authors' own variants.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from gan_repro import data, models
from gan_repro.search.log import SearchLog, Tried, log_path, read_log
from gan_repro.search.space import CHAINS, SPACES
from gan_repro.util import console
from gan_repro.util.folders import RUNS

SEED = 1000
"""Not one of the seeds of recorded trials."""
N_SAMPLES = 10_000


def search(model: str, dataset: data.Dataset, results: Path) -> SearchLog:
    """Try every candidate of a model that the log does not hold yet; write the log after each.

    Raises:
        ValueError: the log on disk belongs to another search.
        OSError: it cannot be written.
    """
    space = SPACES[model]
    path = log_path(results, model, dataset.name)
    log = SearchLog(
        model=model,
        model_version=models.model_class(model).version,
        dataset=dataset.name,
        data_sha256=dataset.sha256,
        seed=SEED,
        n_samples=N_SAMPLES,
        common=space.common,
    )
    if path.exists():
        earlier = read_log(path)
        if earlier.model_copy(update={"tried": (), "chains": ()}) != log:
            raise ValueError(f"{path} is the log of another search; move it away to search anew")
        log = earlier
    known = [tried.settings for tried in log.tried]
    for settings in space.candidates:
        if settings not in known:
            fitted, seconds = fit_candidate(model, {**space.common, **settings}, dataset)
            tried = score_candidate(fitted, settings, dataset, seconds)
            log = _add(log, "tried", tried, path)
    if space.chained and log.best is not None and len(log.chains) < len(CHAINS):
        fitted, _ = fit_candidate(model, {**space.common, **log.best.settings}, dataset)
        for settings in CHAINS[len(log.chains) :]:
            fitted.config = fitted.config.model_copy(update=settings)
            log = _add(log, "chains", score_candidate(fitted, settings, dataset), path)
    return log


def _add(log: SearchLog, part: str, tried: Tried, path: Path) -> SearchLog:
    from gan_repro.util.files import atomic_write

    log = log.model_copy(update={part: (*getattr(log, part), tried)})
    atomic_write(path, json.dumps(log.model_dump(mode="json"), indent=1) + "\n")
    console.log.info("%s: %s: %s", log.model, tried.settings, tried.valid_mean)
    return log


def fit_candidate(model: str, settings: dict[str, Any], dataset: data.Dataset) -> tuple[Any, float]:
    """Train a candidate: the fitted model, None if it diverged, and the seconds that it took."""
    from gan_repro.models.base import DivergedError

    started = time.monotonic()
    try:
        fitted = models.get(model, seed=SEED, **settings).fit(dataset.train)
    except DivergedError:
        fitted = None
    return fitted, time.monotonic() - started


def score_candidate(
    fitted: Any, settings: dict[str, Any], dataset: data.Dataset, seconds: float = 0.0
) -> Tried:
    """Sample a fitted model and score it on the validation images; `seconds` went into it before."""
    from gan_repro.parzen import choose_sigma
    from gan_repro.util.seeds import generator

    started = time.monotonic()
    mean = sigma = None
    if fitted is not None:
        samples = fitted.sample(N_SAMPLES, generator=generator(SEED, fitted.name, "samples"))
        if bool(samples.isfinite().all()):
            choice = choose_sigma(samples, dataset.valid, protocol="refined")
            if math.isfinite(choice.valid_mean):
                mean, sigma = choice.valid_mean, choice.sigma
    seconds = round(seconds + time.monotonic() - started, 1)
    return Tried(settings=settings, valid_mean=mean, sigma=sigma, seconds=seconds)


def run(options: argparse.Namespace) -> int:
    """Search, and print what was tried; the exit status.

    Raises:
        ValueError: a log belongs to another search.
        OSError: the folder cannot be written, or the data cannot be had.
    """
    import torch
    from tabulate import tabulate

    from gan_repro.util.files import require_writable

    # As trials run, so that the bits do not depend on the number of cores.
    torch.set_num_threads(1)
    require_writable(options.runs / "search")
    dataset = data.load(options.dataset, root=options.root)
    logs = [search(model, dataset, options.runs) for model in options.rows]
    rows = [
        [
            log.model,
            json.dumps(tried.settings),
            tried.valid_mean,
            tried.seconds,
            "best" if tried in (log.best, log.best_chains) else "",
        ]
        for log in logs
        for tried in (*log.tried, *log.chains)
    ]
    print(
        tabulate(
            rows, ["model", "settings", "validation nats", "seconds", ""], tablefmt="github", floatfmt=".1f"
        )
    )
    return 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Choose unpublished settings on validation likelihood, one budget for all models."
    parser.add_argument("--rows", "--models", nargs="+", choices=tuple(SPACES), default=list(SPACES))
    whole = [name for name in data.names() if not data.entry(name).folds]
    parser.add_argument("--dataset", choices=whole, default="mnist", help="one without folds")
    parser.add_argument(
        "--runs",
        "--results",
        type=Path,
        default=RUNS,
        metavar="DIR",
        help=f"where the log is kept, in its folder search (default: {RUNS})",
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="your own folder with the data files")


main = console.command_line("gan_repro.search", configure, run)

if __name__ == "__main__":
    sys.exit(main())
