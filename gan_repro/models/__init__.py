"""The models by name; the module of a model is imported when it is asked for.

Adding a model: one line in `_MODELS`, then ``pytest tests/models/test_conformance.py``.
"""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Any, TypeVar

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


_REGISTERED: dict[str, type[Model]] = {}
"""Classes that `register` added, by name."""


def names() -> tuple[str, ...]:
    """List the names that `get` takes."""
    return (*_MODELS, *_REGISTERED)


def register(kind: _Kind) -> _Kind:
    """Make a model class of your own known under its `name`, in this process; a class decorator.

    The class is a `base.Model`: with `baselines.Baseline` as its base it needs no more than `name`,
    ``fit(train)`` and ``sample(n, generator=...)``.

    Raises:
        ValueError: the name belongs to another model.
    """
    name = kind.name
    if name in _MODELS or _REGISTERED.get(name, kind) is not kind:
        raise ValueError(f"a model called {name!r} is there already; choose another name")
    _REGISTERED[name] = kind
    return kind


def check_name(name: str) -> None:
    """Refuse a name that `get` does not take, without importing any model.

    Raises:
        ValueError: no model has that name; the message offers the nearest ones.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known models: {', '.join(names())}"
        raise ValueError(f"no model is called {name!r}; {hint}")


def model_class(name: str) -> type[Model]:
    """Return the class behind a name.

    Raises:
        ValueError: as `check_name`.
    """
    check_name(name)
    if name in _REGISTERED:
        return _REGISTERED[name]
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
