"""What every model promises (`gan_repro.models.conformance`), run over ours.

Settings that make another model of it than its defaults do stand in `VARIANTS` and are held to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_repro import models
from gan_repro.models.__main__ import main as check_model
from gan_repro.models.conformance import every_model, trained_model
from gan_repro.models.conformance.case import Case, ConformanceError, draw
from gan_repro.models.training import TrainedModel
from tests.factories.broken_models import BROKEN, Promising, Reconstructions, TooBright

_GAN_CONVOLUTION = {"channels": 3, "pieces": 2, "kernel": 3, "padding": 1, "pool": 3, "pool_stride": 2}

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "gan in two stages": (
        "gan",
        {
            "noise": "gaussian",
            "generator_hidden": ({"units": 12}, {"units": 10, "activation": "sigmoid", "bias": -2}),
            "output_nonzero": 4,
            "front": ({"units": 9}, {"units": 5, "activation": "sigmoid", "bias": -2}),
            "front_epoch": 1,
            "max_column_norm": 0.8,
        },
    ),
    "gan with one linear layer": (
        "gan",
        {"generator_hidden": ({"units": 12, "activation": "sigmoid"},), "output_activation": "linear"},
    ),
    "gan of normalised contrast": (
        "gan",
        {"preprocessing": "gcn", "output_activation": "linear", "output_range": 0.5},
    ),
    "gan of convolutions": (
        "gan",
        {
            "preprocessing": "gcn",
            "output_activation": "linear",
            "image_shape": (8, 8, 1),
            "generator_hidden": ({"units": 12}, {"units": 16, "activation": "sigmoid"}),
            "deconvolution": {"size": 2, "channels": 4, "kernel": 5, "stride": 3},
            "discriminator_convolutions": (_GAN_CONVOLUTION, {**_GAN_CONVOLUTION, "pool": 2}),
            "discriminator_hidden": (5,),
        },
    ),
    "dbn of faces": ("dbn", {"visible": "gaussian"}),
}
"""Model and settings, on top of its class's `tiny`."""

CASES = {name: Case(name) for name in models.names()} | {
    name: Case(model, settings) for name, (model, settings) in VARIANTS.items()
}
TRAINED = [name for name, case in CASES.items() if case.trained]


def named(check: Callable[[Case], None]) -> str:
    return check.__name__


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", every_model.CHECKS, ids=named)
def test_every_model_keeps_its_promises(check: Callable[[Case], None], name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("check", trained_model.CHECKS, ids=named)
def test_models_that_train_keep_theirs(check: Callable[[Case], None], name: str) -> None:
    check(CASES[name])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", CASES)
def test_every_model_trains_and_samples_on_a_card(name: str) -> None:
    samples = draw(CASES[name].fitted(device="cuda"))
    assert samples.device.type == "cuda"
    assert samples.isfinite().all()


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Case]:
    """Registers a model class for one test."""
    monkeypatch.setattr(models.PLUGGED, "things", {})
    monkeypatch.setattr(models.PLUGGED, "sources", {})

    def register(kind: Any) -> Case:
        models.register(kind)
        return Case(kind.name)

    return register


@pytest.mark.parametrize("check", every_model.CHECKS, ids=named)
def test_a_model_that_is_not_ours_can_keep_them(check, registered) -> None:
    check(registered(Promising))


def test_every_promise_is_broken_by_some_model() -> None:
    assert BROKEN.keys() == {*every_model.CHECKS, *trained_model.CHECKS}


@pytest.mark.parametrize(
    ("check", "kind"), [pytest.param(c, k, id=f"{named(c)}-{k.__name__}") for c in BROKEN for k in BROKEN[c]]
)
def test_a_broken_promise_is_found(check, kind, registered) -> None:
    with pytest.raises(ConformanceError):
        check(registered(kind))


@pytest.mark.parametrize("check", [*every_model.CHECKS, *trained_model.CHECKS], ids=named)
def test_a_model_written_by_the_page_keeps_them(check, registered) -> None:
    check(registered(Reconstructions))


def test_page_and_class_name_what_a_model_gives() -> None:
    page = (Path(models.__file__).parents[2] / "docs" / "contributing.md").read_text("utf-8")
    for text, start in ((page, "it gives"), (str(TrainedModel.__doc__), "Subclasses give")):
        asked = text.partition(start)[2].partition("`optimiser_tensors`")[0]
        assert set(re.findall(r"`(\w+)`", asked)) == TrainedModel.__abstractmethods__


def test_the_command_says_which_promises_are_broken(registered, capsys) -> None:
    registered(TooBright)
    assert check_model(["promising"]) == 1
    out = capsys.readouterr().out
    assert "BROKEN  Samples are float32 (n, d) in [0, 1], for any n.\n        a sample lies outside" in out
    assert "kept    Two fits from one seed give the same samples." in out


def test_the_command_takes_any_failure_for_a_broken_promise(registered, capsys) -> None:
    class Raising(Promising):
        def sample(self, n, *, generator):
            raise KeyError("pixels")

    registered(Raising)
    assert check_model(["promising"]) == 1
    assert "KeyError: 'pixels'" in capsys.readouterr().out


def test_the_command_runs_over_a_model_of_ours(capsys) -> None:
    assert check_model(["gaussian"]) == 0
    assert capsys.readouterr().out.endswith("gaussian: all promises are kept\n")
    with pytest.raises(SystemExit):
        check_model(["gausian"])
    assert "did you mean gaussian" in capsys.readouterr().err
