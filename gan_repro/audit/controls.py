"""Printing the controls: every rule on cases whose answer is known."""

from __future__ import annotations

from gan_repro.verdicts.controls import markdown, run_controls


def show_controls() -> int:
    """Run the controls and print them; the exit status is 1 where one is answered wrongly."""
    found = run_controls()
    print(markdown(found))
    wrong = [control for control in found if not control.right]
    if wrong:
        print(f"{len(wrong)} of {len(found)} controls are answered wrongly")
    return 1 if wrong else 0
