"""Tables from records: which trials make a cell, what it says, and how it is written down.

A table is a pure function of the records: no clock, no machine, the same bytes every time.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import paper
from gan_repro.escape import csv_cell, markdown_cell, one_line
from gan_repro.estimate import Estimate
from gan_repro.trials.presets import PRESETS, SEEDS, preset_spec
from gan_repro.trials.records import TrialRecord

Format = Literal["md", "csv", "json", "latex"]
SUFFIXES: Mapping[Format, str] = {"md": "md", "csv": "csv", "json": "json", "latex": "tex"}

_COMPLETEST_FIRST = ("paper", "standard", "quick", "smoke")


class Cell(BaseModel):
    """What one column says of one model: a score with its errors, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_likelihood: Estimate | None = None
    """Nats: the mean over seeds, with the error across test examples of one trained model (their mean)."""
    over_seeds: Estimate | None = None
    """The same mean, with the error across training seeds."""
    refined: Estimate | None = None
    """As `log_likelihood`, with sigma optimised on all validation images."""
    sigmas: tuple[float, ...] = ()
    at_grid_edge: bool = False
    preset: str | None = None
    smaller: tuple[str, ...] = ()
    """What was cut against the reference's own values."""
    devices: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    problem: str | None = None

    def __str__(self) -> str:
        if self.log_likelihood is None:
            return self.problem or ""
        return f"{self.log_likelihood}{' *' if self.smaller else ''}"


def cell_from(records: Sequence[TrialRecord]) -> Cell:
    """The cell of a model's trials under one preset, one record a seed."""
    done = [record for record in records if record.status == "done"]
    failed = [record for record in records if record.status != "done"]
    problem = "; ".join(f"seed {r.spec.seed} {r.status}: {r.reason}" for r in failed) or None
    if not done:
        return Cell(problem=problem or "no trial recorded", trials=tuple(r.spec.id for r in failed))
    scores = [record.score for record in done]
    refined = [record.candidates["best"].scores["refined"] for record in done]
    return Cell(
        log_likelihood=_across_seeds([score.log_likelihood for score in scores]),
        over_seeds=Estimate.from_values([s.log_likelihood.value for s in scores], "training seeds"),
        refined=_across_seeds([score.log_likelihood for score in refined]),
        sigmas=tuple(score.sigma for score in scores),
        at_grid_edge=any(score.at_grid_edge for score in scores),
        preset=done[0].provenance.preset,
        smaller=done[0].provenance.smaller,
        devices=tuple(
            sorted({str(record.provenance.environment.get("device", "unknown")) for record in done})
        ),
        trials=tuple(record.spec.id for record in done),
        problem=problem,
    )


def _across_seeds(estimates: Sequence[Estimate]) -> Estimate:
    # The test images are the same for every seed, so this error does not shrink as seeds are added.
    errors = [e.standard_error for e in estimates if e.standard_error is not None]
    return Estimate(
        value=sum(e.value for e in estimates) / len(estimates),
        standard_error=sum(errors) / len(errors) if errors else None,
        over=estimates[0].over,
        n=estimates[0].n,
    )


def recorded_cells(records: Iterable[TrialRecord], dataset: str, presets: Sequence[str]) -> dict[str, Cell]:
    """By model, the cell of the completest of `presets` that has finished trials on the data set."""
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in records:
        preset = record.provenance.preset
        if preset is None or preset not in presets or record.spec.data.name != dataset:
            continue
        if _is_of_preset(record, preset):
            groups.setdefault((record.spec.model, preset), []).append(record)
    cells: dict[str, Cell] = {}
    for preset in _COMPLETEST_FIRST:
        for (model, name), group in groups.items():
            usable = any(record.status == "done" for record in group)
            if name == preset and (model not in cells or (cells[model].log_likelihood is None and usable)):
                cells[model] = cell_from(sorted(group, key=lambda record: record.spec.seed))
    return cells


def _is_of_preset(record: TrialRecord, name: str) -> bool:
    """Whether the preset, as it is today, would run this very trial."""
    preset, spec = PRESETS[name], record.spec
    if spec.model not in preset.cuts or spec.seed not in SEEDS:
        return False
    return preset_spec(preset, spec.model, spec.data, spec.seed) == spec


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
            rows.append([paper.LABELS.get(model, model), _as_printed(printed), *cells])
        return ["Model", "Paper", *self.columns], rows

    def _detail_rows(self) -> tuple[list[str], list[list[str]]]:
        header = [
            "Model",
            "Column",
            "Preset",
            "Seeds",
            "± over seeds",
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
                        paper.LABELS.get(model, model),
                        heading,
                        cell.preset or "none",
                        str(cell.over_seeds.n),
                        "undefined (1 seed)" if spread is None else f"{spread:.1f}",
                        _sigmas(cell),
                        str(cell.refined),
                        ", ".join(cell.devices),
                        "; ".join(cell.smaller) or "none",
                    ]
                )
        return header, rows

    def _md(self) -> str:
        parts = [_markdown(*self._main_rows()), *(f"- {note}" for note in self.notes)]
        header, rows = self._detail_rows()
        if rows:
            parts += ["", _markdown(header, rows)]
        parts[1:1] = [""]
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
        base = {"dataset": self.dataset, "model": model, "label": paper.LABELS.get(model, model)}
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
                    "label": paper.LABELS.get(model, model),
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
    return {
        "column": heading,
        "preset": cell.preset,
        "log_likelihood_nats": value,
        "standard_error": error,
        "standard_error_over": None if cell.log_likelihood is None else cell.log_likelihood.over,
        "n": n,
        "seeds": n_seeds,
        "standard_error_over_seeds": seed_error,
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
