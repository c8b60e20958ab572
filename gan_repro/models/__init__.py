"""The models by name. Nothing heavy is imported until one is asked for.

Adding a model: one line in `_MODELS`, then ``pytest tests/models/test_conformance.py``.
"""

from __future__ import annotations

import difflib
import importlib
from typing import Any

_MODELS = {
    "gan": "gan_repro.models.gan:GAN",
    "dbn": "gan_repro.models.dbn:DBN",
    "cae": "gan_repro.models.cae:CAE",
    "gsn": "gan_repro.models.gsn:GSN",
    "train-set": "gan_repro.models.references:TrainSet",
    "kmeans": "gan_repro.models.references:KMeans",
    "gaussian": "gan_repro.models.references:PixelGaussian",
}


def names() -> tuple[str, ...]:
    """The names that `get` takes."""
    return tuple(_MODELS)


def check_name(name: str) -> None:
    """Refuse a name that `get` does not take, without importing any model.

    Raises:
        ValueError: no model has that name; the message offers the nearest ones.
    """
    if name not in _MODELS:
        near = difflib.get_close_matches(name, _MODELS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known models: {', '.join(_MODELS)}"
        raise ValueError(f"no model is called {name!r}; {hint}")


def model_class(name: str) -> Any:
    """The class behind a name.

    Raises:
        ValueError: as `check_name`.
    """
    check_name(name)
    module, _, attribute = _MODELS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def get(name: str, *, seed: int = 0, device: str = "cpu", **settings: Any) -> Any:
    """A model ready to fit: ``get("gan", seed=1, epochs=10).fit(train).sample(10_000, generator=g)``.

    `settings` replace defaults of the model's `Config`.

    Raises:
        ValueError: an unknown name or an unknown or impossible setting.
    """
    kind = model_class(name)
    return kind(kind.Config(**settings), seed=seed, device=device)
