"""oneDNN as the library of a training's products: in float32, or refused; and only while training."""

from __future__ import annotations

import pytest
import torch

from gan_repro import data, models
from gan_repro.models import products
from gan_repro.models.products import products_by, require
from gan_repro.trials.runner import run
from tests.factories.trials import TINY_GAN, digits_images, quiet, tiny_trial

CPU = torch.device("cpu")


def onednn_or_skip() -> None:
    try:
        require("onednn", CPU)
    except ValueError as error:
        pytest.skip(str(error))


def test_the_choice_holds_inside_the_block_only():
    switch = torch.backends.mkldnn.matmul
    before = switch.fp32_precision
    with products_by("onednn"):
        assert switch.fp32_precision == "bf16"
        with products_by("torch"):
            assert switch.fp32_precision == "bf16", "torch's choice is whatever stands"
    assert switch.fp32_precision == before
    with pytest.raises(RuntimeError), products_by("onednn"):
        raise RuntimeError
    assert switch.fp32_precision == before


def test_products_are_float32_against_float64():
    onednn_or_skip()
    random = torch.Generator().manual_seed(0)
    for m, k, n in ((100, 1200, 1200), (100, 784, 240), (7, 33, 5)):
        left, right = torch.randn(m, k, generator=random), torch.randn(k, n, generator=random)
        with products_by("onednn"):
            found = left @ right
        exact, size = left.double() @ right.double(), left.abs().double() @ right.abs().double()
        assert float(((found - exact).abs() / size).max()) < k * 2.0**-24


def test_rounded_factors_are_found_out_and_refused(monkeypatch):
    monkeypatch.setattr(products, "_relative_error", lambda name: 3e-3)
    with pytest.raises(ValueError, match=r"rounds the factors .* leave out --products onednn"):
        require("onednn", CPU)
    require("torch", CPU)


def test_the_check_tells_bfloat16_from_float32(monkeypatch):
    plain = torch.Tensor.__matmul__

    def rounded(left, right):
        if left.dtype == torch.float64:
            return plain(left, right)
        return plain(left.bfloat16().double(), right.bfloat16().double()).float()

    assert products._relative_error("torch") < 1e-6
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert products._relative_error("torch") > 1e-4


def test_a_card_and_a_torch_without_it_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="oneDNN is for CPUs, and this is cuda"):
        require("onednn", torch.device("cuda"))
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with pytest.raises(ValueError, match="has no oneDNN"):
        require("onednn", CPU)


def test_only_training_is_done_by_it(monkeypatch):
    onednn_or_skip()
    seen = set()
    digits = data.load("digits").train
    gan = models.model_class("gan")
    model = gan(gan.Config(**TINY_GAN), seed=1)
    model.products = "onednn"
    step = gan.train_batch
    monkeypatch.setattr(gan, "train_batch", lambda self, batch: seen.add(_switch()) or step(self, batch))

    class Looker:
        def after_batch(self, model):
            pass

        def after_epoch(self, model, log):
            seen.add("after epoch " + _switch())
            return False

    model.fit(digits, observer=Looker())
    assert seen == {"bf16", "after epoch " + _switch()}


def _switch() -> str:
    return str(torch.backends.mkldnn.matmul.fp32_precision)


def test_a_record_says_who_took_its_products(tmp_path):
    onednn_or_skip()
    spec = tiny_trial(digits_images())
    plain = run(spec, quiet(tmp_path / "torch"))
    other = run(spec, quiet(tmp_path / "onednn", products="onednn"))
    again = run(spec, quiet(tmp_path / "again", products="onednn"))
    assert "products" not in plain.provenance.environment
    assert other.provenance.environment["products"] == "onednn"
    assert other.spec.id == plain.spec.id
    assert other.score == again.score
    assert abs(other.score.log_likelihood.value - plain.score.log_likelihood.value) < 5
