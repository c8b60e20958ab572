"""A score in the forms that programs take: plain values for JSON, and tables of pandas."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan_repro import paper
from gan_repro.parzen.protocols import ParzenResult, get_protocol

if TYPE_CHECKING:
    import pandas as pd

    from gan_repro.scoring.report import ScoreReport


def to_dict(report: ScoreReport, per_image: bool) -> dict[str, Any]:
    """Return everything there is to tell; see `ScoreReport.to_dict`."""
    printed = paper.printed("gan", report.dataset)
    main, *others = (_of_result(result, per_image) for result in report.results.values())
    facts = asdict(report.samples)
    return {
        "samples": {name: facts.pop(name) for name in ("n", "sha256")},
        "read_as": facts,
        "dataset": {
            "name": report.dataset,
            "fold": report.fold,
            "n_valid": report.result.n_valid,
            "n_test": len(report.result.log_likelihood),
            "sha256": report.dataset_sha256,
            "notes": list(report.dataset_notes),
        },
        "device": report.device,
        **main,
        "other_protocols": others,
        "marks": list(report.marks),
        "warnings": list(report.warnings),
        "quality": None if report.quality is None else report.quality.to_dict(),
        "paper": None if printed is None else {"model": paper.LABELS["gan"], **printed.model_dump()},
    }


def to_frame(report: ScoreReport, per_image: bool) -> pd.DataFrame:
    """Return a row for each protocol, or for each test image; see `ScoreReport.to_pandas`."""
    import pandas as pd

    if per_image:
        columns = {name: result.log_likelihood for name, result in report.results.items()}
        return pd.DataFrame(columns).rename_axis(index="test image", columns="protocol")
    measures = () if report.quality is None else report.quality.measures
    measured = {f"{measure.name} ({measure.space})": measure.samples.value for measure in measures}
    rows = [
        {
            "dataset": report.dataset,
            "fold": report.fold,
            "protocol": name,
            "log_likelihood": result.mean,
            "standard_error": result.standard_error,
            "sigma": result.sigma,
            "at_grid_edge": result.at_grid_edge,
            "n_samples": result.n_samples,
            "n_valid": result.n_valid,
            "n_test": len(result.log_likelihood),
            "samples_sha256": report.samples.sha256,
            **measured,
        }
        for name, result in report.results.items()
    ]
    return pd.DataFrame(rows)


def beside_the_paper(report: ScoreReport) -> pd.DataFrame:
    """Return the rows of Table 1 beside a score; see `ScoreReport.compare_to_paper`."""
    import pandas as pd

    own = report.estimate
    rows = []
    for row in paper.TABLE_1:
        printed = paper.printed(row.model, report.dataset)
        if printed is not None:
            rows.append(
                {
                    "row": row.label,
                    "paper": printed.value,
                    "paper_standard_error": printed.standard_error,
                    "here": own.value,
                    "standard_error": own.standard_error,
                    "difference": own.value - printed.value,
                    "difference_standard_error": _joint(own.standard_error, printed.standard_error),
                }
            )
    return pd.DataFrame(rows)


def _joint(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else math.hypot(one, other)


def _of_result(result: ParzenResult, per_image: bool) -> dict[str, Any]:
    protocol = get_protocol(result.protocol)
    found: dict[str, Any] = {
        "protocol": {
            "name": protocol.name,
            "version": protocol.version,
            "description": protocol.description,
        },
        "log_likelihood": result.estimate.model_dump(),
        "sigma": result.sigma,
        "at_grid_edge": result.at_grid_edge,
        "valid_mean": result.valid_mean,
        "sigma_curve": [{"sigma": sigma, "valid_mean": mean} for sigma, mean in result.sigma_curve],
    }
    if per_image:
        found["per_image"] = result.log_likelihood.tolist()
    return found
