"""Training with products of factors rounded to bfloat16: how far off, whose, and where it cannot be had."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_repro import data, models, table1
from gan_repro.models import precision, products
from gan_repro.models.base import NotFittedError
from gan_repro.models.precision import add_matmul, affine, matmul, products_in
from gan_repro.trials.presets import PRESETS, in_precision
from gan_repro.trials.rows import ROWS
from gan_repro.trials.runner import run
from tests.factories.trials import TINY_GAN, TINY_STACK, digits_images, quiet, tiny_trial

CPU = torch.device("cpu")
TRAINED = ("gan", "dbn", "cae", "gsn")

needs_bfloat16 = pytest.mark.skipif(
    not precision.has_bfloat16(CPU), reason="this processor has no instructions for bfloat16"
)


def model_of(name, asked="float32", **changes):
    settings = TINY_GAN if name == "gan" else TINY_STACK
    if name == "gsn":
        settings = {key: settings[key] for key in ("epochs", "layers", "chains", "burn_in")}
    return models.get(name, seed=1, **{**settings, "precision": asked, **changes})


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape) + sum(shape)))


def one_step(name, asked):
    """The parameters before and after the first update, on digits."""
    images = torch.from_numpy(data.load("digits").train[:100])
    model = model_of(name, asked, epochs=0).fit(images)
    before = {key: tensor.clone() for key, tensor in model.parameters().items()}
    with products_in(model.precision):
        model.train_batch(images)
    return before, model.parameters()


# --- the products ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(100, 1200, 784), (100, 784, 240), (7, 33, 5), (200, 240, 1)])
def test_a_product_is_off_by_what_its_rounding_explains(shape):
    m, k, n = shape
    left, right = noise(m, k), noise(k, n)
    exact, size = left.double() @ right.double(), left.double().abs() @ right.double().abs()
    with products_in("bfloat16"):
        found = matmul(left, right)
    error = (found - exact).abs()
    assert found.dtype == torch.float32
    assert (error <= size * (2**-8 * (1 + 2**-9) + 2**-16) + exact.abs() * 2**-9).all()
    assert float((error / size).max()) > 50 * float(((left @ right - exact).abs() / size).max())


def test_of_rounded_factors_sums_are_float32():
    left, right = noise(20, 3000).bfloat16().float(), noise(3000, 30).bfloat16().float()
    exact, size = left.double() @ right.double(), left.double().abs() @ right.double().abs()
    with products_in("bfloat16"):
        found = matmul(left, right)
    assert ((found - exact).abs() <= exact.abs() * 2**-8 + size * 3000 * 2**-24).all()


@pytest.mark.parametrize("by_onednn", [False, True])
def test_results_are_rounded_unless_onednn_rounds_factors(monkeypatch, by_onednn):
    if not by_onednn:
        monkeypatch.setattr(products, "rounds_factors", lambda: False)
    elif not products.rounds_factors():
        pytest.skip("oneDNN does not round factors on this processor")
    found = []
    with products_in("bfloat16"):
        for size in (20, 200):
            left, right, total = noise(size, size), noise(size, size), torch.zeros(size, size)
            add_matmul(total, left, right, scale=1)
            found += [matmul(left, right), affine(torch.zeros(size), left, right), total]
    rounded = [torch.equal(product, product.bfloat16().float()) for product in found]
    assert rounded == [True] * 3 + [not by_onednn] * 3


@pytest.mark.parametrize("shape", [(9, 20, 6), (100, 300, 200)])
def test_all_three_products_are_the_same_product(shape):
    m, k, n = shape
    left, right, offset, total = noise(m, k), noise(k, n), noise(n), noise(m, n)
    for asked in ("float32", "bfloat16"):
        with products_in(asked):
            product = matmul(left, right)
            torch.testing.assert_close(affine(offset, left, right), offset + product)
            expected = 0.5 * total - 0.1 * product
            changed = total.clone()
            add_matmul(changed, left, right, decay=0.5, scale=-0.1)
            torch.testing.assert_close(changed, expected)


def test_the_precision_holds_inside_the_block_only():
    left, right = noise(9, 20), noise(20, 6)

    def exact():
        return torch.equal(matmul(left, right), left @ right)

    def fail():
        with products_in("bfloat16"):
            assert not exact()
            with products_in("float32"):
                assert exact()
                assert torch.equal(matmul(large, large), plain)
            assert not exact()
            raise NotFittedError

    large = noise(200, 200)
    plain = large @ large
    with pytest.raises(NotFittedError):
        fail()
    assert exact()
    assert torch.equal(large @ large, plain)


# --- training ----------------------------------------------------------------------------------------------


@needs_bfloat16
@pytest.mark.parametrize("name", TRAINED)
def test_a_step_is_near_that_of_float32_and_another(name):
    before, exact = one_step(name, "float32")
    _, rounded = one_step(name, "bfloat16")
    for key, tensor in exact.items():
        assert rounded[key].dtype == tensor.dtype
        step = float((tensor.float() - before[key].float()).norm())
        off = float((rounded[key].float() - tensor.float()).norm())
        # 2^-8 a product, and more where rounding decides which piece of a unit wins or how a draw falls.
        assert off <= 0.2 * step, key
    assert any(not torch.equal(rounded[key], exact[key]) for key in exact)


@needs_bfloat16
@pytest.mark.parametrize("name", TRAINED)
def test_parameters_velocities_and_samples_stay_float32(name):
    model = model_of(name, "bfloat16", epochs=1).fit(data.load("digits").train)
    kept = model.state()["tensors"]
    assert {tensor.dtype for tensor in kept.values()} <= {torch.float32, torch.int64}
    weights = torch.cat([tensor.flatten() for tensor in kept.values() if tensor.dtype == torch.float32])
    assert not torch.equal(weights, weights.bfloat16().float()), "all of them could be bfloat16"
    samples = [model.sample(20, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    plain = model_of(name, epochs=0).fit(data.load("digits").train)
    plain.load_parameters(model.parameters())
    assert samples[0].dtype == torch.float32
    assert torch.equal(samples[0], samples[1])
    assert torch.equal(samples[0], plain.sample(20, generator=torch.Generator().manual_seed(0)))


@needs_bfloat16
@pytest.mark.parametrize("name", TRAINED)
def test_training_goes_on_from_a_state_to_the_bit(name):
    images = data.load("digits").train
    whole = model_of(name, "bfloat16", epochs=2).fit(images)

    class Keeper:
        state = None

        def after_batch(self, model):
            if model.updates == 13:
                self.state = model.state()

        def after_epoch(self, model, log):
            return False

    keeper = Keeper()
    model_of(name, "bfloat16", epochs=2).fit(images, observer=keeper)
    again = model_of(name, "bfloat16", epochs=2).fit(images, state=keeper.state)
    for key, tensor in whole.state()["tensors"].items():
        assert torch.equal(tensor, again.state()["tensors"][key]), key
    with pytest.raises(models.base.StateError, match="belongs to"):
        model_of(name, epochs=2).fit(images, state=keeper.state)


# --- specs and records -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRAINED)
def test_the_id_of_a_trial_changes_with_it_and_not_without(name):
    images = digits_images()
    plain = tiny_trial(images, name)
    assert "precision" not in plain.canonical_json()
    assert tiny_trial(images, name, precision="float32").id == plain.id
    other = tiny_trial(images, name, precision="bfloat16")
    assert other.config["precision"] == "bfloat16"
    assert other.id != plain.id


@needs_bfloat16
def test_a_record_says_it_and_comes_back_to_the_bit(tmp_path):
    spec = tiny_trial(digits_images(), precision="bfloat16")
    record, again = (run(spec, quiet(tmp_path / name)) for name in ("one", "two"))
    plain = run(tiny_trial(digits_images()), quiet(tmp_path / "plain"))
    assert record.spec.config["precision"] == "bfloat16"
    assert "products-in-bfloat16" in [deviation["id"] for deviation in record.deviations]
    assert "products-in-bfloat16" not in [deviation["id"] for deviation in plain.deviations]
    assert record.score == again.score
    assert record.score != plain.score
    assert abs(record.score.log_likelihood.value - plain.score.log_likelihood.value) < 5


def test_a_preset_in_bfloat16_says_so_in_name_and_cuts():
    quick = PRESETS["quick"]
    rounded = in_precision(quick, "bfloat16")
    assert in_precision(quick, "float32") is quick
    assert rounded.name == "quick-bfloat16"
    for row in quick.rows("mnist"):
        before, after = quick.cut(row, "mnist"), rounded.cut(row, "mnist")
        if ROWS[row].model in TRAINED:
            assert after.smaller == (*before.smaller, "trained with products in bfloat16")
            assert after.settings == {**before.settings, "precision": "bfloat16"}
        else:
            assert after == before


def test_models_that_round_nothing_refuse_the_setting():
    with pytest.raises(ValueError, match="precision"):
        models.get("kmeans", precision="bfloat16")


# --- where it cannot be had --------------------------------------------------------------------------------


def test_a_processor_without_it_is_refused_in_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: False)
    with pytest.raises(ValueError, match=r"^this processor has no instructions .* precision \"float32\"$"):
        model_of("gan", "bfloat16").fit(data.load("digits").train)
    precision.require("float32", CPU)
    asked = ["--preset", "smoke", "--datasets", "digits", "--rows", "gan", "--runs", str(tmp_path / "runs")]
    assert table1.main([*asked, "--precision", "bfloat16"]) == 2
    assert "this processor has no instructions for products in bfloat16" in capsys.readouterr().err


@pytest.mark.parametrize("product", [4104.0, 256.0])
def test_factors_not_rounded_or_short_sums_are_found_out(monkeypatch, product):
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(precision, "_rounded", lambda left, right: torch.full((64, 64), product))
    with pytest.raises(ValueError, match=f"should be 4096 came out as {product:g}"):
        precision.require("bfloat16", CPU)


@needs_bfloat16
def test_where_it_can_be_had_nothing_is_refused():
    precision.require("bfloat16", CPU)
    assert np.isfinite(model_of("gan", "bfloat16", epochs=1).fit(data.load("digits").train).learning_rate)
