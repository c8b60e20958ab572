"""Tables for machines: CSV and JSON."""

from __future__ import annotations

import io
import json
from typing import Any

from gan_repro.stats.estimate import Estimate
from gan_repro.tables import words
from gan_repro.tables.cell import Cell
from gan_repro.tables.table import Table
from gan_repro.trials.rows import label
from gan_repro.util.text import csv_cell


def as_csv(table: Table) -> str:
    """Write a table in CSV, a line a cell; a spreadsheet takes no text in it for a formula."""
    import pandas

    rows = []
    for row in table.rows:
        base = {"dataset": table.name, "row": row, "label": label(row)}
        printed = table.printed(row)
        if printed is not None:
            rows.append(base | {"column": "Paper"} | _numbers(printed))
        for column in table.columns:
            cell = column.cells.get(row)
            if cell is not None:
                rows.append(base | {"column": words.heading(column)} | _flat(cell))
    rows += [
        {"dataset": table.name, "row": None, "label": row.label, "column": words.SUPPLIED}
        | _numbers(row.score)
        | {"samples": str(row.n), "remarks": "; ".join(row.marks)}
        for row in table.supplied
    ]
    safe = [{k: csv_cell(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
    buffer = io.StringIO()
    pandas.DataFrame(safe).convert_dtypes().to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue()


def as_json(table: Table) -> str:
    """Write a table in JSON, with all that its cells hold."""
    rows = [
        {
            "row": row,
            "label": label(row),
            "paper": None if (printed := table.printed(row)) is None else printed.model_dump(),
            "columns": {
                words.heading(column): column.cells[row].model_dump()
                | {"score": None if (score := column.cells[row].score) is None else score.model_dump()}
                for column in table.columns
                if row in column.cells
            },
        }
        for row in table.rows
    ]
    whole: dict[str, Any] = {"dataset": table.name, "unit": "nats", "rows": rows, "notes": words.notes(table)}
    if table.measured is not None:
        whole["measured"] = table.measured.model_dump(mode="json")
    if table.measured_beside is not None:
        whole["measured_beside"] = table.measured_beside.model_dump(mode="json")
    if table.likelihoods:
        whole["likelihoods"] = [each.model_dump(mode="json") for each in table.likelihoods]
    if table.supplied:
        whole["supplied"] = [row.model_dump() for row in table.supplied]
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _numbers(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {}
    return {
        "log_likelihood_nats": estimate.value,
        "standard_error": estimate.standard_error,
        "standard_error_over": estimate.over,
        "n": estimate.n,
    }


def _flat(cell: Cell) -> dict[str, Any]:
    return {
        "trials_of_row": cell.row,
        "preset": cell.preset,
        **_numbers(cell.score),
        "seeds": len(cell.done),
        "collapsed": len(cell.collapsed),
        "standard_error_of_one_net": cell.error_of_one,
        "standard_error_within_fold": cell.error_within_fold,
        "refined_nats": None if cell.refined is None else cell.refined.value,
        "refined_standard_error": None if cell.refined is None else cell.refined.standard_error,
        "sigma": " ".join(f"{sigma:.6g}" for sigma in cell.sigmas),
        "at_grid_edge": any(seed.at_grid_edge for seed in cell.counted),
        "samples": " ".join(map(str, cell.n_samples)),
        "devices": " ".join(cell.devices),
        "smaller_than_reference": "; ".join(cell.smaller),
        "problem": cell.problem,
        "trials": " ".join(cell.trials),
    }
