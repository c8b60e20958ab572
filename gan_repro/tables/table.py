"""How a table is written down: Markdown, CSV, JSON, LaTeX.

A table is a pure function of the records: no clock, no machine, the same bytes every time.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import paper
from gan_repro.stats.estimate import Estimate
from gan_repro.tables.cell import Cell
from gan_repro.trials.presets import PRESETS
from gan_repro.trials.rows import label
from gan_repro.util.text import csv_cell, markdown_cell, one_line

Format = Literal["md", "csv", "json", "latex"]
SUFFIXES: Mapping[Format, str] = {"md": "md", "csv": "csv", "json": "json", "latex": "tex"}


class Table(BaseModel):
    """One data set's table: what the paper printed, and columns of our own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    models: tuple[str, ...]
    columns: dict[str, dict[str, Cell]]
    """Heading -> model -> cell."""
    notes: tuple[str, ...]

    def render(self, form: Format) -> str:
        """The table as text, ending in a newline."""
        return {"md": self._md, "csv": self._csv, "json": self._json, "latex": self._latex}[form]()

    def _main_rows(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for model in self.models:
            printed = paper.printed(model, self.dataset)
            cells = [str(column.get(model, _EMPTY)) for column in self.columns.values()]
            rows.append([label(model), _as_printed(printed), *cells])
        return ["Model", "Paper (TFD)" if self.dataset == "tfd" else "Paper", *self.columns], rows

    def _detail_rows(self) -> tuple[list[str], list[list[str]]]:
        header = [
            "Model",
            "Column",
            "Preset",
            "Seeds",
            "± over seeds",
            "± within a fold",
            "Sigma",
            "Refined sigma",
            "Device",
            "Cut",
        ]
        rows = []
        for model in self.models:
            for heading, column in self.columns.items():
                cell = column.get(model, _EMPTY)
                if cell.log_likelihood is None or cell.over_seeds is None:
                    continue
                spread = cell.over_seeds.standard_error
                rows.append(
                    [
                        label(model),
                        heading,
                        cell.preset or "none",
                        _seeds(cell.over_seeds, cell.preset),
                        "undefined (1 seed)" if spread is None else f"{spread:.1f}",
                        _within(cell),
                        _sigmas(cell),
                        str(cell.refined),
                        ", ".join(cell.devices),
                        "; ".join(cell.smaller) or "none",
                    ]
                )
        return header, rows

    def _sampling_rows(self) -> tuple[list[str], list[list[str]]]:
        header = [
            "Model",
            "Column",
            "Chains",
            "Autocorrelation time, states",
            "Milliseconds a sample",
            "Milliseconds an effective sample",
            "the same from consecutive states",
        ]
        rows = []
        for model in self.models:
            for heading, column in self.columns.items():
                cost = column.get(model, _EMPTY).sampling
                if cost is None or model in _REFERENCES:
                    continue
                least = "at least " if cost.at_least else ""
                rows.append(
                    [
                        label(model),
                        heading,
                        "none" if cost.chains is None else f"{cost.chains:,}",
                        ""
                        if cost.autocorrelation_time is None
                        else f"{least}{cost.autocorrelation_time:.0f}",
                        _milliseconds(cost.seconds_per_sample),
                        _milliseconds(cost.seconds_per_effective_sample),
                        _milliseconds(cost.seconds_per_effective_state, least),
                    ]
                )
        return header, rows

    def _md(self) -> str:
        parts = [_markdown(*self._main_rows()), "", *(f"- {note}" for note in self.notes)]
        header, rows = self._detail_rows()
        if rows:
            parts += ["", _markdown(header, rows)]
        header, rows = self._sampling_rows()
        if rows:
            parts += ["", _SAMPLING_NOTE, "", _markdown(header, rows)]
        return "\n".join(parts) + "\n"

    def _latex(self) -> str:
        from tabulate import tabulate

        header, rows = self._main_rows()
        comments = "".join(f"% {note}\n" for note in self.notes)
        # tabulate escapes what LaTeX would take for commands, but not the end of a line.
        rows = [[one_line(text) for text in row] for row in rows]
        return comments + tabulate(rows, header, tablefmt="latex_booktabs", disable_numparse=True) + "\n"

    def _csv(self) -> str:
        import pandas

        rows = [
            {key: csv_cell(value) if isinstance(value, str) else value for key, value in row.items()}
            for model in self.models
            for row in self._tidy(model)
        ]
        buffer = io.StringIO()
        pandas.DataFrame(rows).convert_dtypes().to_csv(buffer, index=False, lineterminator="\n")
        return buffer.getvalue()

    def _tidy(self, model: str) -> list[dict[str, Any]]:
        base = {"dataset": self.dataset, "model": model, "label": label(model)}
        printed = paper.printed(model, self.dataset)
        cells = {heading: column.get(model, _EMPTY) for heading, column in self.columns.items()}
        if printed is not None:
            cells = {"Paper": Cell(log_likelihood=printed), **cells}
        return [base | _flat(heading, cell) for heading, cell in cells.items()]

    def _json(self) -> str:
        rows = []
        for model in self.models:
            printed = paper.printed(model, self.dataset)
            rows.append(
                {
                    "model": model,
                    "label": label(model),
                    "paper": None if printed is None else printed.model_dump(),
                    "columns": {
                        heading: column.get(model, _EMPTY).model_dump()
                        for heading, column in self.columns.items()
                    },
                }
            )
        whole = {"dataset": self.dataset, "unit": "nats", "rows": rows, "notes": self.notes}
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


_EMPTY = Cell(problem="not recorded")


_REFERENCES = frozenset({"train-set", "kmeans", "gaussian"})
_SAMPLING_NOTE = (
    "What samples cost, on one core as the trials ran (other work may have run beside them). A sample from a"
    " chain of its own counts as an effective one, though the chain need not have forgotten its start;"
    " consecutive states of 100 long chains are worth what their autocorrelation leaves of them (Geyer 1992,"
    " Vehtari et al. 2021), and never less than one sample a chain: where they are correlated over the whole"
    " of it, the numbers are lower bounds."
)


def _seeds(over_seeds: Estimate, preset: str | None) -> str:
    """How many seeds are recorded, and of how many if the preset has more."""
    found = over_seeds.n or 0
    planned = PRESETS[preset].n_seeds if preset in PRESETS else found
    return f"{found}" if found >= planned else f"{found} of {planned}"


def _milliseconds(seconds: float | None, least: str = "") -> str:
    return "" if seconds is None else f"{least}{1000 * seconds:.3g}"


def _within(cell: Cell) -> str:
    within = cell.within_folds
    return "" if within is None or within.standard_error is None else f"{within.standard_error:.1f}"


def _as_printed(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.value:g} ± {estimate.standard_error:g}"


def _sigmas(cell: Cell) -> str:
    text = ", ".join(f"{sigma:.4f}" for sigma in dict.fromkeys(cell.sigmas))
    return f"{text} (at the grid's edge)" if cell.at_grid_edge else text


def _flat(heading: str, cell: Cell) -> dict[str, Any]:
    def of(estimate: Estimate | None) -> tuple[float | None, float | None, int | None]:
        return (
            (None, None, None) if estimate is None else (estimate.value, estimate.standard_error, estimate.n)
        )

    value, error, n = of(cell.log_likelihood)
    _, seed_error, n_seeds = of(cell.over_seeds)
    refined, refined_error, _ = of(cell.refined)
    _, within_error, _ = of(cell.within_folds)
    return {
        "column": heading,
        "preset": cell.preset,
        "log_likelihood_nats": value,
        "standard_error": error,
        "standard_error_over": None if cell.log_likelihood is None else cell.log_likelihood.over,
        "n": n,
        "seeds": n_seeds,
        "standard_error_over_seeds": seed_error,
        "standard_error_within_fold": within_error,
        "refined_nats": refined,
        "refined_standard_error": refined_error,
        "sigma": " ".join(f"{sigma:.6g}" for sigma in cell.sigmas),
        "at_grid_edge": cell.at_grid_edge,
        "devices": " ".join(cell.devices),
        "smaller_than_reference": "; ".join(cell.smaller),
        "problem": cell.problem,
        "trials": " ".join(cell.trials),
    }


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    from tabulate import tabulate

    safe = [[markdown_cell(text) for text in row] for row in rows]
    return tabulate(safe, header, tablefmt="github", disable_numparse=True)
