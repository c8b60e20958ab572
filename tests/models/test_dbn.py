"""The RBM against brute force: five visible and three hidden units, every state enumerated, float64."""

from __future__ import annotations

from itertools import product
from math import log, pi
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.datasets import load_digits
from torch import Tensor

from gan_repro.models.base import DivergedError
from gan_repro.models.dbn import DBN, DBNConfig
from gan_repro.models.rbm import RBM
from gan_repro.util.seeds import generator

GAUSSIAN = pytest.mark.parametrize("gaussian", [False, True], ids=["bernoulli", "gaussian"])


def states(units: int) -> Tensor:
    return torch.tensor(list(product((0.0, 1.0), repeat=units)), dtype=torch.float64)


def random_rbm(visible: int, hidden: int, gaussian: bool = False, seed: int = 0) -> RBM:
    random = generator(seed, "rbm")

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    strength = 0.5 if gaussian else 1.0
    return RBM(strength * normal(visible, hidden), normal(visible), normal(hidden), gaussian)


def log_weight(rbm: RBM, visible: Tensor, hidden: Tensor) -> Tensor:
    """-E(v, h) for all pairs, (visible rows, hidden rows), straight from the definition."""
    a = rbm.visible_bias
    own = -(visible - a).square().sum(1) / 2 if rbm.gaussian else visible @ a
    return own[:, None] + visible @ rbm.weights @ hidden.T + hidden @ rbm.hidden_bias


def hidden_log_weight(rbm: RBM, hidden: Tensor) -> Tensor:
    """log of the sum (or integral) over v of exp(-E(v, h)), for each row h."""
    if rbm.gaussian:
        a, shifted = rbm.visible_bias, rbm.visible_bias + hidden @ rbm.weights.T
        whole = (shifted.square().sum(1) - a.square().sum()) / 2 + len(a) / 2 * log(2 * pi)
        return whole + hidden @ rbm.hidden_bias
    return log_weight(rbm, states(len(rbm.visible_bias)), hidden).logsumexp(0)


def data(rbm: RBM, rows: int = 7) -> Tensor:
    visible = torch.rand(rows, len(rbm.visible_bias), generator=generator(1), dtype=torch.float64)
    return 3 * visible - 1 if rbm.gaussian else visible


def exact_gradient(rbm: RBM, visible: Tensor) -> list[Tensor]:
    """d(mean log P(v))/d(weights, visible bias, hidden bias), by autograd through the enumeration."""
    leaves = [part.clone().requires_grad_() for part in rbm.tensors("").values()]
    free = RBM(*leaves, gaussian=rbm.gaussian)
    hidden = states(len(rbm.hidden_bias))
    likelihood = log_weight(free, visible, hidden).logsumexp(1).mean()
    return list(torch.autograd.grad(likelihood - hidden_log_weight(free, hidden).logsumexp(0), leaves))


@GAUSSIAN
def test_conditionals_and_free_energy_equal_enumeration(gaussian: bool) -> None:
    rbm = random_rbm(5, 3, gaussian)
    visible, hidden = data(rbm), states(3)
    joint = log_weight(rbm, visible, hidden)
    torch.testing.assert_close(rbm.hidden_mean(visible), joint.softmax(1) @ hidden)
    torch.testing.assert_close(rbm.free_energy(visible, rbm.hidden_logits(visible)), -joint.logsumexp(1))
    if gaussian:  # E[v|h] is where E(v, h) has no slope in v
        mean = rbm.visible_mean(hidden).requires_grad_()
        torch.diagonal(log_weight(rbm, mean, hidden)).sum().backward()
        torch.testing.assert_close(mean.grad, torch.zeros_like(mean))
    else:
        every = states(5)
        torch.testing.assert_close(
            rbm.visible_mean(hidden), log_weight(rbm, every, hidden).softmax(0).T @ every
        )


@GAUSSIAN
def test_statistics_make_the_gradient_of_the_log_likelihood(gaussian: bool) -> None:
    rbm = random_rbm(5, 3, gaussian)
    visible, hidden = data(rbm), states(3)
    total = rbm.blank()
    rbm.add_statistics(total, visible, rbm.hidden_mean(visible), decay=1, scale=1 / len(visible))
    for state, probability in zip(hidden, hidden_log_weight(rbm, hidden).softmax(0), strict=True):
        # -dE/d(parameter) is linear in v, so the mean of v given h stands for all v.
        mean = rbm.visible_mean(state[None])
        rbm.add_statistics(total, mean, state[None], decay=1, scale=-float(probability))
    for mine, exact in zip(total.tensors("").values(), exact_gradient(rbm, visible), strict=True):
        torch.testing.assert_close(mine, exact, rtol=1e-10, atol=1e-10)


def test_statistics_decay_what_was_there_before() -> None:
    rbm = random_rbm(5, 3)
    visible = data(rbm)
    once, twice = rbm.blank(), rbm.blank()
    rbm.add_statistics(once, visible, rbm.hidden_mean(visible), decay=0, scale=1)
    for _ in range(2):
        rbm.add_statistics(twice, visible, rbm.hidden_mean(visible), decay=0.5, scale=1)
    for one, two in zip(once.tensors("").values(), twice.tensors("").values(), strict=True):
        torch.testing.assert_close(two, 1.5 * one)


def fitted(*rbms: RBM, train: Tensor | None = None, **settings: Any) -> DBN:
    """A DBN whose layers are these."""
    widths = tuple(len(rbm.hidden_bias) for rbm in rbms)
    kind = "gaussian" if rbms[0].gaussian else "bernoulli"
    config = DBN.Config(**({"layers": widths, "visible": kind, "epochs": 0} | settings))
    model = DBN(config, dtype=torch.float64)
    model.fit(torch.rand(4, len(rbms[0].visible_bias)) if train is None else train)
    model.rbms = list(rbms)
    model.depth.fill_(len(rbms))
    model.centre.zero_()
    model.scale.fill_(1)
    return model


@GAUSSIAN
@pytest.mark.parametrize("persistent", [False, True])
def test_update_with_long_chains_follows_the_likelihood(gaussian: bool, persistent: bool) -> None:
    rbm, batch = random_rbm(5, 3, gaussian), data(random_rbm(5, 3, gaussian), 20_000)
    settings = {"batch_size": 20_000, "gibbs_steps": 60, "persistent": persistent, "momentum": 0}
    model = fitted(rbm, epochs=0, learning_rate=0.1, gaussian_learning_rate=0.1, **settings)
    exact = exact_gradient(rbm, batch)
    before = [part.clone() for part in rbm.tensors("").values()]
    chains_before = model.negative_chains[0].clone()
    model.train_layer(0, batch)
    for old, new, gradient in zip(before, rbm.tensors("").values(), exact, strict=True):
        # Standard deviations of v h are at most about 2, so 0.05 is more than three standard errors.
        torch.testing.assert_close((new - old) / 0.1, gradient, rtol=0, atol=0.05)
        assert gradient.abs().max() > 0.1
    assert torch.equal(chains_before, model.negative_chains[0]) != persistent


def test_one_step_of_contrastive_divergence_starts_at_the_data() -> None:
    rbm = random_rbm(5, 3)
    batch = states(5)[[19]].repeat(20_000, 1)
    expected = rbm.hidden_mean(batch[:1])  # the chain's h given v
    hidden = states(3)
    weight = (hidden * expected + (1 - hidden) * (1 - expected)).prod(1)
    gap = batch[0] - weight @ rbm.visible_mean(hidden)
    model = fitted(rbm, batch_size=20_000, persistent=False, learning_rate=0.1, momentum=0)
    before = rbm.visible_bias.clone()
    model.train_layer(0, batch)
    torch.testing.assert_close((rbm.visible_bias - before) / 0.1, gap, rtol=0, atol=0.02)


def test_weight_decay_shrinks_weights_only() -> None:
    plain, decayed = random_rbm(5, 3), random_rbm(5, 3)
    start = plain.weights.clone()
    for rbm, decay in ((plain, 0.0), (decayed, 0.3)):
        fitted(rbm, learning_rate=0.1, weight_decay=decay).train_layer(0, data(rbm))
    torch.testing.assert_close(plain.weights - decayed.weights, 0.1 * 0.3 * start)
    assert torch.equal(plain.visible_bias, decayed.visible_bias)
    assert torch.equal(plain.hidden_bias, decayed.hidden_bias)


@GAUSSIAN
def test_samples_have_the_mean_of_the_enumerated_network(gaussian: bool) -> None:
    bottom, middle = random_rbm(4, 3, gaussian, seed=1), random_rbm(3, 3, seed=2)
    middle.weights.mul_(3)  # so that a mean where a draw belongs would show
    top = random_rbm(3, 2, seed=3)
    if gaussian:  # keep clear of the clipping to [0, 1]
        bottom.weights.mul_(0.05)
        bottom.visible_bias.fill_(0.5)
    model = fitted(bottom, middle, top, chains=20_000, burn_in=30)
    second = hidden_log_weight(top, states(2)).softmax(0) @ log_weight(top, states(3), states(2)).softmax(0).T
    first = second @ log_weight(middle, states(3), states(3)).softmax(0).T
    expected = first @ bottom.visible_mean(states(3))
    samples = model.sample(20_000, generator=generator(0))
    torch.testing.assert_close(samples.mean(0), expected, rtol=0, atol=0.001 if gaussian else 0.015)


def test_pixels_are_means_given_binary_codes() -> None:
    rbm = random_rbm(5, 3)
    samples = fitted(rbm, chains=50, burn_in=5).sample(200, generator=generator(0))
    assert torch.cdist(samples, rbm.visible_mean(states(3))).min(1).values.max() < 1e-6


def test_upper_layers_train_on_binary_codes_of_the_right_mean() -> None:
    rbm = random_rbm(5, 3)
    visible = data(rbm, 1).repeat(20_000, 1)
    codes = fitted(rbm).encode(0, visible, generator(0))
    assert set(codes.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(codes.mean(0), rbm.hidden_mean(visible[:1])[0], rtol=0, atol=0.02)


def digits() -> np.ndarray:
    return (load_digits().data[:200] / 16).astype(np.float32)


def test_untrained_pixels_have_the_marginals_of_the_images() -> None:
    train = digits()
    model = DBN(DBN.Config(layers=(5,), epochs=0)).fit(train)
    biases = model.rbms[0].visible_bias
    np.testing.assert_allclose(biases.sigmoid().numpy(), train.mean(0), atol=0.006)
    assert torch.isfinite(biases).all()


def test_gaussian_pixels_are_centred_scaled_and_turned_back() -> None:
    train = digits()
    config = DBN.Config(layers=(5,), epochs=0, visible="gaussian", gaussian_noise=0.5)
    model = DBN(config).fit(train)
    standardised = model._standardised(0, torch.as_tensor(train))
    np.testing.assert_allclose(standardised.mean(0).numpy(), 0, atol=1e-5)
    assert float(standardised.square().mean().sqrt()) == pytest.approx(1 / 0.5, rel=1e-5)
    model.rbms[0].weights.zero_()
    images = torch.as_tensor(train)
    np.testing.assert_allclose(model.pixels(0, images, generator(0)).numpy()[7], train.mean(0), atol=1e-6)
    moved = model.step(0, images.repeat(50, 1), generator(0))
    np.testing.assert_allclose(moved.mean(0).numpy(), train.mean(0), atol=0.01)
    np.testing.assert_allclose(moved.std(0).numpy(), 0.5 * (train - train.mean(0)).std(), rtol=0.03)


def test_gaussian_rbm_learns_more_than_the_mean_image() -> None:
    train = torch.as_tensor(digits())
    settings = {"layers": (40,), "epochs": 30, "batch_size": 20, "persistent": False}
    config = DBN.Config(**settings, visible="gaussian", gaussian_learning_rate=0.02)
    model = DBN(config).fit(train)
    reconstruction = model.pixels(0, train, generator(0))
    assert (reconstruction - train).square().mean() < 0.6 * (train.mean(0) - train).square().mean()


def test_runaway_training_says_so() -> None:
    config = DBN.Config(layers=(5,), epochs=20, visible="gaussian", gaussian_learning_rate=1e6)
    with pytest.raises(DivergedError, match="dbn: the free_energy_gap became"):
        DBN(config).fit(digits())


@pytest.mark.parametrize(
    "settings", [{"visible": "poisson"}, {"gibbs_steps": 0}, {"gaussian_noise": 0}, {"weight_decay": -1}]
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        DBN.Config(**settings)


def test_each_kind_of_pixels_has_its_own_deviations():
    def named(visible):
        return {deviation.id for deviation in DBN(DBNConfig(visible=visible)).active_deviations()}

    assert named("bernoulli") ^ named("gaussian") == {"dbn-grey-levels-as-means", "dbn-gaussian-pixels"}
    assert "dbn-gaussian-pixels" in named("gaussian")
