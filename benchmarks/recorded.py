"""What asv recorded in a results folder: of each machine the newest number of every benchmark."""

from __future__ import annotations

import ast
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tabulate import tabulate

RATIOS = {
    "bench_parzen.AuthorsProtocol.track_ratio_to_products": True,
    "bench_many_samples.ManySamples.track_ratio_to_products": True,
    "bench_training.AgainstProducts.track_ratio_to_products": True,
    "bench_training.AgainstProducts.track_speedup_by_onednn": False,
    "bench_training.AgainstProducts.track_speedup_by_bfloat16": False,
    "bench_training.AgainstPlainPyTorch.track_speedup": False,
}
"""The benchmarks that time rivals in turn, and whether a higher number is a worse one."""
TOLERANCE = 0.1


@dataclass(frozen=True)
class Run:
    """What asv recorded on one machine: of each benchmark the newest."""

    machine: dict[str, str]
    commits: tuple[str, ...]
    """Those that the values come from, the newest first."""
    dates: tuple[float, ...]
    """Theirs, in seconds since 1970."""
    python: str
    torch: str
    values: dict[tuple[str, tuple[Any, ...]], float | None]
    """By benchmark and parameters; NaN where it was skipped, None where it failed."""
    earlier: dict[tuple[str, tuple[Any, ...]], float | None]
    """The same of what each benchmark gave at the commit before, in the same version of the benchmark."""
    versions: dict[str, str]
    """By benchmark, the one that its values were measured in."""

    def value(self, benchmark: str, *parameters: Any) -> float | None:
        """A number; NaN where it was skipped, None where it failed."""
        return self.values.get((benchmark, parameters), math.nan)

    def show(self, benchmark: str, *parameters: Any, scale: float = 1.0) -> str:
        """A number to three digits, or why there is none."""
        value = self.value(benchmark, *parameters)
        if value is None:
            return "failed"
        return "–" if math.isnan(value) else f"{digits(scale * value)}"

    def with_worst(self, benchmark: str, *parameters: Any) -> str:
        """A median with the worst behind it."""
        median, worst = (self.show(benchmark, *parameters, which) for which in ("median", "worst"))
        return median if median == worst else f"{median} ({worst})"

    def ratio(self, benchmark: str, parameters: Sequence[Any], base: Sequence[Any]) -> float:
        """How many times the value for other parameters this one is; NaN where one of them is not known."""
        value, first = (self.value(benchmark, *parts) for parts in (parameters, base))
        return value / first if value and first else math.nan

    def times(self, benchmark: str, parameters: Sequence[Any], base: Sequence[Any]) -> str:
        """The same to three digits, or a dash."""
        ratio = self.ratio(benchmark, parameters, base)
        return "–" if math.isnan(ratio) else digits(ratio)

    def outdated(self) -> dict[str, tuple[str, str]]:
        """By group of benchmarks, the version that it was measured in and today's, where they differ."""
        found = {}
        for benchmark, version in self.versions.items():
            today = version_today(benchmark)
            if today not in (None, version):
                found[benchmark.rpartition(".")[0]] = (version, str(today))
        return found

    def regressions(self) -> list[str]:
        """Name each tracked ratio that is worse by more than a tenth than at the commit before it.

        Only ratios to a rival in the same process are compared: seconds move with whatever else runs.
        """
        found = []
        for key, higher_is_worse in RATIOS.items():
            for (benchmark, parameters), value in self.values.items():
                before = self.earlier.get((benchmark, parameters))
                if benchmark != key or not value or not before or "worst" in parameters:
                    continue
                change = value / before if higher_is_worse else before / value
                if change > 1 + TOLERANCE:
                    what = " ".join(str(part) for part in parameters if part != "median")
                    found.append(f"{benchmark} ({what}): {before:.3g} before, {value:.3g} now")
        return found


def read(folder: Path) -> list[Run]:
    """The newest results of each machine in a results folder of asv, by the machine's name."""
    runs = []
    for machine in sorted(folder.glob("*/machine.json")):
        found = [
            json.loads(path.read_text()) for path in sorted(machine.parent.glob("*.json")) if path != machine
        ]
        if found:
            runs.append(_run(sorted(found, key=lambda one: -one["date"])))
    return runs


def _run(newest_first: Sequence[dict[str, Any]]) -> Run:
    results: dict[str, list[dict[str, Any]]] = {}
    commits, dates = [], []
    for data in newest_first:
        if data["results"].keys() - results.keys():
            commits.append(data["commit_hash"])
            dates.append(data["date"] / 1000)
        for name, columns in data["results"].items():
            results.setdefault(name, []).append(dict(zip(data["result_columns"], columns, strict=False)))
    values: dict[tuple[str, tuple[Any, ...]], float | None] = {}
    earlier: dict[tuple[str, tuple[Any, ...]], float | None] = {}
    for name, history in sorted(results.items()):
        values |= _values(name, history[0])
        same = (columns for columns in history[1:] if columns.get("version") == history[0].get("version"))
        earlier |= _values(name, next(same, {"params": [], "result": []}))
    newest = newest_first[0]
    torch = newest["requirements"].get("torch", "?")
    return Run(
        newest["params"],
        tuple(commits),
        tuple(dates),
        newest["python"],
        torch,
        values,
        earlier,
        {name: str(history[0].get("version")) for name, history in sorted(results.items())},
    )


def _values(name: str, columns: dict[str, Any]) -> dict[tuple[str, tuple[Any, ...]], float | None]:
    combinations = itertools.product(*([ast.literal_eval(p) for p in ps] for ps in columns["params"] or []))
    # Of a benchmark that could not even start, asv records one null.
    found = itertools.repeat(None) if columns["result"] is None else columns["result"]
    return {(name, parameters): value for parameters, value in zip(combinations, found, strict=False)}


def version_today(benchmark: str) -> str | None:
    """The version of a benchmark in this code; None where it is no longer there."""
    module, *names = benchmark.split(".")
    found: Any = import_module(f"benchmarks.{module}")
    for name in names[:-1] or names:
        found = getattr(found, name, None)
    return getattr(found, "version", None)


def spoken(place: str = "") -> str:
    """A place as the page calls it."""
    return {"cpu-1-thread": "1 thread", "cpu-2-threads": "2 threads", "cuda": "CUDA"}.get(place, place)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of what is text already."""
    return tabulate(list(rows), headers=headers, tablefmt="github", disable_numparse=True)


def digits(value: float) -> str:
    """Three significant digits, and no exponent for whole numbers."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
