"""Figures from the records, readable in print and without colour vision.

    python -m gan_repro.figures [--dataset mnist] [--results DIR]

Like the tables they are functions of the records alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_repro import data, paper
from gan_repro.console import command, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gan_repro.trials.records import TrialRecord

# Okabe and Ito's colours, told apart by readers with any kind of colour vision; line styles for print.
_STYLES = {
    "gan": ("#0072B2", "-"),
    "gsn": ("#D55E00", "--"),
    "cae": ("#009E73", "-."),
    "dbn": ("#CC79A7", ":"),
}


def learning_curves(records: Sequence[TrialRecord], dataset: str) -> Figure:
    """Validation likelihood (nats, refined sigma) against epochs, a line for each recorded trial."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    named: set[str] = set()
    for record in records:
        spec = record.spec
        wanted = spec.data.name == dataset and spec.model in _STYLES and record.status == "done"
        if wanted and _draw_curve(axes, record, first=spec.model not in named):
            named.add(spec.model)
    printed = paper.printed("gan", dataset)
    if printed is not None:
        axes.axhline(printed.value, color="black", linewidth=0.8)
        axes.annotate(
            f"{printed.value:g}: adversarial nets in the paper (test images, coarse sigma grid)",
            (0.99, printed.value), xycoords=("axes fraction", "data"), xytext=(0, 3),
            textcoords="offset points", ha="right", fontsize=8,
        )  # fmt: skip
    axes.set(
        xscale="log", xlabel="epochs of training", ylabel="validation log-likelihood, nats (refined sigma)"
    )
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(bottom=-100)
    axes.grid(alpha=0.3)
    if named:
        axes.legend(fontsize=8, loc="lower right")
    return figure


def _draw_curve(axes: Axes, record: TrialRecord, *, first: bool) -> bool:
    """Draw a trial's curve; False where it has no point to draw."""
    points = [(p.epoch, p.valid_mean) for p in record.learning_curve if p.valid_mean is not None]
    if not points:
        return False
    colour, style = _STYLES[record.spec.model]
    label = f"{paper.LABELS[record.spec.model]} ({record.provenance.preset})" if first else None
    epochs, values = zip(*points, strict=True)
    axes.plot(epochs, values, style, color=colour, marker=".", linewidth=1.3, label=label)
    return True


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG in one step, with nothing in it that changes from run to run.

    Raises:
        OSError: the folder cannot be written.
    """
    from gan_repro.files import atomic_write

    atomic_write(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.figures", description="Draw the figures of a results folder."
    )
    parser.add_argument("--dataset", choices=data.names(), default="mnist")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    options = parser.parse_args(arguments)

    from gan_repro.trials.records import RecordStore

    if not options.results.is_dir():
        parser.error(f"there is no folder {str(options.results)!r}; --results names one with recorded trials")
    # A reader's own quick runs do not belong beside the trials at full size.
    records = [r for r in RecordStore(options.results) if r.provenance.preset in ("standard", "paper")]
    path = options.results / "figures" / f"learning_curves_{options.dataset}.png"
    try:
        save(learning_curves(records, options.dataset), path)
    except OSError as error:
        print(f"{parser.prog}: cannot write the figure: {sentence(error)}", file=sys.stderr)
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
