"""Tables as a pure function of records: paper, published and a user's own side by side.

    print(tables.compact("mnist", "quick", published=published.trials, own={"gan": records}))

`cell` holds data alone, `collect` makes cells of records, `table` puts them into typed columns, and every
text is written by `render`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_repro.trials.records import TrialRecord


def compact(
    dataset: str,
    preset: str,
    *,
    published: Iterable[TrialRecord] | None,
    own: Mapping[str, Sequence[TrialRecord]],
    problems: Mapping[str, str] | None = None,
) -> str:
    """Write what a run prints: one table (paper, recorded, this run), and at most eight lines under it.

    Args:
        dataset: the data set that was run.
        preset: the name of the preset.
        published: the published records; None where they are not at hand.
        own: by row that was asked for, its records of this run; empty where there is none.
        problems: by row, why it has no record, or not all of them.
    """
    from gan_repro.tables.render import render_compact
    from gan_repro.tables.table import run_table

    return render_compact(run_table(dataset, preset, published=published, own=own, problems=problems))


def details(
    dataset: str,
    preset: str,
    *,
    published: Iterable[TrialRecord] | None,
    own: Mapping[str, Sequence[TrialRecord]],
    problems: Mapping[str, str] | None = None,
) -> str:
    """Write all else that is known of a run's table, in Markdown: arguments as of `compact`."""
    from gan_repro.tables.render import render_details
    from gan_repro.tables.table import run_table

    return render_details(run_table(dataset, preset, published=published, own=own, problems=problems))
