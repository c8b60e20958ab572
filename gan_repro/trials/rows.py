"""The rows of our tables: a model, the settings that its reference has for each kind of images, and its look.

The defaults of the models are the references' settings for MNIST; a row says where a reference took another
net for other images, or that it shows a variant. Adding a row: an entry in `ROWS` (docs/contributing.md).
Rows of others are plug-ins (`gan_repro.util.plugins`); they call `register`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from gan_repro import data, paper
from gan_repro.data import Kind as Kind
from gan_repro.trials.cut import Cut as Cut
from gan_repro.trials.cut import Minutes, PresetName
from gan_repro.util.plugins import Registry
from gan_repro.util.text import suggestion


class Style(NamedTuple):
    """How a row's curves are drawn."""

    colour: str = "#000000"
    line: Literal["-", "--", "-.", ":"] = "-"


class Row(BaseModel):
    """A row: which model, called what, with which settings, and how it is drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """On command lines and in tables for machines."""
    model: str
    """The name of its model class (`gan_repro.models`); several rows may share one."""
    label: str
    """In tables for readers."""
    settings: Mapping[Kind, Mapping[str, Any] | str]
    """By kind of images: what differs from the model's defaults, or the name of the adversarial net's recipe
    (models/gan/recipes.py). A row has no place in the tables of other kinds."""
    cuts: Mapping[PresetName, Cut] | None = {}
    """By preset, what it makes smaller; a preset that is not named here runs the row whole. None: the
    presets' files (`gan_repro/trials/cuts`) say it, and those that do not name the row do not run it."""
    minutes: Minutes = 1.0
    """Rough length of a whole trial on one core, for the plan."""
    style: Style | None = None
    """None: figures choose."""
    on_request: bool = True
    """Whether it is run only when named, as is every row that the paper does not have."""

    def has_place(self, dataset: str) -> bool:
        """Tell whether the row belongs in the table of that data set."""
        return kind_of(dataset) in self.settings

    def reference_settings(self, dataset: str) -> dict[str, Any]:
        """Return what the row's reference has for such images, where it differs from the model's defaults.

        Raises:
            ValueError: the row has no place in that data set's table.
        """
        if not self.has_place(dataset):
            there = ", ".join(names(dataset))
            raise ValueError(f"row {self.name} has no place in the table of {dataset}; there are: {there}")
        return self.settings_for(kind_of(dataset))

    def cut(self, preset: str) -> Cut:
        """Return what a preset makes smaller, where the row says it itself."""
        own = (cut for name, cut in (self.cuts or {}).items() if name == preset)
        return next(own, Cut(minutes=self.minutes))

    def settings_for(self, kind: Kind) -> dict[str, Any]:
        """Return what `reference_settings` does, for a kind of images that is in `settings`."""
        settings = self.settings[kind]
        if isinstance(settings, str):
            from gan_repro.models.gan.recipes import RECIPES

            settings = RECIPES[settings]
        return dict(settings)


# Okabe and Ito's colours, told apart by readers with any kind of colour vision; lines are for print.
_BLACK, _ORANGE, _SKY, _GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
_BLUE, _VERMILION, _PURPLE, _GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"


def _printed(model: str, style: Style, **settings: Mapping[str, Any] | str) -> Row:
    """Make a row of the paper's table, or a baseline beside it."""
    settings = {"digits": {}, "faces": {}} | settings
    return Row(
        name=model,
        model=model,
        label=paper.LABELS[model],
        settings=settings,
        style=style,
        cuts=None,
        on_request=False,
    )


def _variant(name: str, label: str, style: Style, settings: Mapping[str, Any] | None = None) -> Row:
    """Make a row of the adversarial nets for digits, with settings of its own."""
    label = f"Adversarial nets, {label}"
    return Row(
        name=name, model="gan", label=label, settings={"digits": settings or {}}, style=style, cuts=None
    )


# As long as each of two layers trains.
_ONE_LAYER = {"epochs": 20}

ROWS: Mapping[str, Row] = {
    row.name: row
    for row in (
        # Section 4 of the reference: a Gaussian RBM below, 2304-512-1024.
        _printed("dbn", Style(_PURPLE, ":"), faces={"visible": "gaussian", "layers": (512, 1024)}),
        _printed("cae", Style(_GREEN, "-.")),
        _printed("gsn", Style(_VERMILION, "--")),
        _printed("gan", Style(_BLUE), faces="tfd", colour="cifar10-fully-connected"),
        # The best candidate of gan_repro.search, which is another than mnist.yaml's.
        _variant("gan-searched", "rate searched", Style(_BLACK), {"learning_rate": 0.2}),
        # What else the authors released for a day, and Algorithm 1 as it is printed.
        _variant("gan-gaussian-noise", "Gaussian noise", Style(_ORANGE), {"noise": "gaussian"}),
        _variant("gan-alternating", "alternating updates", Style(_GREY), {"update": "alternating"}),
        # A stopping rule of ours, which settled on the noise of single looks.
        _variant("gan-early-stopping", "stopped early by our rule", Style(_ORANGE, "--")),
        # What that rule cuts off: the same training, scored by its single highest look.
        _variant("gan-no-early-stopping", "no early stopping", Style(_SKY)),
        Row(
            name="gan-convolutional",
            model="gan",
            label="Adversarial nets, convolutional",
            settings={"colour": "cifar10-convolutional"},
            style=Style(_BLACK),
            cuts=None,
            on_request=False,
        ),
        Row(
            name="gan-single-layer",
            model="gan",
            label="Adversarial nets, one hidden layer in G",
            settings={"faces": "tfd-single-layer"},
            style=Style(_BLACK),
            cuts=None,
        ),
        _printed("train-set", Style(_ORANGE, "--"), colour={}),
        _printed("kmeans", Style(_SKY, "-."), colour={}),
        _printed("gaussian", Style(_GREY, ":"), colour={}),
        Row(
            name="dbn-1",
            model="dbn",
            label="DBN of one layer (RBM)",
            settings={"digits": _ONE_LAYER | {"layers": (1024,)}},
            style=Style(_BLACK, ":"),
            cuts=None,
        ),
        Row(
            name="cae-1",
            model="cae",
            label="CAE of one layer",
            settings={"digits": _ONE_LAYER | {"layers": (1000,)}},
            style=Style(_BLACK, "-."),
            cuts=None,
        ),
    )
}
"""By name, in the order of the tables."""


def _refusal(name: str, row: Any) -> str | None:
    if not isinstance(row, Row):
        return "is no gan_repro.trials.rows.Row"
    return None if row.name == name else f"has the name {row.name!r} in it; make both one"


PLUGGED: Registry[Row] = Registry("row", "gan_repro.rows", ROWS, _refusal)
"""Rows of others, which stand below ours."""


def register(row: Row) -> Row:
    """Make a row of your own known under its name.

    Raises:
        ValueError: the name belongs to another row.
    """
    PLUGGED.add(row.name, row)
    return row


def kind_of(dataset: str) -> Kind:
    """Return the kind of images of a data set."""
    return data.entry(dataset).images


def names(dataset: str) -> list[str]:
    """List the rows that have a place in the table of that data set, those of loaded plug-ins last."""
    return [name for name, row in every_row().items() if row.has_place(dataset)]


def every_row() -> dict[str, Row]:
    """Return ours by name, and those of loaded plug-ins."""
    return {**ROWS, **PLUGGED.things}


def find_row(name: str) -> Row | None:
    """Return the row of that name, ours or of a plug-in; None where there is none.

    Raises:
        PluginError: its plug-in is broken.
    """
    return ROWS.get(name) or PLUGGED.find(name)


def label(name: str) -> str:
    """Return a row's label in tables; a name that is no row's (a model of one's own) is its own label."""
    row = ROWS.get(name) or PLUGGED.things.get(name)
    return row.label if row else name


def style(name: str) -> Style | None:
    """Return the style that a row has of its own, if it has one."""
    row = ROWS.get(name) or PLUGGED.things.get(name)
    return row.style if row else None


def get_row(name: str) -> Row:
    """Return the row of that name, ours or of a plug-in.

    Raises:
        ValueError: there is none; with close matches, or all names. Or its plug-in is broken.
    """
    row = find_row(name)
    if row is None:
        known = list(dict.fromkeys((*ROWS, *PLUGGED.names(), *PLUGGED.offered())))
        hint = suggestion(name, known, f"known rows: {', '.join(known)}")
        raise ValueError(f"no row is called {name!r}; {hint}")
    return row
