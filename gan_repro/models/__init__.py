"""The models by name; the module of a model is imported when it is asked for.

Adding a model: one line in `_MODELS`, then ``gan-repro check-model NAME`` (docs/contributing.md). Models of
others are plug-ins (`gan_repro.util.plugins`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeVar

from gan_repro.util.plugins import Registry
from gan_repro.util.text import suggestion

if TYPE_CHECKING:
    from gan_repro.models.base import Model

_Kind = TypeVar("_Kind", bound="type[Model]")

_MODELS = {
    "gan": "gan_repro.models.gan.model:GAN",
    "dbn": "gan_repro.models.dbn:DBN",
    "cae": "gan_repro.models.cae:CAE",
    "gsn": "gan_repro.models.gsn:GSN",
    "train-set": "gan_repro.models.baselines:TrainSet",
    "kmeans": "gan_repro.models.baselines:KMeans",
    "gaussian": "gan_repro.models.baselines:PixelGaussian",
}


def _refusal(name: str, kind: Any) -> str | None:
    from gan_repro.models.base import Model

    if not (isinstance(kind, type) and issubclass(kind, Model)):
        return "is no subclass of gan_repro.models.base.Model"
    called = getattr(kind, "name", None)
    return None if called == name else f"has a class whose `name` is {called!r}; make both names one"


PLUGGED: Registry[type[Model]] = Registry("model", "gan_repro.models", _MODELS, _refusal)
"""Classes of others."""


def names() -> tuple[str, ...]:
    """List the models that are here and loaded; `get` takes what installed packages offer, too."""
    return (*_MODELS, *PLUGGED.names())


def register(kind: _Kind) -> _Kind:
    """Make a model class of your own known under its `name`; a class decorator.

    The class is a `base.Model`: with `baselines.Baseline` as its base it needs no more than `name`,
    ``fit(train)`` and ``sample(n, generator=...)``.

    Raises:
        ValueError: the name belongs to another model, or the class is no model.
    """
    PLUGGED.add(kind.name, kind)
    return kind


def check_name(name: str) -> None:
    """Refuse a name that `get` does not take, without importing any model of ours.

    Raises:
        ValueError: no model has that name; the message offers the nearest ones. Or its plug-in is broken.
    """
    if name not in _MODELS and PLUGGED.find(name) is None:
        known = tuple(dict.fromkeys((*names(), *PLUGGED.offered())))
        hint = suggestion(name, known, f"known models: {', '.join(known)}")
        raise ValueError(f"no model is called {name!r}; {hint}")


def model_class(name: str) -> type[Model]:
    """Return the class behind a name.

    Raises:
        ValueError: as `check_name`.
    """
    check_name(name)
    if (plugged := PLUGGED.find(name)) is not None:
        return plugged
    module, _, attribute = _MODELS[name].partition(":")
    kind: type[Model] = getattr(importlib.import_module(module), attribute)
    return kind


def get(name: str, *, seed: int = 0, device: str = "cpu", **settings: Any) -> Model:
    """Make a model ready to fit: ``get("gan", seed=1, epochs=10).fit(train).sample(10_000, generator=g)``.

    `settings` replace defaults of the model's `Config`.

    Raises:
        ValueError: an unknown name or an unknown or impossible setting.
    """
    kind = model_class(name)
    return kind(kind.Config(**settings), seed=seed, device=device)
