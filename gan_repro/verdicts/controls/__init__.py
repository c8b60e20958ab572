"""Controls: every rule is run on cases whose answer is known, through the code that decides the claims.

A verdict is worth what its rule is: one that cannot say no says nothing by saying yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gan_repro.util.text import markdown_cell
from gan_repro.verdicts.controls import images, plane, quality, rows, seeds, theory
from gan_repro.verdicts.controls.base import Control
from gan_repro.verdicts.rules import rules

GROUPS: Sequence[Callable[[], Iterator[Control]]] = (
    seeds.number_controls,
    rows.silent_controls,
    rows.tfd_controls,
    seeds.order_controls,
    seeds.spread_controls,
    seeds.error_controls,
    seeds.copy_controls,
    theory.estimator_controls,
    theory.game_controls,
    theory.loss_controls,
    plane.sharpness_controls,
    images.image_controls,
    quality.quality_controls,
)
"""In the order in which they run."""

WITHOUT = {
    claim: rule.without_control
    for rule in rules().named().values()
    for claim in rule.claims
    if rule.without_control
}
"""Claims that have no control of their own, and why."""


def run_controls(groups: Sequence[Callable[[], Iterator[Control]]] = GROUPS) -> list[Control]:
    """Run the controls; about a minute on one core."""
    return [control for group in groups for control in group()]


def markdown(controls: Sequence[Control]) -> str:
    """Give the table of controls for people."""
    from tabulate import tabulate

    rows = [
        [
            control.claim,
            control.case,
            control.expected,
            f"skipped: {markdown_cell(control.skipped)}" if control.skipped else control.answer,
            "" if control.skipped else ("yes" if control.right else "NO"),
            control.sees,
        ]
        for control in controls
    ]
    header = ["claim", "control", "right answer", "answer given", "right", "sees, with a power of 0.9"]
    return tabulate(rows, header, tablefmt="github", disable_numparse=True)
