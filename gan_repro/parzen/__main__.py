"""``python -m gan_repro.parzen SAMPLES --dataset NAME``: score samples of any model as Table 1 was.

The score goes to stdout, talk and warnings to stderr. Exit codes: 0 scored, 1 the data set could not be
had, 2 bad usage or samples that cannot be scored, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_repro import data
from gan_repro.util import console
from gan_repro.util.device import CHOICES, choose_device
from gan_repro.util.files import sha256_of_file

# Torch and what needs it is imported once there is something to compute, so that --help answers at once.
if TYPE_CHECKING:
    from gan_repro.parzen.protocols import ParzenResult
    from gan_repro.parzen.samples import Array

TABLE_1_SAMPLES = 10_000


def run(chosen: argparse.Namespace) -> int:
    """Score the samples and print the result; the exit status.

    Raises:
        ValueError: bad usage, or samples that cannot be scored.
        DataUnavailable: the data set cannot be had.
    """
    from gan_repro.parzen import samples

    has_folds = bool(data.entry(chosen.dataset).folds)
    array = samples.read(chosen.samples)
    dataset = data.load(chosen.dataset, fold=chosen.fold, root=chosen.root)
    rows = samples.as_rows(array, dataset.image_shape, chosen.samples)
    device = choose_device(chosen.device)
    protocol = "authors-folds" if has_folds and chosen.protocol == "authors" else chosen.protocol
    _talk(f"scoring {len(rows):,} samples of {chosen.samples} on {dataset.name}, {device}")
    result = _score(rows, dataset, protocol, device)
    report = _report(result, dataset, sha256_of_file(chosen.samples), device)
    print(json.dumps(report, indent=2, allow_nan=False) if chosen.json else _text(report))
    return 0


def _score(rows: Array, dataset: data.Dataset, protocol: str, device: str) -> ParzenResult:
    from gan_repro.parzen import GridEdgeWarning, evaluate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GridEdgeWarning)  # said below, without a line of source code
        result = evaluate(rows, dataset.valid, dataset.test, protocol=protocol, device=device)
    if result.at_grid_edge:
        _talk(
            f"warning: the best sigma, {result.sigma:.4g}, is at the edge of the grid; a better one may lie "
            "beyond it, and the score be higher"
        )
    if len(rows) != TABLE_1_SAMPLES:
        _talk(
            f"warning: scores rise with the number of samples; this one, of {len(rows):,}, is not comparable "
            f"with Table 1, which uses {TABLE_1_SAMPLES:,}"
        )
    return result


def _report(result: ParzenResult, dataset: data.Dataset, digest: str, device: str) -> dict[str, Any]:
    """Everything there is to tell; the object that --json prints. Likelihoods are in nats."""
    from gan_repro import paper
    from gan_repro.parzen.protocols import get_protocol

    protocol = get_protocol(result.protocol)
    printed = paper.printed("gan", dataset.name)
    return {
        "samples": {"n": result.n_samples, "sha256": digest},
        "dataset": {
            "name": dataset.name,
            "fold": dataset.fold,
            "n_valid": result.n_valid,
            "n_test": len(result.log_likelihood),
            "sha256": dataset.sha256,
            "notes": list(dataset.notes),
        },
        "protocol": {
            "name": protocol.name,
            "version": protocol.version,
            "description": protocol.description,
        },
        "device": device,
        "log_likelihood": result.estimate.model_dump(),
        "sigma": result.sigma,
        "at_grid_edge": result.at_grid_edge,
        "valid_mean": result.valid_mean,
        "sigma_curve": [{"sigma": sigma, "valid_mean": mean} for sigma, mean in result.sigma_curve],
        "paper": None if printed is None else {"model": paper.LABELS["gan"], **printed.model_dump()},
    }


def _text(report: dict[str, Any]) -> str:
    """The same for people, a line each."""
    from gan_repro.stats.estimate import Estimate

    dataset, protocol, printed = report["dataset"], report["protocol"], report["paper"]
    score = Estimate(**report["log_likelihood"])
    fold = "" if dataset["fold"] is None else f", fold {dataset['fold']}"
    lines = [
        ("log-likelihood", f"{score} nats, standard error over {dataset['n_test']:,} test images"),
        ("sigma", f"{report['sigma']:.4f}{', at the edge of the grid' if report['at_grid_edge'] else ''}"),
        ("protocol", f"{protocol['name']}, version {protocol['version']}: {protocol['description']}"),
        ("data set", f"{dataset['name']}{fold}; sigma chosen on {dataset['n_valid']:,} images"),
        *(("", note) for note in dataset["notes"]),
        ("samples", f"{report['samples']['n']:,}, SHA-256 {report['samples']['sha256']}"),
    ]
    if printed is not None:
        estimate = Estimate(**{name: printed[name] for name in Estimate.model_fields})
        lines.append(
            ("in the paper", f"{estimate} nats, {printed['model']}, standard error over {estimate.over}")
        )
    return "\n".join(f"{name:<16}{value}" for name, value in lines)


def _talk(line: str) -> None:
    if line.startswith("warning"):
        console.log.warning("%s", line)
    else:
        console.log.info("%s", line)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Score samples of any model by the Parzen protocol of Table 1: mean test log-likelihood "
        "in nats under a Gaussian on every sample."
    )
    parser.epilog = (
        "Samples are (n, d), or images (n, height, width), of floating-point numbers in [0, 1]; "
        "Table 1 uses n = 10,000. A .npz or .pt holds one array, or calls the one that is meant 'samples'. "
        "Exit code 1: the data set could not be had; 2: the samples cannot be scored."
    )
    parser.add_argument("samples", type=Path, metavar="SAMPLES", help="a .npy, .npz or .pt file")
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="what to score on: " + ", ".join(data.names())
    )
    parser.add_argument("--fold", type=int, metavar="K", help="its fold, counted from 0, where it has folds")
    parser.add_argument("--root", type=Path, metavar="DIR", help="a folder of yours to look for it in first")
    parser.add_argument(
        "--protocol",
        choices=("authors", "refined"),
        default="authors",
        help="choose sigma on the authors' grid of 10 (default), or continuously",
    )
    parser.add_argument("--device", choices=CHOICES, default="auto", help="default: auto")
    parser.add_argument("--json", action="store_true", help="print a JSON object, with the curve over sigma")


main = console.command_line("gan_repro.parzen", configure, run)

if __name__ == "__main__":
    sys.exit(main())
