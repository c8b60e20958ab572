"""The rows of our tables: a model, and the settings its reference has for each kind of images.

The defaults of the models are the references' settings for MNIST; a row says where a reference took another
net for other images, or that it shows a variant.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from gan_repro import paper

Kind = Literal["digits", "faces", "colour"]

_KINDS: Mapping[str, Kind] = {
    "tfd": "faces",
    "fer2013": "faces",
    "orl": "faces",
    "own_faces": "faces",
    "cifar10": "colour",
}


class Row(BaseModel):
    """A row: which model, called what, with which settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    label: str
    settings: Mapping[Kind, Mapping[str, Any] | str]
    """By kind of images: what differs from the model's defaults, or the name of the adversarial net's recipe
    (models/gan/recipes.py). A row has no place in the tables of other kinds."""
    on_request: bool = True
    """Whether it is filled only when named, as is every row that the paper does not have."""


def _printed(model: str, **settings: Mapping[str, Any] | str) -> Row:
    settings = {"digits": {}, "faces": {}} | settings
    return Row(model=model, label=paper.LABELS[model], settings=settings, on_request=False)


# As long as each of two layers trains.
_ONE_LAYER = {"epochs": 20}

ROWS: Mapping[str, Row] = {
    # Section 4 of the reference: a Gaussian RBM below, 2304-512-1024.
    "dbn": _printed("dbn", faces={"visible": "gaussian", "layers": (512, 1024)}),
    "cae": _printed("cae"),
    "gsn": _printed("gsn"),
    "gan": _printed("gan", faces="tfd", colour="cifar10-fully-connected"),
    # The best candidate of gan_repro.search, which is another than mnist.yaml's.
    "gan-searched": Row(
        model="gan", label="Adversarial nets, rate searched", settings={"digits": {"learning_rate": 0.2}}
    ),
    # What else the authors released for a day, and Algorithm 1 as it is printed.
    "gan-gaussian-noise": Row(
        model="gan", label="Adversarial nets, Gaussian noise", settings={"digits": {"noise": "gaussian"}}
    ),
    "gan-alternating": Row(
        model="gan",
        label="Adversarial nets, alternating updates",
        settings={"digits": {"update": "alternating"}},
    ),
    # A stopping rule of ours, which settled on the noise of single looks.
    "gan-early-stopping": Row(
        model="gan", label="Adversarial nets, stopped early by our rule", settings={"digits": {}}
    ),
    # What that rule cuts off: the same training, scored by its single highest look.
    "gan-no-early-stopping": Row(
        model="gan", label="Adversarial nets, no early stopping", settings={"digits": {}}
    ),
    "gan-convolutional": Row(
        model="gan",
        label="Adversarial nets, convolutional",
        settings={"colour": "cifar10-convolutional"},
        on_request=False,
    ),
    "gan-single-layer": Row(
        model="gan", label="Adversarial nets, one hidden layer in G", settings={"faces": "tfd-single-layer"}
    ),
    "train-set": _printed("train-set", colour={}),
    "kmeans": _printed("kmeans", colour={}),
    "gaussian": _printed("gaussian", colour={}),
    "dbn-1": Row(
        model="dbn", label="DBN of one layer (RBM)", settings={"digits": _ONE_LAYER | {"layers": (1024,)}}
    ),
    "cae-1": Row(
        model="cae", label="CAE of one layer", settings={"digits": _ONE_LAYER | {"layers": (1000,)}}
    ),
}
"""In the order of the tables."""


def kind_of(dataset: str) -> Kind:
    """The kind of images of a data set."""
    return _KINDS.get(dataset, "digits")


def names(dataset: str) -> list[str]:
    """The rows that have a place in the table of that data set."""
    return [name for name, row in ROWS.items() if kind_of(dataset) in row.settings]


def label(name: str) -> str:
    """How a row is called."""
    return ROWS[name].label if name in ROWS else name


def check_name(name: str) -> None:
    """Refuse an unknown row.

    Raises:
        ValueError: with close matches, or all names.
    """
    if name not in ROWS:
        near = difflib.get_close_matches(name, ROWS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known rows: {', '.join(ROWS)}"
        raise ValueError(f"no row is called {name!r}; {hint}")


def reference_settings(name: str, dataset: str) -> dict[str, Any]:
    """What the row's reference has for such images, as far as it differs from the model's defaults.

    Raises:
        ValueError: an unknown row, or one that has no place in that data set's table.
    """
    check_name(name)
    settings = ROWS[name].settings.get(kind_of(dataset))
    if settings is None:
        raise ValueError(
            f"row {name} has no place in the table of {dataset}; there are: {', '.join(names(dataset))}"
        )
    if isinstance(settings, str):
        from gan_repro.models.gan.recipes import RECIPES

        settings = RECIPES[settings]
    return dict(settings)
