"""What trials take from plug-ins: told in their records, and found again when records are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gan_repro import data, models
from gan_repro.trials import rows
from gan_repro.trials.records import PluggedIn, TrialRecord
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.plugins import PluginError, Registry

_REGISTRIES: dict[str, Registry[Any]] = {
    "row": rows.PLUGGED,
    "model": models.PLUGGED,
    "data set": data.PLUGGED,
}


def plugged_in(spec: TrialSpec, row: str | None) -> tuple[PluggedIn, ...]:
    """List what a trial, run for a row, takes from plug-ins.

    Raises:
        PluginError: one of them is broken.
    """
    names = {"row": row, "model": spec.model, "data set": spec.data.name}
    found = []
    for kind, registry in _REGISTRIES.items():
        name = names[kind]
        source = registry.source(name) if name else None
        if source is not None:
            found.append(PluggedIn.model_validate({"kind": kind, "name": name, **source.told()}))
    return tuple(found)


def find_plugged(records: Iterable[TrialRecord]) -> dict[str, str]:
    """Load what records say they took from installed packages, so that tables can place them.

    No record can name a file to be run: those are given by `--plugin` alone.

    Returns:
        By the trial's id, of those that no table can show: why, and what brings them back; a sentence.
    """
    lacking = {}
    for record in records:
        for plugged in record.provenance.plugins:
            if (reason := _lacks(plugged)) is not None:
                lacking[record.spec.id] = reason
    return lacking


def _lacks(plugged: PluggedIn) -> str | None:
    """Say why something of a plug-in is not here; None where it is."""
    registry = _REGISTRIES[plugged.kind]
    try:
        if registry.find(plugged.name) is not None or plugged.name in registry.ours:
            return None
    except PluginError as error:
        return str(error)
    cure = f"install {plugged.package}" if plugged.package else f"give --plugin {plugged.file}"
    return f"uses {plugged.kind} {plugged.name} of a plug-in that is not here; {cure}"
