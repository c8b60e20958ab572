"""What trials take from plug-ins: told in their records, and found again when records are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gan_repro import data, models
from gan_repro.trials import rows
from gan_repro.trials.records import PluggedIn, TrialRecord
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.console import log
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


def find_plugged(records: Iterable[TrialRecord]) -> None:
    """Load what records say they took from installed packages, so that tables can place them.

    No record can name a file to be run: those are given by `--plugin` alone. A package that is not here any
    more, or broken, is warned of, and its trials stand in no table.
    """
    for plugged in dict.fromkeys(p for record in records for p in record.provenance.plugins):
        registry = _REGISTRIES[plugged.kind]
        reason = "it is not here"
        try:
            if registry.find(plugged.name) is not None or plugged.name in registry.ours:
                continue
        except PluginError as error:
            reason = str(error)
        cure = f"install {plugged.package}" if plugged.package else f"give --plugin {plugged.file}"
        log.warning(
            "warning: records use the %s %s of a plug-in (%s); %s", plugged.kind, plugged.name, reason, cure
        )
