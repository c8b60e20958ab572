"""Trials: a spec says what is run, `run` runs it, and a record keeps what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.util.lazy import attach

if TYPE_CHECKING:
    from gan_repro.trials.images import source as source
    from gan_repro.trials.records import TrialRecord as TrialRecord
    from gan_repro.trials.rows import Row as Row
    from gan_repro.trials.rows import register as register
    from gan_repro.trials.runner import RunOptions as RunOptions
    from gan_repro.trials.runner import run as run
    from gan_repro.trials.spec import TrialSpec as TrialSpec
    from gan_repro.trials.spec import make_spec as make_spec
    from gan_repro.trials.store import RecordStore as RecordStore

__getattr__ = attach(
    __name__,
    {
        "Row": "rows",
        "RunOptions": "runner",
        "RecordStore": "store",
        "TrialRecord": "records",
        "TrialSpec": "spec",
        "make_spec": "spec",
        "register": "rows",
        "run": "runner",
        "source": "images",
    },
)
