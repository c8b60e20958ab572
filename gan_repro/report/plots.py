"""Curves that can be pointed at and zoomed, for the page: likelihood against sigma, and against training.

Figures of plotly as JSON: the same text for the same records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gan_repro import paper
from gan_repro.figures.style import look
from gan_repro.tables.collapse import has_collapsed
from gan_repro.trials.presets import completest, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.rows import label
from gan_repro.verdicts.collapse import floors

if TYPE_CHECKING:
    from gan_repro.report.printed import Material

_DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
_HEIGHT = 460
_DOTS_UP_TO = 12
"""Curves of few looks show each; dense dots would hide the line."""


def plots(material: Material) -> Iterator[tuple[str, str, str]]:
    """A name, a caption and plotly's JSON of each plot that the records allow."""
    for dataset in material.datasets:
        curves = _learning_curves(material, dataset)
        if curves:
            caption = (
                f"{dataset}: validation log-likelihood against epochs, each line a trial (refined sigma)"
            )
            layout = _layout("epochs of training", "validation log-likelihood, nats")
            layout["yaxis"]["range"] = _worth_seeing([y for trace in curves for y in trace["y"]])
            layout["shapes"] = _printed(dataset)
            yield f"learning-{dataset}", caption, _json(curves, layout)
        curves = _sigma_curves(material, dataset)
        if curves:
            caption = (
                f"{dataset}: validation log-likelihood against sigma, each line a trial; ring: the choice"
            )
            layout = _layout("sigma", "mean validation log-likelihood, nats")
            chosen = [trace["y"][0] for trace in curves if trace["mode"] == "markers"]
            layout["yaxis"]["range"] = [min(0.0, *chosen) - 250, max(chosen) + 50]
            layout["xaxis"]["range"] = [-1.01, -0.15]
            yield f"sigma-{dataset}", caption, _json(curves, layout)


def _learning_curves(material: Material, dataset: str) -> list[dict[str, Any]]:
    floor, traces, named = floors(material.trials).get(dataset), [], set[str]()
    for record in _of(material, dataset):
        points = [(p.epoch, p.valid_mean) for p in record.learning_curve if p.valid_mean is not None]
        if points:
            collapsed = bool(has_collapsed(record, floor)[0])
            traces.append(_line(record, points, named, "epoch %{x}: %{y:.1f} nats", collapsed=collapsed))
    return traces


def _sigma_curves(material: Material, dataset: str) -> list[dict[str, Any]]:
    floor, traces, named = floors(material.trials).get(dataset), [], set[str]()
    for record in _of(material, dataset):
        if record.status != "done" or record.score.sigma is None:
            continue
        curve = [(s, v) for s, v in record.scored.scores["refined"].sigma_curve if s <= 1]
        collapsed = bool(has_collapsed(record, floor)[0])
        trace = _line(record, curve, named, "sigma %{x:.4f}: %{y:.1f} nats", collapsed=collapsed)
        chosen = record.score
        ring = {"symbol": "circle-open", "size": 10, "color": trace["line"]["color"]}
        traces += [
            trace,
            {
                "type": "scatter", "mode": "markers", "x": [chosen.sigma], "y": [chosen.valid_mean],
                "marker": ring, "legendgroup": trace["legendgroup"], "showlegend": False,
                "hovertemplate": f"{record.spec.id}<br>chosen: sigma %{{x:.4f}}<extra></extra>",
            },
        ]  # fmt: skip
    return traces


def _of(material: Material, dataset: str) -> list[TrialRecord]:
    drawn = ("done", "interrupted")
    return [r for r in material.trials if r.spec.data.name == dataset and r.status in drawn]


def _line(
    record: TrialRecord,
    points: list[tuple[Any, float]],
    named: set[str],
    hover: str,
    *,
    collapsed: bool = False,
) -> dict[str, Any]:
    preset = record.provenance.preset
    row = row_under(preset, record.spec) or record.spec.model
    group = f"{label(row)} ({completest(preset, record.spec)}{', collapsed' if collapsed else ''})"
    colour, line = look(row)
    first = group not in named
    named.add(group)
    state = ", collapsed" if collapsed else ", not finished" if record.status == "interrupted" else ""
    return {
        "type": "scatter",
        "mode": "lines" if len(points) > _DOTS_UP_TO else "lines+markers",
        "x": [x for x, _ in points],
        "y": [round(y, 3) for _, y in points],
        "name": group,
        "legendgroup": group,
        "showlegend": first,
        "line": {"color": colour, "dash": _DASHES.get(line, "solid"), "width": 1.5},
        "opacity": 0.45 if collapsed else 1.0,
        "hovertemplate": f"{record.spec.id}{state}<br>{hover}<extra></extra>",
    }


def _worth_seeing(values: list[float]) -> list[float]:
    """The part of the axis that is shown first: a collapse far below would flatten the rest."""
    low, high = min(values), max(values)
    low = max(low, -100.0) if high > 0 else low
    return [low - 0.05 * (high - low), high + 0.05 * (high - low)]


def _printed(dataset: str) -> list[dict[str, Any]]:
    """A line at what the paper prints for its adversarial nets (of test images, on the coarse grid)."""
    printed = paper.printed("gan", dataset)
    if printed is None:
        return []
    name = {"text": f"{printed.value:g}: the paper", "textposition": "start", "yanchor": "bottom"}
    line = {"width": 1, "color": "black", "dash": "dot"}
    return [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": printed.value, "y1": printed.value,
         "line": line, "label": name},
    ]  # fmt: skip


def _layout(x: str, y: str) -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "margin": {"l": 60, "r": 10, "t": 10, "b": 50},
        "xaxis": {"title": {"text": x}, "type": "log"},
        "yaxis": {"title": {"text": y}},
        "legend": {"orientation": "h", "y": -0.2},
        "hovermode": "closest",
        "template": "plotly_white",
    }


def _json(traces: list[dict[str, Any]], layout: dict[str, Any]) -> str:
    from plotly.graph_objects import Figure

    return Figure(data=traces, layout=layout).to_json(engine="json")
