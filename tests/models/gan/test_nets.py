"""The nets for faces and for CIFAR-10: their layers, their two stages, and one update against autograd."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d, softplus

from gan_repro.models.gan.layers import sparse
from gan_repro.models.gan.model import GAN, RECIPES, GANConfig
from gan_repro.models.gan.nets import discriminator_layers, generator_layers
from gan_repro.util.seeds import generator

FACES = {
    "batch_size": 20,
    "noise": "gaussian",
    "noise_dimension": 5,
    "generator_hidden": [{"units": 12}, {"units": 9, "activation": "sigmoid", "bias": -2}],
    "generator_range": 0.5,
    "output_nonzero": 4,
    "discriminator_hidden": (8, 6),
    "discriminator_range": 0.5,
    "pieces": 3,
    "max_column_norm": 0.9,
    "learning_rate": 0.05,
}
FRONT = {"front": [{"units": 7}, {"units": 5, "activation": "sigmoid", "bias": -2}], "front_epoch": 2}
CONVOLUTIONS = {
    "epochs": 0,
    "noise_dimension": 5,
    "generator_hidden": [{"units": 8, "activation": "sigmoid"}],
    "generator_range": 0.5,
    "image_shape": (6, 6, 2),
    "preprocessing": "gcn",
    "output_activation": "linear",
    "deconvolution": {"size": 2, "channels": 2, "kernel": 4, "stride": 2},
    "discriminator_convolutions": [
        {"channels": 3, "pieces": 2, "kernel": 4, "padding": 1, "pool": 2, "pool_stride": 2}
    ],
    "discriminator_hidden": (4,),
    "discriminator_range": 0.5,
    "pieces": 3,
    "learning_rate": 0.004,
}
"""D sees 5 x 5 positions of 2 pieces of 3 channels, and windows of 2 that make 3 x 3 of them. G has no ReLU,
whose zeros would leave two pieces of D equal: there autograd chooses another of the subgradients."""


def images(n=60, d=16):
    return np.random.default_rng(0).random((n, d))


def fitted(settings, data=None, dtype=torch.float64, **changed):
    config = GANConfig(**{**settings, **changed})
    return GAN(config, dtype=dtype).fit(images() if data is None else data)


class After:
    """Calls `look` after each epoch."""

    def __init__(self, look):
        self.look = look

    def after_batch(self, model):
        pass

    def after_epoch(self, model, log):
        self.look(model, log)
        return False


# --- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_settings_that_survive_json(name):
    config = GANConfig(**RECIPES[name])
    assert GANConfig.model_validate_json(config.model_dump_json()) == config


def test_tfd_is_pretrained_for_50_epochs_and_trained_for_22():
    config = GANConfig(**RECIPES["tfd"])
    assert (config.front_epoch, config.epochs - config.front_epoch) == (50, 22)
    # 100 -> 8000 -> 100 -> 8000 -> 8000 -> pixels.
    layers = [*config.front, *config.generator_hidden]
    assert [(layer.units, layer.activation, layer.bias) for layer in layers] == [
        (8000, "relu", 0),
        (100, "sigmoid", -2),
        (8000, "relu", 0),
        (8000, "sigmoid", -2),
    ]
    assert (config.output_nonzero, config.output_activation) == (100, "sigmoid")
    assert (config.max_column_norm, config.learning_rate, config.noise) == (1.9365, 0.05, "gaussian")
    assert (config.discriminator_hidden, config.pieces) == ((1200, 1200), 5)


def test_the_convolutional_recipe_has_the_shapes_of_the_yaml():
    """partial_sum, which must divide the positions of a side, is 33 and 15 in the first two layers."""
    config = GANConfig(**RECIPES["cifar10-convolutional"])
    layers = discriminator_layers(config, torch.zeros(1, 3072), generator(0))
    z = torch.zeros(1, 3072)
    shapes = []
    for name in ("c0", "c1", "c2"):
        shapes.append((layers[name]._detector_shape[0], layers[name].output_shape))
        z = layers[name](z)
    assert shapes == [(33, (16, 16, 32)), (15, (7, 7, 32)), (9, (5, 5, 192))]
    assert layers["d0"].weight.shape == (5 * 5 * 192, 500 * 5)
    assert [layer.keep for layer in layers.values()] == [0.8, 0.5, 0.5, 0.5, 0.5]
    assert [layer.bias.numel() for layer in layers.values()] == [64, 64, 384, 2500, 1]
    small = config.model_copy(update={"generator_hidden": config.generator_hidden[1:]})
    out = generator_layers(small, torch.zeros(2, 3072), generator(0))["g_out"]
    assert out.output_shape == (32, 32, 3)
    assert out.bias.shape == (3072,)
    assert 0.0499 < float(out.weight.abs().max()) <= 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"front": [{"units": 100}]}, "belong together"),
        ({"front_epoch": 3}, "belong together"),
        ({"front": [{"units": 99}], "front_epoch": 3}, "ends in 99 units"),
        ({"output_nonzero": 3, "output_range": 0.1}, "exclude each other"),
        ({"preprocessing": "gcn"}, "output_activation='linear'"),
        ({**CONVOLUTIONS, "image_shape": None}, "need image_shape"),
        ({**CONVOLUTIONS, "max_column_norm": 1}, "not defined for convolutions"),
        ({**CONVOLUTIONS, "output_nonzero": 1}, "no output_nonzero"),
        ({**CONVOLUTIONS, "image_shape": (6, 8, 2)}, "makes 6 x 6 pixels"),
        ({**CONVOLUTIONS, "generator_hidden": [{"units": 9}]}, "takes 8 units; it is given 9"),
        (
            {"discriminator_convolutions": [{"channels": 1, "pieces": 1, "kernel": 1, "pool_stride": 2}]},
            "skip",
        ),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        GANConfig(**settings)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_shape": (6, 6, 2)}, "72 pixels, but the training images have 16"),
        ({"output_nonzero": 10}, "10 nonzero weights do not fit a unit with 9 inputs"),
    ],
)
def test_settings_that_do_not_fit_the_images_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        fitted(FACES, epochs=0, **changed)


def test_each_choice_names_its_deviations():
    def named(settings):
        standing = {deviation.id for deviation in GAN.deviations}
        return {deviation.id for deviation in GAN(GANConfig(**settings)).active_deviations()} - standing

    assert named(RECIPES["mnist"]) == set()
    assert named(RECIPES["tfd"]) == {"gan-two-stages"}
    assert named(RECIPES["tfd-single-layer"]) == {"gan-clipped-samples", "gan-single-layer-settings"}
    assert named(RECIPES["cifar10-fully-connected"]) == {"gan-contrast-inverse"}
    assert named(RECIPES["cifar10-convolutional"]) == {"gan-contrast-inverse"}
    assert named({"noise": "gaussian"}) == {"gan-gaussian-noise"}
    assert named({"learning_rate": 0.2}) == {"gan-learning-rate"}


# --- faces -------------------------------------------------------------------------------------------------


def test_sparse_columns_have_so_many_standard_normal_weights():
    weight = sparse(generator(0), 100, 300, 50)
    assert ((weight != 0).sum(dim=0) == 100).all()
    values = weight[weight != 0]
    # 5,000 draws: the standard errors of mean and deviation are 0.014 and 0.01.
    assert float(values.mean()) == pytest.approx(0, abs=0.06)
    assert float(values.std()) == pytest.approx(1, abs=0.04)
    # Each row is hit 16.7 times on average; a binomial's deviation from that is 3.3.
    assert float((weight != 0).sum(dim=1).double().std()) == pytest.approx(3.33, abs=0.6)


def test_hidden_biases_start_as_told_and_linear_outputs_at_0():
    model = fitted(FACES, epochs=0, output_activation="linear")
    assert model.generator["g0"].bias.tolist() == [0] * 12
    assert model.generator["g1"].bias.tolist() == [-2] * 9
    assert model.generator["g_out"].bias.tolist() == [0] * 16


def test_the_bound_holds_for_every_column_and_for_no_bias():
    seen = []

    def look(model, log):
        state = model.state()["tensors"]
        weights = {name: tensor for name, tensor in state.items() if name.endswith("/weight")}
        seen.append({name: float(weight.norm(dim=0).max()) for name, weight in weights.items()})

    model = fitted(FACES, epochs=3, **FRONT, learning_rate=5.0).fit(images(), observer=After(look))
    look(model, None)
    # f0 and f1, g0, g1 and g_out, d0, d1 and d_out.
    assert all(len(norms) == 8 and max(norms.values()) <= 0.9 + 1e-12 for norms in seen)
    # Units over the bound before are on it, within pylearn2's 1e-7 in the divisor.
    assert seen[-1]["g_out/weight"] == pytest.approx(0.9, rel=1e-5)
    assert float(model.generator["g1"].bias.abs().max()) > 0.9


def test_linear_outputs_are_clipped_in_samples_not_in_training():
    model = fitted(FACES, epochs=0, output_activation="linear")
    model.generator["g_out"].bias.copy_(torch.linspace(-50, 50, 16))
    samples = model.sample(10, generator=generator(0))
    assert samples[:, 0].tolist() == [0] * 10
    assert samples[:, -1].tolist() == [1] * 10
    assert float(model.generate(torch.zeros(1, 5, dtype=torch.float64)).max()) > 40


def test_pretraining_is_that_of_the_generator_alone():
    alone = fitted(FACES, epochs=2)
    states = []
    fitted(FACES, epochs=3, **FRONT).fit(
        images(), observer=After(lambda model, log: states.append(model.state()))
    )
    for name, tensor in alone.state()["tensors"].items():
        assert torch.equal(states[1]["tensors"][name], tensor), name
    assert torch.equal(states[1]["noise"], alone.state()["noise"])


def test_the_second_stage_begins_as_a_new_run_does():
    seen = {}

    def look(model, log):
        seen[log.epoch] = {
            "complete": model.complete,
            "rate": log.learning_rate,
            "sample": model.sample(4, generator=generator(3)),
            **model.parameters_copy(),
        }

    model = fitted(FACES, epochs=4, learning_rate_decay=1.5, momentum_epochs=3, **FRONT)
    model.fit(images(), observer=After(look))
    assert [seen[epoch]["complete"] for epoch in (1, 2, 3, 4)] == [False, False, True, True]
    # Three updates an epoch; the rate that the last of them used, and again from the start.
    assert [seen[epoch]["rate"] for epoch in (1, 2, 3, 4)] == pytest.approx(
        [0.05 / 1.5**updates for updates in (2, 5, 2, 5)]
    )
    momenta = []
    for epoch in range(6):
        model.epoch = epoch
        momenta.append(model.momentum)
    assert momenta == pytest.approx([0.5, 0.6, 0.5, 0.6, 0.7, 0.7])
    # The front waits untouched; afterwards everything moves.
    assert torch.equal(seen[1]["f0/weight"], seen[2]["f0/weight"])
    for name in ("f0/weight", "f1/bias", "g0/weight", "g_out/bias"):
        assert not torch.equal(seen[2][name], seen[3][name]), name
    assert not torch.equal(seen[2]["sample"], seen[3]["sample"])


def test_the_second_stage_begins_with_a_new_d_and_no_velocity():
    """Against autograd: one step of rate 0.05 from the pretrained layers, the front and a fresh D."""
    # Hidden units are all kept: were all of a row's dropped, its pieces would be equal, and see CONVOLUTIONS.
    model = fitted(FACES, epochs=2, **FRONT, max_column_norm=None, keep_hidden=1)
    old = {name: tensor.clone() for name, tensor in model.state()["tensors"].items()}
    random = torch.Generator()
    random.set_state(model.noise.get_state())
    real = torch.from_numpy(images()[:20])
    fresh = discriminator_layers(model.config, real, model._front_random("discriminator"))
    model.train_batch(real)
    del old["front_begun"]
    p = {name: tensor.requires_grad_() for name, tensor in old.items() if "velocity" not in name}
    for name, layer in fresh.items():
        p[f"optimiser/{name}/weight"] = layer.weight.clone().requires_grad_()
        p[f"optimiser/{name}/bias"] = layer.bias.clone().requires_grad_()
    assert not torch.equal(p["optimiser/d0/weight"], old["optimiser/d0/weight"])

    def affine(x, name):
        return x @ p[f"{name}/weight"] + p[f"{name}/bias"]

    def dropped(x, keep):
        return x * (torch.empty(x.shape, dtype=x.dtype).uniform_(generator=random) < keep) / keep

    z = torch.empty(20, 5, dtype=torch.float64).normal_(generator=random)
    code = torch.sigmoid(affine(torch.relu(affine(z, "f0")), "f1"))
    fakes = torch.sigmoid(affine(torch.sigmoid(affine(torch.relu(affine(code, "g0")), "g1")), "g_out"))
    x = dropped(torch.cat([real, fakes]), 0.8)
    for name, units in (("d0", 8), ("d1", 6)):
        x = affine(x, f"optimiser/{name}").view(40, 3, units).amax(dim=1)
    odds = affine(x, "optimiser/d_out")
    generator_loss = softplus(-odds[20:]).mean()
    discriminator_loss = (softplus(-odds[:20]).mean() + softplus(odds[20:]).mean()) / 2
    live = model.state()["tensors"]
    for name, before in p.items():
        loss = discriminator_loss if name.startswith("optimiser/") else generator_loss
        (gradient,) = torch.autograd.grad(loss, before, retain_graph=True)
        torch.testing.assert_close(live[name], before.detach() - 0.05 * gradient, rtol=0, atol=1e-10)


# --- CIFAR-10 ----------------------------------------------------------------------------------------------


def test_an_update_of_convolutional_nets_agrees_with_autograd():
    data = images(40, 72)
    model = fitted(CONVOLUTIONS, data)
    random = torch.Generator()
    random.set_state(model.noise.get_state())
    p = {
        name.removeprefix("optimiser/"): tensor.clone().requires_grad_()
        for name, tensor in model.state()["tensors"].items()
        if "velocity" not in name
    }
    real = torch.from_numpy(data[:20])
    losses = model.train_batch(real)

    def affine(x, name):
        return x @ p[f"{name}/weight"] + p[f"{name}/bias"]

    def dropped(x, keep):
        return x * (torch.empty(x.shape, dtype=x.dtype).uniform_(generator=random) < keep) / keep

    def channels_first(x, *shape):
        return x.view(len(x), *shape).permute(0, 3, 1, 2)

    def channels_last(x):
        return x.permute(0, 2, 3, 1).flatten(1)

    z = torch.empty(20, 5, dtype=torch.float64).uniform_(-math.sqrt(3), math.sqrt(3), generator=random)
    hidden = channels_first(torch.sigmoid(affine(z, "g0")), 2, 2, 2)
    fakes = channels_last(conv_transpose2d(hidden, p["g_out/weight"], stride=2)) + p["g_out/bias"]
    centred = real - real.mean(dim=1, keepdim=True)
    x = torch.cat([55 * centred / centred.norm(dim=1, keepdim=True), fakes])
    x = channels_first(dropped(x, 0.8), 6, 6, 2)
    x = conv2d(x, p["c0/weight"], p["c0/bias"], padding=1)
    x = channels_last(max_pool2d(torch.maximum(x[:, :3], x[:, 3:]), 2, ceil_mode=True))
    assert x.shape == (40, 27)
    x = affine(dropped(x, 0.5), "d0").view(40, 3, 4).amax(dim=1)
    odds = affine(dropped(x, 0.5), "d_out")
    generator_loss = softplus(-odds[20:]).mean()
    discriminator_loss = (softplus(-odds[:20]).mean() + softplus(odds[20:]).mean()) / 2
    assert float(losses["generator loss"]) == pytest.approx(float(generator_loss.detach()), abs=1e-10)
    live = {name.removeprefix("optimiser/"): tensor for name, tensor in model.state()["tensors"].items()}
    for name, before in p.items():
        if name.startswith("contrast"):
            continue
        loss = generator_loss if name.startswith("g") else discriminator_loss
        (gradient,) = torch.autograd.grad(loss, before, retain_graph=True)
        assert float(gradient.abs().max()) > 0
        torch.testing.assert_close(live[name], before.detach() - 0.004 * gradient, rtol=0, atol=1e-10)


def test_samples_have_the_images_brightness_and_contrast():
    data = images(40, 72)
    model = fitted(CONVOLUTIONS, data)
    model.generator["g_out"].weight.zero_()
    model.generator["g_out"].bias.zero_()
    samples = model.sample(3, generator=generator(0))
    assert samples.numpy() == pytest.approx(np.full((3, 72), data.mean()))
    pattern = torch.ones(72, dtype=torch.float64)
    pattern[::2] = -1
    model.generator["g_out"].bias.copy_(pattern * 55 / pattern.norm())
    contrast = np.linalg.norm(data - data.mean(axis=1, keepdims=True), axis=1).mean()
    expected = data.mean() + pattern.numpy() * contrast / math.sqrt(72)
    assert model.sample(1, generator=generator(0))[0].numpy() == pytest.approx(expected)
