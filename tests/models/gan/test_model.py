"""The adversarial net against a readable autograd version of the released cost, and against mnist.yaml."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.nn.functional import softplus

from gan_repro.models.gan.model import GAN, GANConfig
from gan_repro.util.seeds import generator

SMALL = {
    "epochs": 0,
    "noise_dimension": 5,
    "generator_hidden": [{"units": 12}, {"units": 9, "activation": "sigmoid"}],
    "generator_range": 0.5,
    "discriminator_hidden": (8, 6),
    "discriminator_range": 0.5,
    "pieces": 3,
}


def small(images, dtype=torch.float64, **settings):
    return GAN(GANConfig(**{**SMALL, **settings}), dtype=dtype).fit(images)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((60, 16))


class Reference:
    """The same nets written plainly, with autograd; draws its random numbers in the same order."""

    def __init__(self, model):
        self.random = torch.Generator()
        self.random.set_state(model.noise.get_state())
        self.values = {
            name.removeprefix("optimiser/"): tensor.clone().requires_grad_()
            for name, tensor in model.state()["tensors"].items()
            if "velocity" not in name
        }

    def affine(self, x, name):
        return x @ self.values[f"{name}/weight"] + self.values[f"{name}/bias"]

    def fakes(self, n):
        bound = math.sqrt(3)
        z = torch.empty(n, 5, dtype=torch.float64).uniform_(-bound, bound, generator=self.random)
        hidden = torch.sigmoid(self.affine(torch.relu(self.affine(z, "g0")), "g1"))
        return torch.sigmoid(self.affine(hidden, "g_out"))

    def dropped(self, x, keep):
        uniform = torch.empty(x.shape, dtype=torch.float64).uniform_(generator=self.random)
        return x * (uniform < keep) / keep

    def log_odds(self, x):
        h0 = self.affine(self.dropped(x, 0.8), "d0").view(len(x), 3, 8).amax(1)
        h1 = self.affine(self.dropped(h0, 0.5), "d1").view(len(x), 3, 6).amax(1)
        return self.affine(self.dropped(h1, 0.5), "d_out")

    def gradients(self, loss, net):
        names = [name for name in self.values if name.startswith(net)]
        found = torch.autograd.grad(loss, [self.values[name] for name in names], retain_graph=True)
        return dict(zip(names, found, strict=True))

    def assert_moved(self, model, gradients, rate=0.1):
        live = {k.removeprefix("optimiser/"): v for k, v in model.state()["tensors"].items()}
        for name, before in self.values.items():
            step = gradients.get(name, torch.zeros_like(before))
            torch.testing.assert_close(live[name], before.detach() - rate * step, rtol=0, atol=1e-10)


def test_one_backward_pass_gives_both_gradients(images):
    model = small(images)
    reference = Reference(model)
    real = torch.from_numpy(images[:20])
    losses = model.train_batch(real)
    odds = reference.log_odds(torch.cat([real, reference.fakes(20)]))
    discriminator_loss = (softplus(-odds[:20]).mean() + softplus(odds[20:]).mean()) / 2
    generator_loss = softplus(-odds[20:]).mean()
    assert float(losses["discriminator loss"]) == pytest.approx(float(discriminator_loss.detach()), abs=1e-12)
    assert float(losses["generator loss"]) == pytest.approx(float(generator_loss.detach()), abs=1e-12)
    gradients = reference.gradients(discriminator_loss, "d") | reference.gradients(generator_loss, "g")
    reference.assert_moved(model, gradients)


def test_saturating_loss_is_log_one_minus_d(images):
    model = small(images, generator_loss="saturating")
    reference = Reference(model)
    real = torch.from_numpy(images[:20])
    losses = model.train_batch(real)
    odds = reference.log_odds(torch.cat([real, reference.fakes(20)]))
    generator_loss = torch.log1p(-torch.sigmoid(odds[20:])).mean()
    assert float(losses["generator loss"]) == pytest.approx(float(generator_loss.detach()), abs=1e-9)
    discriminator_loss = (softplus(-odds[:20]).mean() + softplus(odds[20:]).mean()) / 2
    gradients = reference.gradients(discriminator_loss, "d") | reference.gradients(generator_loss, "g")
    reference.assert_moved(model, gradients)


def test_alternating_moves_g_against_the_moved_d_on_fresh_noise(images):
    model = small(images, update="alternating")
    reference = Reference(model)
    real = torch.from_numpy(images[:20])
    model.train_batch(real)
    odds = reference.log_odds(torch.cat([real, reference.fakes(20)]))
    loss = (softplus(-odds[:20]).mean() + softplus(odds[20:]).mean()) / 2
    for name, gradient in reference.gradients(loss, "d").items():
        reference.values[name] = (reference.values[name] - 0.1 * gradient).detach().requires_grad_()
    odds = reference.log_odds(reference.fakes(20))
    reference.assert_moved(model, reference.gradients(softplus(-odds).mean(), "g"))


def test_k_discriminator_steps_to_each_step_of_the_generator(images):
    model = small(images, update="alternating", discriminator_steps=3)
    moved = []
    for _ in range(6):
        before = model.parameters_copy()
        model.train_batch(torch.from_numpy(images[:20]))
        model.updates += 1
        moved.append(any(not torch.equal(before[k], v) for k, v in model.parameters().items()))
    assert moved == [False, False, True, False, False, True]


def test_a_confident_d_does_not_lose_the_gradient_of_g(images):
    """With D(G(z)) near 0 the weight of L_D vanishes; the gradient of L_G must not vanish with it."""
    model = small(images, dtype=torch.float32)
    model.discriminator["d_out"].bias.fill_(-100.0)
    before = model.parameters_copy()
    model.train_batch(torch.from_numpy(images[:20]).float())
    change = (model.parameters()["g_out/weight"] - before["g_out/weight"]).abs().max()
    assert torch.isfinite(change)
    assert float(change) > 1e-4


def test_defaults_are_those_of_mnist_yaml():
    model = GAN(GANConfig(epochs=0)).fit(np.full((2, 784), 0.25, dtype=np.float32))
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state()["tensors"].items()}
    assert shapes["g0/weight"] == (100, 1200)
    assert shapes["g1/weight"] == (1200, 1200)
    assert shapes["g_out/weight"] == (1200, 784)
    assert shapes["optimiser/d0/weight"] == (784, 240 * 5)
    assert shapes["optimiser/d1/weight"] == (240, 240 * 5)
    assert shapes["optimiser/d_out/weight"] == (240, 1)
    for layer, bound in [("g1", 0.05), ("optimiser/d0", 0.005)]:
        weight = model.state()["tensors"][f"{layer}/weight"]
        assert bound * 0.99 < float(weight.abs().max()) <= bound
        # The standard deviation of U(-b, b) is b / sqrt 3.
        assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert float(model.generator["g_out"].bias[0]) == pytest.approx(math.log(0.25 / 0.75), rel=1e-6)
    noise = model.draw_noise(20_000, generator(0))
    assert math.sqrt(3) * 0.999 < float(noise.abs().max()) <= math.sqrt(3)
    assert float(noise.std()) == pytest.approx(1, rel=0.01)


def test_pixels_that_never_vary_leave_the_output_bias_finite():
    model = GAN(GANConfig(**SMALL)).fit(np.array([[0.0, 1.0, 0.5]] * 4, dtype=np.float32))
    # Means are clipped to [1e-7, 1 - 1e-7] first.
    assert model.generator["g_out"].bias.tolist() == pytest.approx([-16.118, 16.118, 0], abs=0.01)


def test_learning_rate_and_momentum_follow_the_yaml():
    model = GAN(GANConfig())
    assert model.learning_rate_at(0) == 0.1
    # After 50, 100 and 250 epochs of 500 updates.
    assert [round(model.learning_rate_at(500 * e), 4) for e in (50, 100, 250)] == [0.0905, 0.0819, 0.0607]
    assert model.learning_rate_at(10**9) == 1e-6
    momenta = []
    for epoch in (0, 1, 249, 1000):
        model.epoch = epoch
        momenta.append(model.momentum)
    assert momenta == pytest.approx([0.5, 0.5 + 0.2 / 249, 0.7, 0.7])


def test_gaussian_noise_is_a_named_deviation(images):
    plain = {deviation.id for deviation in small(images).active_deviations()}
    changed = small(images, noise="gaussian", update="alternating", generator_loss="saturating")
    named = {deviation.id for deviation in changed.active_deviations()} - plain
    assert named == {"gan-gaussian-noise", "gan-alternating", "gan-saturating"}
    assert float(changed.draw_noise(10_000, generator(0)).abs().max()) > math.sqrt(3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"discriminator_steps": 2}, "needs update='alternating'"),
        ({"noise": "pink"}, "uniform"),
        ({"learning_rate": -1}, "greater than 0"),
        ({"discriminator_hidden": ()}, "at least 1 item"),
        ({"discriminator_hidden": (8, 0)}, "greater than 0"),
        ({"image_shape": (-8, -8, 1)}, "greater than 0"),
        ({"momentun": 0.5}, "Extra inputs"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        GANConfig(**settings)


def test_it_learns(digits):
    """A few seconds of training on real digits must beat its own start by far."""
    from gan_repro.parzen import evaluate

    def score(epochs):
        config = GANConfig(
            epochs=epochs,
            batch_size=20,
            generator_hidden=[{"units": 128}],
            discriminator_hidden=(32,),
            discriminator_range=0.05,
            keep_hidden=0.8,
        )
        model = GAN(config, seed=1).fit(digits.train)
        samples = model.sample(2000, generator=generator(1, "samples"))
        return evaluate(samples, digits.valid, digits.test).mean

    assert score(100) > score(0) + 10


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [5.024747910810012, 0.4824172603059327, 31.148423031429218, 1.0865170924817873e-06]),
        (
            {"update": "alternating", "generator_loss": "saturating", "max_column_norm": 0.5},
            [2.9395607521783775, 0.4813231946110615, 5.969467425860233, 8.396397196967927e-08],
        ),
    ],
)
def test_training_is_that_of_the_first_records(images, changed, expected):
    """Squared lengths that the code of the first recorded trials gave, through every random draw."""
    model = GAN(GANConfig(**{**SMALL, "epochs": 4, "batch_size": 25, **changed}), seed=1, dtype=torch.float64)
    tensors = model.fit(images).state()["tensors"]
    names = ("g0/weight", "g_out/bias", "optimiser/d0/weight", "optimiser/g1/weight_velocity")
    assert [float(tensors[name].square().sum()) for name in names] == pytest.approx(expected, rel=1e-9)
